#!/usr/bin/env python3
"""The demo: a made-up ATS is mirrored by the real program, from `migrate` to `explain`.

PostgreSQL and Qudra are private: a server in a temporary folder, and qudra-sandbox. Nothing is
left running, unless KEEP=1 is set. At the end plain Python, which shares no code with the agent,
works out what Qudra should hold and compares.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
os.environ.setdefault("QS_BUILD", str(ROOT / "build" / "release"))
sys.path.insert(0, str(ROOT / "tests" / "e2e"))
import harness  # noqa: E402 (found by the line above)

KEEP = os.environ.get("KEEP") == "1"
KEY = "qk_test_demo"
# Growth's quota is raised, and its window shortened to two seconds, so that the demo is over soon
# and one still sees the agent wait for the limit.
SANDBOX = ("--window", "2", "--limit", "12", "--quota", "5000", "--embedding-ms", "500")


class Demo:
    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="qs-demo-"))
        self.folder.chmod(0o711)
        (self.folder / "postgres").mkdir()
        for name in ("agent.yaml", "postings.yaml"):
            shutil.copy(HERE / name, self.folder)
        (self.folder / "key").touch(mode=0o600)
        (self.folder / "key").write_text(KEY + "\n")
        self.server = self.sandbox = None

    def start(self):
        self.server = harness.Postgres(folder=self.folder / "postgres").start(stays=KEEP)
        self.database = self.server.database("ats")
        self.sandbox = harness.Sandbox(*SANDBOX, key=KEY, stays=KEEP)
        self.environment = {"DATABASE_URL": self.database.url("qudra_sync"),
                            "QUDRA_URL": self.sandbox.base_url}

    def stop(self):
        if self.sandbox:
            self.sandbox.stop()
        if self.server:
            self.server.remove()
        shutil.rmtree(self.folder, ignore_errors=True)

    def keep(self):
        print(f"""
Everything still runs. To go on:
  cd {self.folder}
  export PATH={harness.BUILD}:$PATH
  export DATABASE_URL='{self.environment['DATABASE_URL']}' QUDRA_URL={self.sandbox.base_url}
  qudra-sync run                        # and, in another shell:
  psql '{self.database.url('postgres')}'
  curl -s {self.sandbox.address}/_sandbox/stats
To end it:
  kill {self.sandbox.process.pid}; kill -INT {self.server.process.pid}; rm -rf {self.folder}""")

    def run(self, *words, expect=(0,)):
        title(f"$ qudra-sync {' '.join(words)}")
        status = subprocess.run([str(harness.BUILD / "qudra-sync"), *words], cwd=self.folder,
                                env=harness.plain_environment(**self.environment)).returncode
        if status not in expect:
            raise SystemExit(f"qudra-sync {words[0]} ended with {status}")
        if status != 0:
            print(f"(exit status {status}: finished, and some rows need attention)")

    def load(self, name):
        title(f"$ psql -f {name}")
        text = (HERE / name).read_text()
        self.database.psql(text)
        return text


def title(text):
    bold = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    print(f"\n\033[1m{text}\033[0m" if bold else f"\n{text}", flush=True)


# ---- the independent comparison ------------------------------------------------------------------

CITIES = {"Riyadh": "Riyadh", "الرياض": "Riyadh", "جدة": "Jeddah", "الدمام": "Dammam",
          "Makkah": "Makkah", "المدينة المنورة": "Madinah", "Al Khobar": "Al Khobar",
          "Tabuk": "Tabuk", "أبها": "Abha", "Jubail": "Jubail"}
CONTRACTS = {"دوام كامل": "full_time", "Full-time": "full_time", "FT": "full_time",
             "دوام جزئي": "part_time", "عقد": "contract", "تدريب تعاوني": "internship"}
TABLES = """
    SELECT p.id, p.title, p.title_ar, p.body_html, p.contract, p.state, b.city, c.name AS company,
           d.name AS department, s.period, s.low, s.high
      FROM ats.posting p JOIN ats.branch b ON b.id = p.branch_id
      JOIN ats.company c ON c.id = b.company_id
      LEFT JOIN ats.department d ON d.id = p.department_id
      LEFT JOIN ats.pay_scale s ON s.id = p.pay_scale_id
     WHERE c.hiring AND p.state <> 'draft'"""


def markdown(html):
    """Of the few tags that the demo's texts use."""
    for tag, text in (("</?strong>", "**"), ("<ul>|<p>", ""), ("</p>|</ul>", "\n\n"),
                      ("<li>", "- "), ("</li>", "\n"), ("&amp;", "&")):
        html = re.sub(tag, text, html)
    return re.sub(r"\n{3,}", "\n\n", html).strip()


def monthly(row, amount):
    if amount is None:
        return None
    return int(amount / (12 if row["period"] == "year" else 1) + 0.5)


def payload(row):
    """What Qudra should hold of a row; None where it breaks a rule."""
    text = row["body_html"]
    if row["department"]:
        text += f"<p>{row['company']} – {row['department']}</p>"
    job = {"title": row["title_ar"] or row["title"], "description": markdown(text),
           "city": CITIES.get(row["city"]), "employment_type": CONTRACTS.get(row["contract"]),
           "salary_min": monthly(row, row["low"]), "salary_max": monthly(row, row["high"]),
           "status": "active" if row["state"] == "published" else "closed"}
    needs_salary = job["employment_type"] in ("full_time", "contract")
    if len(job["title"]) < 3 or not job["city"] or not job["employment_type"] or \
            (needs_salary and job["salary_min"] is None):
        return None
    return job


def compare(demo):
    """The last line of the demo; true when the mirror is exact."""
    rows = demo.database.rows(TABLES)
    made = {row["id"]: payload(row) for row in rows}
    expected = {key: job for key, job in made.items() if job is not None}
    wrong = harness.mirror_differences(demo.database, demo.sandbox, expected)
    stats = demo.sandbox.stats()
    for number, what in ((stats["duplicates"], "duplicates"), (stats["breaches"], "answers 429")):
        if number:
            wrong.append(f"{number} {what}")
    print()
    if wrong:
        print("\n".join(wrong[:20]))
        print(f"Compared by plain Python: {len(wrong)} differences")
        return False
    print(f"Compared by plain Python: of {len(rows):,} postings {len(expected):,} belong at Qudra, "
          f"and it holds exactly these; {len(rows) - len(expected)} break a rule; "
          f"0 duplicates, 0 requests over the limit")
    return True


def play(demo):
    print("A private PostgreSQL and a private Qudra are being started.", flush=True)
    demo.start()
    demo.load("schema.sql")
    demo.load("postings.sql")
    demo.run("migrate")
    demo.run("check", expect=(0, 65))
    demo.run("plan", expect=(0, 65))
    demo.run("backfill", expect=(0, 65))
    print(demo.load("changes.sql").strip())
    demo.run("once", expect=(0, 65))
    demo.run("status", expect=(0, 65))
    demo.run("rows", "--state", "refused", "--limit", "8")
    demo.run("explain", "postings", "97", expect=(0, 65))
    return compare(demo)


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    demo = Demo()
    kept = False
    try:
        exact = play(demo)
        if KEEP:
            demo.keep()
            kept = True
        return 0 if exact else 1
    except KeyboardInterrupt:
        return 130
    finally:
        if not kept:
            demo.stop()


if __name__ == "__main__":
    sys.exit(main())
