"""`introspect TABLE`: a draft that a partner's engineer can finish in ten minutes."""

import unittest

import test_presets_odoo as odoo
import test_presets_products as products
import test_presets_styles as styles
from harness import CONFIG, OK, ROOT, ROWS_LEFT, MirrorCase


class IntrospectCase(MirrorCase):
    def draft(self, table):
        self.db.psql("GRANT SELECT ON ALL TABLES IN SCHEMA public TO qs_agent")
        return self.agent.run("introspect", table).stdout

    def line(self, draft, key):
        found = [line for line in draft.splitlines() if line.strip().startswith(key + ":")]
        self.assertEqual(len(found), 1, draft)
        return found[0].strip()

    def check(self, draft, expect=OK):
        self.agent.write("mappings/jobs.yaml", draft)
        done = self.agent.run("check", "--all", "--json", "--offline", expect=expect)
        return next(s for s in done.json["sections"] if s["name"].startswith("mapping "))


class BeforeThereIsAMapping(IntrospectCase):
    def setUp(self):
        super().setUp()
        (self.agent.folder / "mappings/jobs.yaml").unlink()

    def test_an_empty_folder_of_mappings_is_no_mistake(self):
        self.assertIn("name: job\n", self.draft("job"))

    def test_the_file_that_the_shell_has_made_for_the_draft_is_not_read(self):
        (self.agent.folder / "mappings/jobs.yaml").touch()
        self.assertIn("name: job\n", self.draft("job"))

    def test_nor_is_one_that_is_wrong(self):
        self.agent.write("mappings/jobs.yaml", "name: [")
        self.assertIn("name: job\n", self.draft("job"))


class Drafts(IntrospectCase):
    def test_a_table_with_english_names_is_drafted_whole(self):
        self.db.psql("""
            CREATE TABLE cities (id serial PRIMARY KEY, name_en text, name_ar text);
            INSERT INTO cities (name_en) VALUES ('Riyadh'), ('Jeddah');
            CREATE TABLE postings (posting_id serial PRIMARY KEY, "jobTitle" text, summary text,
                body_html text, city_id int REFERENCES cities, contract text, salary_from numeric,
                salary_to numeric, state text, views int, created_at timestamptz,
                last_modified timestamp, deleted_at timestamptz);
            INSERT INTO postings ("jobTitle", body_html, city_id, contract, salary_from, salary_to,
                state, last_modified)
            SELECT 'Engineer ' || i, '<p>' || repeat('Build things. ', 20) || '</p>', 1 + i % 2,
                   (ARRAY['FT', 'Part-time', 'دوام كامل'])[1 + i % 3], 8000 + i, 9000 + i,
                   (ARRAY['Open', 'Closed'])[1 + i % 2], now()
              FROM generate_series(1, 50) AS i""")
        draft = self.draft("postings")
        self.assertTrue(draft.startswith("# yaml-language-server: $schema="))
        self.assertIn("key: posting_id", self.line(draft, "key"))
        self.assertIn("last_modified  # sure", self.line(draft, "updated_at"))
        self.assertIn('\'"deleted_at" IS NOT NULL\'', self.line(draft, "removed"))
        self.assertIn("column: jobTitle", self.line(draft, "title"))
        self.assertIn("column: body_html, transform: [html_to_markdown, truncate]",
                      self.line(draft, "description"))
        self.assertIn("SELECT r.name_en FROM public.cities", self.line(draft, "city"))
        self.assertIn("salary_from", self.line(draft, "salary_min"))
        self.assertIn("salary_to", self.line(draft, "salary_max"))
        self.assertIn("map: {Open: active}", self.line(draft, "status"))
        self.assertNotIn("GAP:", draft)
        found = self.check(draft)
        self.assertEqual(found["accepted"], 50, found)

    def test_a_table_with_arabic_names_and_values(self):
        self.db.psql("""
            CREATE TABLE "الوظائف" ("المعرف" int PRIMARY KEY, "المسمى الوظيفي" text, "الوصف" text,
                "المدينة" text, "نوع الدوام" text, "الراتب" text, "الحالة" text);
            INSERT INTO "الوظائف" SELECT i, 'محاسب أول', repeat('مهام محاسبية متنوعة. ', 10), 'جدة',
                'دوام كامل', '٨٬٠٠٠', 'مفتوح' FROM generate_series(1, 5) AS i""")
        draft = self.draft("الوظائف")
        self.assertIn("المسمى الوظيفي", self.line(draft, "title"))
        self.assertIn("المدينة", self.line(draft, "city"))
        self.assertIn("full_time", self.line(draft, "employment_type"))
        self.assertIn("active", self.line(draft, "status"))
        self.assertIn("detect: scan", draft)
        found = self.check(draft)
        self.assertEqual(found["accepted"], 5, found)

    def test_a_column_is_known_by_its_values_where_its_name_says_nothing(self):
        self.db.psql("""
            CREATE TABLE t (id int PRIMARY KEY, title text, c7 text, c8 text, salary int);
            INSERT INTO t SELECT i, 'Engineer', (ARRAY['Riyadh', 'الدمام'])[1 + i % 2], 'full time',
                9000 FROM generate_series(1, 9) AS i""")
        draft = self.draft("t")
        self.assertIn("column: c7", self.line(draft, "city"))
        self.assertIn("column: c8", self.line(draft, "employment_type"))

    def test_what_is_not_found_is_a_gap_that_check_names(self):
        self.db.psql("CREATE TABLE t (a int, b bytea, title text); INSERT INTO t VALUES (1, '', 'abc')")
        draft = self.draft("t")
        for key in ("key", "city", "employment_type", "salary_min"):
            self.assertIn("GAP", self.line(draft, key))
        problems = self.check(draft.replace("key: GAP", "key: a"), expect=CONFIG)["problems"]
        lines = draft.splitlines()
        self.assertEqual({lines[p["line"] - 1].strip().split(":")[0] for p in problems},
                         {"city", "employment_type", "salary_min"})

    def test_a_value_that_nobody_knows_is_a_gap_too(self):
        self.db.psql("CREATE TABLE t (id int PRIMARY KEY, title text, city text, contract text);"
                     "INSERT INTO t VALUES (1, 'abc', 'Riyadh', 'Full time'), (2, 'abc', 'Riyadh', 'X9')")
        draft = self.draft("t")
        self.assertIn("X9: GAP", self.line(draft, "employment_type"))
        self.agent.write("mappings/jobs.yaml", draft)
        self.assertIn("GAP", self.agent.run("check", "--offline", expect=CONFIG).stderr)

    def test_a_mistyped_name_gets_the_nearest(self):
        self.db.psql("CREATE TABLE vacancies (id int)")
        self.db.psql("GRANT SELECT ON vacancies TO qs_agent")
        done = self.agent.run("introspect", "vacancy", expect=CONFIG)
        self.assertIn('there is no table or view "vacancy"', done.stderr)
        done = self.agent.run("introspect", "vacanices", expect=CONFIG)
        self.assertIn('did you mean "vacancies"?', done.stderr)


