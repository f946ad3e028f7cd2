"""The presets of no product but a style: of a framework, or of two languages in a row."""

import unittest

from presets import PresetCase


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
