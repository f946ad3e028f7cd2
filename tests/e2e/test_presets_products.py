"""The presets of other products: Horilla, Reqcore, OpenATS, Dolibarr."""

import unittest

from harness import ROWS_LEFT
from presets import PresetCase


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


if __name__ == "__main__":
    unittest.main()
