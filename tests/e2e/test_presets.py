"""Every preset of mappings/, against its product's schema as described, with rows that show the traps.

Each runs through `check` and is then mirrored whole: what the sandbox holds is compared with what the
rows mean.
"""

import unittest

from harness import OK, ROOT, ROWS_LEFT, MirrorCase


class EveryPreset(unittest.TestCase):
    def test_every_preset_has_a_case_here(self):
        tested = {case.preset for case in PresetCase.__subclasses__()}
        self.assertEqual(tested, {path.stem for path in (ROOT / "mappings").glob("*.yaml")})


class PresetCase(MirrorCase):
    preset = None

    def load(self, sql):
        """The product's schema and rows in place of the harness's table, and the preset as shipped."""
        self.db.psql("DROP TABLE job;" + sql)
        self.db.psql("GRANT SELECT ON ALL TABLES IN SCHEMA public TO qs_agent")
        text = (ROOT / "mappings" / f"{self.preset}.yaml").read_text(encoding="utf-8")
        self.assertTrue(text.startswith("# yaml-language-server: $schema=mapping.schema.json\n#\n"))
        self.assertIn("# Fill in", text)
        self.agent.write("mappings/jobs.yaml", text)

    def check(self):
        done = self.agent.run("check", "--all", "--json", "--offline", expect=(OK, ROWS_LEFT))
        return next(s for s in done.json["sections"] if s["name"].startswith("mapping "))

    def assert_checked(self, accepted, refused=None, removed=0):
        """`refused`: the keys of each rule."""
        found = self.check()
        self.assertEqual([f for f in found["findings"] if f["level"] == "error"], [])
        self.assertEqual({r["rule"]: r["examples"] for r in found["refusals"]}, refused or {})
        self.assertEqual((found["accepted"], found["removed"]), (accepted, removed))
        return found

    def assert_jobs(self, expected):
        """`expected`: for each key of the source, what its job must say (fields left out: anything)."""
        self.agent.run("backfill", expect=(OK, ROWS_LEFT))
        jobs = {job["id"]: job for job in self.sandbox.jobs()}
        bound = {row["source_key"]: jobs[row["job_id"]] for row in self.db.rows(
            "SELECT source_key, job_id FROM qudra_sync.job WHERE job_id IS NOT NULL")}
        self.assertEqual(sorted(bound), sorted(expected))
        for key, fields in expected.items():
            self.assertEqual({name: bound[key].get(name) for name in fields}, fields, key)
        before = self.as_sent()
        self.agent.run("once", expect=(OK, ROWS_LEFT))
        self.assertEqual(self.as_sent(), before, "a second pass over unchanged rows sent a change")

    def as_sent(self):
        """The jobs at Qudra, without what becomes of them there by itself."""
        return [{name: value for name, value in job.items()
                 if name not in ("embedding_status", "match_ready")}
                for job in self.sandbox.jobs()]


ODOO_COMMON = """
    CREATE TABLE res_partner (id serial PRIMARY KEY, name varchar, city varchar,
                              write_date timestamp);
    CREATE TABLE res_company (id serial PRIMARY KEY, name varchar, partner_id int4 REFERENCES
                              res_partner, write_date timestamp);
    INSERT INTO res_partner (name, city, write_date) VALUES
        ('Company', 'الرياض', '2026-01-01'), ('Jeddah office', 'Jeddah ', '2026-01-02'),
        ('Abroad', 'Dubai', '2026-01-02'), ('Empty', '', '2026-01-02');
    INSERT INTO res_company (name, partner_id, write_date) VALUES ('Company', 1, '2026-01-01');
"""


