"""The presets of Odoo."""

import unittest

from harness import ROWS_LEFT
from presets import PresetCase

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


if __name__ == "__main__":
    unittest.main()
