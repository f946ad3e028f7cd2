"""Postings of a portal, loaded as they stand: text everywhere, cut cities, repeated ids."""

import csv
import os
import sys
import unittest
from collections import Counter
from pathlib import Path

from harness import OK, ROOT, ROWS_LEFT, MirrorCase

SAMPLE = ROOT / "tests" / "data" / "jadarat_like.csv"
REAL = Path(os.environ.get("QS_JADARAT", ROOT.parent / "shared" / "data" / "jadarat.csv"))

# Names as the portal writes them, before it cuts them.
PLACES = {
    "AR RIYADH": "Riyadh", "JEDDAH": "Jeddah", "AD DAMMAM": "Dammam",
    "MAKKAH AL MUKARRAMAH": "Makkah", "AL KHUBAR": "Al Khobar",
    "AL MADINAH AL MUNAWWARAH": "Madinah", "AL BAHA": "Al Bahah", "HAIL": "Hail",
    "AL KHARJ": "Al Kharj", "KHAMIS MUSHAYT": "Khamis Mushait", "HAFAR AL BATIN": "Hafar Al Batin",
    "AL QUNFIDHAH": "Al Qunfudhah", "BURAYDAH": "Buraydah", "AL JUBAIL": "Jubail",
    "YANBU AS SINAIYAH": "Yanbu", "YANBU AL BAHR": "Yanbu", "YANBU": "Yanbu", "AT TAIF": "Taif",
    "AL HUFUF": "Hofuf", "DHAHRAN": "Dhahran", "ABHA": "Abha", "AL MUBARRAZ": "Al Mubarraz",
    "UNAYZAH": "Unayzah", "AL QATIF": "Qatif", "NAJRAN": "Najran", "TABUK": "Tabuk",
    "SAKAKA": "Sakaka", "JIZAN": "Jazan", "SABYA": "Sabya", "BISHAH": "Bisha", "HAQL": "Haql",
    "AL QURAYYAT": "Qurayyat", "WADI AD DAWASIR": "Wadi ad-Dawasir", "SAYHAT": "Saihat",
    "AD DIR'IYAH": "Diriyah", "TUBARJAL": "Tabarjal", "AL LITH": "Al Lith", "AL ULA": "Al Ula",
}
CUT = 9
REGIONS = {
    "الرياض": "Riyadh", "مكة المكرمة": "Makkah", "المدينة المنورة": "Madinah",
    "المنطقة الشرقية": "Dammam", "القصيم": "Buraydah", "عسير": "Abha", "تبوك": "Tabuk",
    "حائل": "Hail", "الحدود الشمالية": "Arar", "جازان": "Jazan", "نجران": "Najran",
    "الباحة": "Al Bahah", "الجوف": "Sakaka",
}


def day(row):
    """A Hijri day that sorts; what is none comes first."""
    parts = row["job_date"].split("/")
    return tuple(reversed(parts)) if len(parts) == 3 else ("",)


def newest(rows):
    """Of each id the row with the latest day; of equal days the last one."""
    kept = {}
    for row in rows:
        before = kept.get(row["job_post_id"])
        if before is None or day(row) >= day(before):
            kept[row["job_post_id"]] = row
    return kept


class JadaratCase(MirrorCase):
    plan = "scale"

    def load(self, path):
        with open(path, encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        columns = ", ".join(f"{name} text" for name in rows[0])
        self.db.psql(f"CREATE TABLE jadarat ({columns}); GRANT SELECT ON jadarat TO qs_agent")
        self.server.psql(f"\\copy jadarat FROM '{path}' WITH (FORMAT csv, HEADER true)",
                         self.db.name)
        self.agent.write("mappings/jobs.yaml",
                         (ROOT / "tests" / "data" / "jadarat.yaml").read_text(encoding="utf-8"))
        return rows

    def check_section(self):
        done = self.agent.run("check", "--all", "--json", "--offline", expect=(OK, ROWS_LEFT))
        return next(s for s in done.json["sections"] if s["name"] == "mapping jadarat")

    def mirror(self):
        """The jobs at Qudra, by the key of their row."""
        self.agent.run("backfill", expect=(OK, ROWS_LEFT))
        jobs = {job["id"]: job for job in self.sandbox.jobs()}
        return {row["source_key"]: jobs[row["job_id"]] for row in self.db.rows(
            "SELECT source_key, job_id FROM qudra_sync.job WHERE job_id IS NOT NULL")}


class JadaratSample(JadaratCase):
    def test_each_trap_of_the_made_up_sample_is_passed(self):
        self.load(SAMPLE)
        found = self.check_section()
        self.assertEqual((found["rows"], found["accepted"]), (10, 8))
        self.assertEqual({r["rule"]: (r["rows"], r["examples"]) for r in found["refusals"]},
                         {"city.unknown": (1, ["90000000000009"]),
                          "salary_min.required": (1, ["90000000000010"])})
        jobs = self.mirror()
        self.assertEqual({key[-2:]: job["city"] for key, job in jobs.items()}, {
            "01": "Riyadh", "02": "Khamis Mushait", "03": "Buraydah", "04": "Jeddah",
            "05": "Wadi ad-Dawasir", "06": "Madinah", "07": "Hafar Al Batin", "08": "Jazan"})
        self.assertEqual({key[-2:]: job["salary_min"] for key, job in jobs.items()}, {
            "01": 9500, "02": 7000, "03": 4000, "04": 8000, "05": 4500, "06": 4200, "07": 4000,
            "08": 5000})
        first, hotel = jobs["90000000000001"], jobs["90000000000006"]
        self.assertEqual(first["description"],
                         "الإشراف على أعمال الموقع الجديد.\n\n## المهام\n\nمتابعة التنفيذ اليومي.")
        self.assertEqual(hotel["title"], "موظف استقبال")  # letters, no presentation forms
        self.assertEqual(jobs["90000000000004"]["employment_type"], "full_time")
        self.assertIn("- مطابقة الكشوف.\n- أرشفة المستندات.",
                      jobs["90000000000005"]["description"])


class JadaratReal(JadaratCase):
    def test_ninety_nine_percent_of_the_real_postings_are_mirrored(self):
        if not REAL.exists():
            print(f"\n*** {REAL} is not here: the real postings were NOT tested ***",
                  file=sys.stderr)
            return
        rows = newest(self.load(REAL))
        self.assertEqual(len(rows), 1381)
        found = self.check_section()
        self.assertEqual(found["rows"], len(rows))
        self.assertGreaterEqual(found["accepted"], 0.99 * len(rows), found["refusals"])
        jobs = self.mirror()
        self.assertEqual(len(jobs), found["accepted"])
        # Postings of different ids may say the same: each still has a job of its own.
        self.assertEqual(len({job["id"] for job in jobs.values()}), len(jobs))
        self.assert_cities(rows, jobs)
        for key, job in jobs.items():
            self.assertEqual(job["salary_min"],
                             round(float(rows[key]["benefits"].split("'")[3])), key)

    def assert_cities(self, rows, jobs):
        cut = {name[:CUT].strip(): city for name, city in PLACES.items()}
        wrong, by_name = Counter(), 0
        for key, job in jobs.items():
            name = rows[key]["city"].removesuffix("...").strip()
            expected = cut.get(name)
            by_name += expected is not None
            if expected is not None and job["city"] != expected:
                wrong[name, job["city"]] += 1
            if name == "ABA ASLAB":
                self.assertEqual(job["city"], REGIONS[rows[key]["region"]])
        self.assertEqual(wrong, {})
        self.assertGreater(by_name, 0.85 * len(jobs))


if __name__ == "__main__":
    unittest.main()