class Odoo14(PresetCase):
    preset = "odoo-14-15"
    SCHEMA = ODOO_COMMON + """
        CREATE TABLE hr_job (id serial PRIMARY KEY, name varchar NOT NULL, description text,
            requirements text, state varchar NOT NULL DEFAULT 'recruit', address_id int4, company_id
            int4 DEFAULT 1, department_id int4, no_of_recruitment int4 DEFAULT 1, sequence int4,
            create_date timestamp, write_date timestamp DEFAULT '2026-02-01 10:00:00.123456');
        CREATE TABLE ir_translation (id serial PRIMARY KEY, type varchar, name varchar, res_id int4,
            lang varchar, src text, value text, state varchar);
    """
    ROWS = """
        INSERT INTO hr_job (name, description, requirements, state, address_id) VALUES
            ('Sales lead', E'Sell & smile.\\nTravel <often>.', 'Three years.', 'recruit', 2),
            ('Cook', '<p>Cook <b>well</b>.</p>', NULL, 'recruit', NULL),
            ('Old job', 'Not recruiting any more.', NULL, 'open', 2),
            ('Pilot', 'Fly far.', NULL, 'recruit', 3),
            ('Nurse', 'Care for people.', NULL, 'recruit', 4);
        INSERT INTO ir_translation (type, name, res_id, lang, value) VALUES
            ('model', 'hr.job,name', 2, 'ar_001', 'طبّاخ'),
            ('model', 'hr.job,name', 2, 'fr_FR', 'Cuisinier'),
            ('model', 'hr.job,name', 1, 'ar_001', ''),
            ('model', 'hr.department,name', 1, 'ar_001', 'قسم');
    """

    def test_without_a_salary_every_full_time_job_is_refused_by_that_rule(self):
        self.load(self.SCHEMA + self.ROWS)
        self.assert_checked(0, {"salary_min.required": ["1", "2", "4"]}, removed=1)

    def test_jobs_are_mirrored_once_there_is_a_salary(self):
        self.load(self.SCHEMA + "ALTER TABLE hr_job ADD x_salary_min numeric DEFAULT 8000.5;" +
                  self.ROWS)
        self.assert_checked(4, removed=1)
        self.assert_jobs({
            "1": {"title": "Sales lead", "city": "Jeddah", "salary_min": 8001, "status": "active",
                  "description": "Sell & smile.  \nTravel \\<often>.\n\n## المتطلبات\n\n"
                                 "Three years."},
            "2": {"title": "طبّاخ", "description": "Cook **well**.", "city": "Riyadh"},
            "4": {"city": "Riyadh"},  # abroad: the company's own city stands in
            "5": {"city": "Riyadh"},
        })

    def test_with_the_website_module_only_published_jobs_count(self):
        self.load(self.SCHEMA + "ALTER TABLE hr_job ADD x_salary_min numeric DEFAULT 8000,"
                  "ADD is_published boolean;" + self.ROWS +
                  "UPDATE hr_job SET is_published = id < 3 WHERE id <> 5")
        self.assert_jobs({"1": {}, "2": {}})

    def test_a_city_that_moved_is_an_update_though_the_job_did_not_change(self):
        self.load(self.SCHEMA + "ALTER TABLE hr_job ADD x_salary_min numeric DEFAULT 8000;" +
                  self.ROWS)
        self.agent.run("backfill")
        self.db.psql("UPDATE res_partner SET city = 'Dammam', write_date = now() AT TIME ZONE 'UTC'"
                     " WHERE id = 2")
        self.assert_jobs({"1": {"city": "Dammam"}, "2": {}, "4": {}, "5": {}})