class KnownTables(IntrospectCase):
    def test_tables_of_known_products_get_their_preset(self):
        for case, table in ((odoo.Odoo14, "hr_job"), (odoo.Odoo16, "hr_job"),
                            (odoo.OdooWebsite, "hr_job"),
                            (products.Horilla, "recruitment_recruitment"),
                            (products.Reqcore, "job"), (products.OpenATS, "jobs"),
                            (products.Dolibarr, "llx_recruitment_recruitmentjobposition")):
            with self.subTest(case.preset):
                self.db.psql("DROP SCHEMA public CASCADE; CREATE SCHEMA public;"
                             "GRANT USAGE ON SCHEMA public TO PUBLIC;" + case.SCHEMA)
                preset = (ROOT / "mappings" / f"{case.preset}.yaml").read_text(encoding="utf-8")
                self.assertEqual(self.draft(table), preset)

    def test_a_style_that_has_a_preset_is_drafted_well(self):
        """Rails and Laravel tables have no names of their own to be known by."""
        self.db.psql("DROP TABLE job;" + styles.Laravel.SCHEMA + styles.Laravel.ROWS)
        draft = self.draft("jobs")
        for key, column in (("title", "title"), ("city", "location"), ("employment_type", "type"),
                            ("salary_min", "salary_from"), ("salary_max", "salary_to"),
                            ("status", "status"), ("description", "description")):
            self.assertIn(f"column: {column}", self.line(draft, key))
        self.assertIn("deleted_at", self.line(draft, "removed"))
        found = self.check(draft.replace("Unknown: GAP", "Unknown: paused"), expect=(OK, ROWS_LEFT))
        self.assertGreaterEqual(found["accepted"], 4, found)


if __name__ == "__main__":
    unittest.main()