class Odoo16(PresetCase):
    preset = "odoo-16-18"
    SCHEMA = ODOO_COMMON + """
        CREATE TABLE hr_contract_type (id serial PRIMARY KEY, name jsonb NOT NULL, code varchar,
            sequence int4, write_date timestamp);
        CREATE TABLE hr_job (id serial PRIMARY KEY, name jsonb NOT NULL, description text,
            requirements text, active boolean DEFAULT true, address_id int4, company_id int4 DEFAULT 1,
            contract_type_id int4, no_of_recruitment int4 DEFAULT 1, no_of_employee int4,
            x_salary_min int4 DEFAULT 9000,
            create_date timestamp, write_date timestamp DEFAULT '2026-02-01 10:00:00.123456');
        INSERT INTO hr_contract_type (name, code) VALUES
            ('{"en_US": "Permanent"}', 'Permanent'), ('{"en_US": "Part-Time"}', 'Part-Time'),
            ('{"en_US": "دوام كامل ", "ar_001": "دوام كامل "}', 'دوام كامل '),
            ('{"en_US": "Intern"}', NULL), ('{"en_US": "By the day"}', 'By the day');
    """
    ROWS = """
        INSERT INTO hr_job (name, description, requirements, address_id, contract_type_id) VALUES
            ('{"en_US": "Accountant", "ar_001": "محاسب"}', '<p>Count.</p><script>x()</script>', '', 2,
             1),
            ('{"en_US": "Driver"}', E'Drive &amp; deliver.\\nAlways.', E'Licence\\n< 40 t', NULL, 2),
            ('{"fr_FR": "Directeur"}', '<p>Lead.</p>', NULL, NULL, 3),
            ('{"en_US": "Intern"}', '<p>Learn.</p>', NULL, NULL, 4),
            ('{"en_US": "Day worker"}', '<p>Work.</p>', NULL, NULL, 5),
            ('{"en_US": "Archived"}', '<p>Gone.</p>', NULL, NULL, NULL),
            ('{"en_US": "Filled"}', '<p>Full.</p>', NULL, NULL, NULL),
            ('{"en_US": "Empty text"}', '<p><br></p>', NULL, NULL, NULL);
        UPDATE hr_job SET active = false WHERE id = 6;
        UPDATE hr_job SET no_of_recruitment = 0 WHERE id = 7;
    """

    def test_languages_contract_types_and_html(self):
        self.load(self.SCHEMA + self.ROWS)
        self.assert_checked(5, {"employment_type.unknown_value": ["5"]}, removed=2)
        self.assert_jobs({
            "1": {"title": "محاسب", "description": "Count.", "city": "Jeddah",
                  "employment_type": "full_time", "salary_min": 9000},
            "2": {"title": "Driver", "city": "Riyadh", "employment_type": "part_time",
                  "description": "Drive & deliver.  \nAlways.\n\n## المتطلبات\n\n"
                                 "Licence  \n\\< 40 t"},
            "3": {"title": "Directeur", "employment_type": "full_time"},
            "4": {"employment_type": "internship"},
            "8": {"description": None},  # what an empty editor leaves behind is nothing
        })

    def test_an_archived_job_is_closed(self):
        self.load(self.SCHEMA + self.ROWS)
        self.agent.run("backfill", expect=ROWS_LEFT)
        self.db.psql("UPDATE hr_job SET active = false, write_date = now() AT TIME ZONE 'UTC'"
                     " WHERE id = 1")
        self.assert_jobs({"1": {"status": "closed"}, "2": {}, "3": {}, "4": {}, "8": {}})

    def test_version_16_has_no_code_of_contract_types(self):
        self.load(self.SCHEMA + "ALTER TABLE hr_contract_type DROP code;" + self.ROWS)
        self.assert_jobs({"1": {"employment_type": "full_time"},
                          "2": {"employment_type": "part_time"}, "3": {}, "4": {}, "8": {}})


class OdooWebsite(PresetCase):
    preset = "odoo-16-18-website"
    SCHEMA = Odoo16.SCHEMA.replace("description text", "description jsonb") + """
        ALTER TABLE hr_job ADD is_published boolean, ADD website_description jsonb,
            ADD job_details jsonb, ADD published_date date;
    """
    ROWS = """
        INSERT INTO hr_job (name, description, is_published, website_description) VALUES
            ('{"en_US": "Designer", "ar_001": "مصمم"}',
             '{"en_US": "<p>Draw.</p>", "ar_001": "<p>ارسم.</p>"}', true,
             '{"en_US": "<section class=\\"s\\">Boilerplate</section>"}'),
            ('{"en_US": "Tester"}', '{"en_US": "<p>Break things.</p>"}', true, NULL),
            ('{"en_US": "Hidden"}', '{"en_US": "<p>Secret.</p>"}', false, NULL),
            ('{"en_US": "Older"}', '{"en_US": "<p>Before the module.</p>"}', NULL, NULL),
            ('{"en_US": "No text"}', NULL, true, NULL);
    """

    def test_published_jobs_in_their_own_language(self):
        self.load(self.SCHEMA + self.ROWS)
        self.assert_checked(3)
        self.assert_jobs({"1": {"title": "مصمم", "description": "ارسم."}, "5": {},
                          "2": {"title": "Tester", "description": "Break things."}})

    def test_version_16_holds_the_description_as_text(self):
        self.load(self.SCHEMA.replace("description jsonb", "description text", 1) + self.ROWS.replace(
            """'{"en_US": "<p>Break things.</p>"}'""", "'<p>Break things.</p>'"))
        self.assert_jobs({"1": {}, "2": {"description": "Break things."}, "5": {}})


class Horilla(PresetCase):
    preset = "horilla"
    SCHEMA = """
        CREATE TABLE base_company (id bigserial PRIMARY KEY, company varchar(50), city varchar(50));
        CREATE TABLE base_jobposition (id bigserial PRIMARY KEY, job_position varchar(50));
        CREATE TABLE recruitment_recruitment (id bigserial PRIMARY KEY, title varchar(50),
            description text, is_event_based boolean DEFAULT false, closed boolean DEFAULT false,
            is_published boolean DEFAULT true, is_active boolean DEFAULT true, vacancy int4,
            start_date date DEFAULT current_date - 10, end_date date, company_id_id int8,
            job_position_id_id int8, salary_min int4 DEFAULT 6000, created_at timestamptz);
        CREATE TABLE recruitment_recruitment_open_positions (id bigserial PRIMARY KEY,
            recruitment_id int8, jobposition_id int8);
        INSERT INTO base_company (company, city) VALUES ('A', 'Al-Khobar'), ('B', 'Mumbai');
        INSERT INTO base_jobposition (job_position) VALUES ('Welder'), ('Painter');
    """
    ROWS = """
        INSERT INTO recruitment_recruitment (title, description, company_id_id, job_position_id_id)
        VALUES ('Electrician', '<p style="color:red">Wire&nbsp;houses.</p>', 1, NULL),
               (NULL, '<ul><li>Weld</li><li>Grind</li></ul>', 1, 1),
               ('', '<p>Paint.</p>', 1, NULL),
               ('Unpublished', '<p>Later.</p>', 1, NULL), ('Closed', '<p>x</p>', 1, NULL),
               ('Ended', '<p>x</p>', 1, NULL), ('Future', '<p>x</p>', 1, NULL),
               ('For all', '<p>Everywhere.</p>', NULL, NULL), ('Abroad', '<p>Far.</p>', 2, NULL);
        INSERT INTO recruitment_recruitment_open_positions (recruitment_id, jobposition_id)
        VALUES (3, 2), (3, 1);
        UPDATE recruitment_recruitment SET is_published = false WHERE id = 4;
        UPDATE recruitment_recruitment SET closed = true WHERE id = 5;
        UPDATE recruitment_recruitment SET end_date = current_date - 2 WHERE id = 6;
        UPDATE recruitment_recruitment SET start_date = current_date + 3 WHERE id = 7;
        UPDATE recruitment_recruitment SET vacancy = 0 WHERE id = 3;
    """

    def test_titles_states_and_the_clock(self):
        self.load(self.SCHEMA + self.ROWS)
        self.assert_checked(4, {"city.required": ["8"], "city.unknown": ["9"]}, removed=2)
        self.assert_jobs({
            "1": {"title": "Electrician", "description": "Wire houses.", "city": "Al Khobar",
                  "salary_min": 6000, "status": "active"},
            "2": {"title": "Welder", "description": "- Weld\n- Grind"},
            "3": {"title": "Painter", "status": "paused"},
            "4": {"status": "paused"},
        })

    def test_a_job_whose_last_day_is_over_is_closed_though_no_row_changed(self):
        self.load(self.SCHEMA + self.ROWS)
        self.agent.run("backfill", expect=ROWS_LEFT)
        self.db.psql("UPDATE recruitment_recruitment SET end_date = current_date - 2 WHERE id = 1")
        self.assert_jobs({"1": {"status": "closed"}, "2": {}, "3": {}, "4": {}})


class Reqcore(PresetCase):
    preset = "reqcore"
    SCHEMA = """
        CREATE TYPE job_type AS ENUM ('full_time', 'part_time', 'contract', 'internship');
        CREATE TYPE job_status AS ENUM ('draft', 'open', 'closed', 'archived');
        CREATE TABLE job (id text PRIMARY KEY, organization_id text DEFAULT 'o', title text NOT NULL,
            slug text, description text, location text, type job_type DEFAULT 'full_time', status
            job_status DEFAULT 'open', salary_min int4, salary_max int4, salary_currency text,
            salary_unit text, salary_negotiable boolean, remote_status text, valid_through timestamp,
            created_at timestamp DEFAULT now(), updated_at timestamp DEFAULT '2026-01-01');
    """
    ROWS = """
        INSERT INTO job (id, title, description, location, salary_min, salary_max, salary_currency,
                         salary_unit) VALUES
            ('a-1', 'Engineer', 'Build.', 'Riyadh, Saudi Arabia', 120000, 180000, 'SAR', 'YEAR'),
            ('a-2', 'Nurse', repeat('Care. ', 10000), 'Jeddah', 7000, NULL, NULL, 'MONTH'),
            ('a-3', 'Tutor', 'Teach.', 'Dammam', 90, 120, 'SAR', 'HOUR'),
            ('a-4', 'Trader', 'Trade.', 'Riyadh', 5000, 6000, 'USD', 'MONTH'),
            ('a-5', 'Draft', 'Not yet.', 'Riyadh', 5000, 6000, 'SAR', 'MONTH'),
            ('a-6', 'Closed', 'Over.', 'Riyadh', 5000, 6000, 'SAR', 'MONTH'),
            ('a-7', 'Ended', 'Over.', 'Riyadh', 5000, 6000, 'SAR', 'MONTH'),
            ('a-8', 'Intern', 'Learn.', 'Remote', NULL, NULL, NULL, NULL);
        UPDATE job SET status = 'draft' WHERE id = 'a-5';
        UPDATE job SET status = 'closed' WHERE id = 'a-6';
        UPDATE job SET valid_through = now() - interval '1 day' WHERE id = 'a-7';
        UPDATE job SET type = 'internship' WHERE id = 'a-8';
    """

    def test_units_currencies_and_long_texts(self):
        self.load(self.SCHEMA + self.ROWS)
        self.assert_checked(2, {"salary_min.required": ["a-3"], "currency.unknown_value": ["a-4"],
                                "city.unknown": ["a-8"]}, removed=2)
        self.assert_jobs({
            "a-1": {"city": "Riyadh", "salary_min": 10000, "salary_max": 15000, "currency": "SAR"},
            "a-2": {"salary_min": 7000, "salary_max": None},
        })
        longest = max(len(job["description"]) for job in self.sandbox.jobs())
        self.assertTrue(19000 < longest <= 20000, longest)


class OpenATS(PresetCase):
    preset = "openats"
    SCHEMA = """
        CREATE TYPE employment AS ENUM ('full_time', 'part_time', 'contract', 'internship',
                                        'freelance');
        CREATE TYPE frequency AS ENUM ('hourly', 'daily', 'weekly', 'monthly', 'yearly');
        CREATE TYPE status AS ENUM ('draft', 'inactive', 'published', 'closed', 'archived');
        CREATE TABLE jobs (id serial PRIMARY KEY, slug text, title varchar(255) NOT NULL,
            department_id int4, employment_type employment DEFAULT 'full_time', location varchar(255),
            description text, salary_type text DEFAULT 'range', currency varchar(3) DEFAULT 'SAR',
            pay_frequency frequency DEFAULT 'monthly', salary_fixed numeric(12,2),
            salary_min numeric(12,2), salary_max numeric(12,2), status status DEFAULT 'published',
            created_at timestamp DEFAULT now(), updated_at timestamp DEFAULT '2026-01-01');
        CREATE TABLE job_skills (id serial PRIMARY KEY, job_id int4, skill text);
    """
    ROWS = """
        INSERT INTO jobs (title, employment_type, location, description, pay_frequency, salary_fixed,
                          salary_min, salary_max, status) VALUES
            ('Analyst', 'full_time', 'Riyadh', 'Think.', 'yearly', NULL, 100000, 150000, 'published'),
            ('Barista', 'part_time', 'Jeddah', 'Brew.', 'hourly', 22.50, NULL, NULL, 'published'),
            ('Writer', 'freelance', 'Abha', 'Write.', 'weekly', NULL, 1500, 2000, 'inactive'),
            (repeat('Very long title ', 15), 'full_time', 'Taif', 'x y z', 'monthly', NULL, 5000, NULL,
             'published'),
            ('Draft', 'full_time', 'Taif', 'x y z', 'monthly', NULL, 5000, NULL, 'draft'),
            ('Archived', 'full_time', 'Taif', 'x y z', 'monthly', NULL, 5000, NULL, 'archived'),
            ('Volunteer', 'full_time', 'Taif', 'x y z', 'monthly', NULL, 0, 0, 'published'),
            ('Dollars', 'full_time', 'Taif', 'x y z', 'monthly', NULL, 900, NULL, 'published');
        UPDATE jobs SET currency = 'USD' WHERE title = 'Dollars';
        INSERT INTO job_skills (job_id, skill) VALUES (1, 'SQL'), (1, 'Statistics');
    """

    def test_pay_by_every_period_and_skills(self):
        self.load(self.SCHEMA + self.ROWS)
        self.assert_checked(4, {"salary_min.required": ["7"], "currency.unknown_value": ["8"]},
                            removed=1)
        self.assert_jobs({
            "1": {"salary_min": 8333, "salary_max": 12500, "status": "active",
                  "description": "Think.\n\n## Skills\n\n- SQL\n- Statistics"},
            "2": {"salary_min": 3960, "salary_max": 3960, "employment_type": "part_time"},
            "3": {"salary_min": 6500, "employment_type": "contract", "status": "paused",
                  "description": "Write."},
            "4": {"city": "Taif"},
        })
        self.assertTrue(all(len(job["title"]) <= 200 for job in self.sandbox.jobs()))


class Dolibarr(PresetCase):
    preset = "dolibarr"
    SCHEMA = """
        CREATE TABLE llx_societe (rowid serial PRIMARY KEY, nom varchar, town varchar);
        CREATE TABLE llx_establishment (rowid serial PRIMARY KEY, town varchar);
        CREATE TABLE llx_recruitment_recruitmentjobposition (rowid serial PRIMARY KEY, ref varchar(128),
            entity int4 DEFAULT 1, label varchar(255), qty int4, fk_soc int4, fk_establishment int4,
            remuneration_suggested varchar(255), description text, date_planned date, status smallint,
            date_creation timestamp, tms timestamp DEFAULT '2026-01-01');
        INSERT INTO llx_societe (nom, town) VALUES ('Client', 'Buraydah');
        INSERT INTO llx_establishment (town) VALUES ('الدمام');
    """
    ROWS = """
        INSERT INTO llx_recruitment_recruitmentjobposition
            (label, fk_soc, fk_establishment, remuneration_suggested, description, status) VALUES
            ('Chef d&#039;&eacute;quipe', 1, 1, '7 000 - 20 000', '<p>G&eacute;rer.</p>', 1),
            ('Mason', NULL, 1, '5000 SAR', 'Lay bricks.', 1),
            ('Prose', NULL, 1, 'according to experience', 'Lay bricks.', 1),
            ('Draft', NULL, 1, '5000', 'Lay bricks.', 0),
            ('Hired', NULL, 1, '5000', 'Lay bricks.', 3),
            ('Cancelled', NULL, 1, '5000', 'Lay bricks.', 9),
            ('Nowhere', NULL, NULL, '5000', 'Lay bricks.', 1);
    """

    def test_free_text_pay_entities_and_towns(self):
        self.load(self.SCHEMA + self.ROWS)
        self.assert_checked(2, {"salary_min.not_a_number": ["3"], "salary_max.not_a_number": ["3"],
                                "city.required": ["7"]}, removed=2)
        self.assert_jobs({
            "1": {"title": "Chef d'équipe", "description": "Gérer.", "city": "Buraydah",
                  "salary_min": 7000, "salary_max": 20000},
            "2": {"city": "Dammam", "salary_min": 5000, "salary_max": 5000},
        })


class Rails(PresetCase):
    preset = "rails"
    SCHEMA = """
        CREATE TABLE jobs (id uuid PRIMARY KEY, title varchar, description text, city varchar,
            employment_type int4, salary_min int4, salary_max int4, status int4 DEFAULT 0,
            published_at timestamp(6), expires_at timestamp(6), discarded_at timestamp(6),
            created_at timestamp(6), updated_at timestamp(6) NOT NULL DEFAULT '2026-01-01');
        CREATE FUNCTION key(n int) RETURNS uuid LANGUAGE sql AS
            $$SELECT ('00000000-0000-0000-0000-00000000000' || n)::uuid$$;
    """
    ROWS = """
        INSERT INTO jobs (id, title, description, city, employment_type, salary_min, salary_max,
                          published_at, status) VALUES
            (key(1), 'Rubyist', '<div>Write Ruby.</div>', 'Riyadh', 0, 12000, 15000, now() - interval
             '1 day', 0),
            (key(2), 'Helper', 'Help.', 'Mecca', 1, NULL, 0, now() - interval '1 day', 1),
            (key(3), 'Future', 'Later.', 'Riyadh', 0, 12000, 0, now() + interval '1 day', 0),
            (key(4), 'Gone', 'Discarded.', 'Riyadh', 0, 12000, 0, now() - interval '1 day', 0),
            (key(5), 'Odd', 'Type 7.', 'Riyadh', 7, 12000, 0, now() - interval '1 day', 0),
            (key(6), 'Expired', 'Over.', 'Riyadh', 0, 12000, 0, now() - interval '9 day', 0),
            (key(7), 'Unpublished', 'Never.', 'Riyadh', 0, 12000, 0, NULL, 0);
        UPDATE jobs SET discarded_at = now() WHERE id = key(4);
        UPDATE jobs SET expires_at = now() - interval '1 hour' WHERE id = key(6);
    """

    def test_enums_as_integers_and_the_clock(self):
        self.load(self.SCHEMA + self.ROWS)
        key = "00000000-0000-0000-0000-00000000000"
        self.assert_checked(2, {"employment_type.unknown_value": [key + "5"]}, removed=2)
        self.assert_jobs({
            key + "1": {"title": "Rubyist", "description": "Write Ruby.", "salary_max": 15000,
                        "employment_type": "full_time", "status": "active"},
            key + "2": {"city": "Makkah", "employment_type": "part_time", "salary_max": None,
                        "status": "paused"},
        })


class Laravel(PresetCase):
    preset = "laravel"
    SCHEMA = """
        CREATE TABLE jobs (id bigserial PRIMARY KEY, title varchar(255), department_id int8,
            location varchar(255), vacancies int4, salary_from varchar(255), salary_to varchar(255),
            type varchar(255), status varchar(255), start_date date, expire_date date,
            description text, deleted_at timestamp(0), created_at timestamp(0), updated_at timestamp(0)
            DEFAULT '2026-01-01');
    """
    ROWS = """
        INSERT INTO jobs (title, location, salary_from, salary_to, type, status, description,
                          expire_date) VALUES
            ('Clerk', 'Riyadh', '15,000', '15 500.00', 'Full Time', 'Open', '<p>File.</p>', NULL),
            ('معلم', 'مكة', '٨٠٠٠', NULL, 'دوام  كامل', 'مفتوح', '<p>علّم.</p>', current_date + 30),
            ('Temp', 'Taif', '0', '-', 'part_time', 'open', '<p>Help.</p>', NULL),
            ('Prose', 'Riyadh', 'competitive', NULL, 'Full-time', 'Open', '<p>x</p>', NULL),
            ('Gone', 'Riyadh', '5000', NULL, 'Full-time', 'Open', '<p>x</p>', NULL),
            ('Over', 'Riyadh', '5000', NULL, 'Full-time', 'Open', '<p>x</p>', current_date - 2),
            ('Odd', 'Riyadh', '5000', NULL, 'Full-time', 'Unknown', '<p>x</p>', NULL);
        UPDATE jobs SET deleted_at = now() WHERE title = 'Gone';
    """

    def test_amounts_and_words_as_text(self):
        self.load(self.SCHEMA + self.ROWS)
        self.assert_checked(3, {"salary_min.not_a_number": ["4"], "status.unknown_value": ["7"]},
                            removed=2)
        self.assert_jobs({
            "1": {"salary_min": 15000, "salary_max": 15500, "employment_type": "full_time"},
            "2": {"city": "Makkah", "salary_min": 8000, "employment_type": "full_time",
                  "status": "active"},
            "3": {"salary_min": None, "employment_type": "part_time"},
        })


class Prisma(PresetCase):
    preset = "prisma"
    SCHEMA = """
        CREATE TABLE "Job" (id text PRIMARY KEY, title text NOT NULL, description text NOT NULL,
            location text, type text, "salaryMin" int4 NOT NULL DEFAULT 0, "salaryMax" int4 NOT NULL
            DEFAULT 0, published boolean NOT NULL DEFAULT true, "createdAt" timestamp(3) DEFAULT now(),
            "updatedAt" timestamp(3) NOT NULL DEFAULT '2026-01-01');
        CREATE TABLE job (id text PRIMARY KEY, title text);
    """
    ROWS = """
        INSERT INTO "Job" (id, title, description, location, type, "salaryMin", "salaryMax", published)
        VALUES ('clx1', 'Frontend', '**Build** things', 'Khobar', 'Full-Time', 9000, 0, true),
               ('clx2', 'Intern', 'Learn', 'Riyadh', 'internship', 0, 0, true),
               ('clx3', 'Unpaid', 'Work', 'Riyadh', 'FULL_TIME', 0, 0, true),
               ('clx4', 'Hidden', 'Work', 'Riyadh', 'FULL_TIME', 9000, 0, false);
        INSERT INTO job VALUES ('other', 'A table that differs in case alone');
    """

    def test_names_with_capitals_and_zero_as_none(self):
        self.load(self.SCHEMA + self.ROWS)
        self.assert_checked(2, {"salary_min.required": ["clx3"]})
        self.assert_jobs({
            "clx1": {"title": "Frontend", "description": "**Build** things", "city": "Al Khobar",
                     "employment_type": "full_time", "salary_min": 9000, "salary_max": None},
            "clx2": {"employment_type": "internship", "salary_min": None},
        })


class Bilingual(PresetCase):
    preset = "bilingual"
    SCHEMA = """
        CREATE TABLE careers (id serial PRIMARY KEY, title text, title_ar text, location text,
            location_ar text, type text, type_ar text, description text, description_ar text,
            requirements text[], requirements_ar text[], responsibilities text[],
            responsibilities_ar text[], salary_min int4 DEFAULT 7000, status text DEFAULT 'open',
            created_at timestamp DEFAULT now());
    """
    ROWS = """
        INSERT INTO careers (title, title_ar, location, location_ar, type, type_ar, description,
                description_ar, requirements, requirements_ar, responsibilities, status) VALUES
            ('Planner', 'مخطط', 'Neom', 'نيوم', 'Full Time', NULL, 'Plan.', 'خطّط.',
             '{Excel,"Five years"}', '{إكسل,"خمس سنوات"}', '{Plan}', 'open'),
            ('Guard', '', NULL, 'الخبر', NULL, 'دوام كامل', 'Watch.', '', '{}', NULL, NULL, 'open'),
            ('Closed', NULL, 'Riyadh', NULL, 'contract', NULL, 'Over.', NULL, NULL, NULL, NULL,
             'closed');
    """

    def test_the_language_that_is_there_and_lists(self):
        self.load(self.SCHEMA + self.ROWS)
        self.assert_checked(3)
        self.assert_jobs({
            "1": {"title": "مخطط", "city": "NEOM", "employment_type": "full_time",
                  "description": "خطّط.\n\n## المهام\n\nPlan\n\n## المتطلبات\n\n"
                                 "- إكسل\n- خمس سنوات"},
            "2": {"title": "Guard", "city": "Al Khobar", "description": "Watch.",
                  "employment_type": "full_time"},
            "3": {"status": "closed"},
        })


if __name__ == "__main__":
    unittest.main()
