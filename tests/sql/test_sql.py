"""The statements and the migrations, held against each other by a real server."""

import json
import re
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "e2e"))
from harness import Database, ServerCase  # noqa: E402

STATEMENTS = sorted((ROOT / "agent" / "sql").glob("*.sql"))
MIGRATIONS = sorted((ROOT / "migrations").glob("*.sql"))
CREATE = ROOT / "agent" / "sql" / "migrate_create.sql"


def body(text):
    """Without the comment at the head."""
    return re.sub(r"\A(--[^\n]*\n)+", "", text).strip()


class TheMigrations(ServerCase):
    def migrate(self, role="postgres"):
        for migration in MIGRATIONS:
            self.db.psql("BEGIN;\n" + migration.read_text() + "\nCOMMIT;", role)

    def test_they_are_numbered_without_a_gap(self):
        numbers = [int(file.name[:4]) for file in MIGRATIONS]
        self.assertEqual(numbers, list(range(1, len(numbers) + 1)))

    def test_psql_can_run_them_too(self):
        self.migrate()
        tables = self.db.rows("SELECT relname FROM pg_class WHERE relkind = 'r' "
                              "AND relnamespace = 'qudra_sync'::regnamespace")
        self.assertLessEqual({"account", "job", "create_attempt", "run", "quota", "watermark"},
                             {row["relname"] for row in tables})

    def test_the_least_rights_are_enough_for_them(self):
        self.migrate(Database.AGENT)

    def test_they_take_nothing_from_the_search_path(self):
        for migration in MIGRATIONS:
            self.db.psql("SET search_path = '';\n" + migration.read_text())

    def test_dropping_the_schema_leaves_nothing_behind(self):
        count = "SELECT count(*) FROM pg_depend"
        before = self.db.value(count)
        self.migrate()
        self.db.psql("DROP SCHEMA qudra_sync CASCADE")
        self.assertEqual(self.db.value(count), before)


class TheStatements(ServerCase):
    def setUp(self):
        super().setUp()
        for migration in MIGRATIONS:
            self.db.psql(migration.read_text())
        self.db.psql(CREATE.read_text())

    def test_each_says_what_it_is_for(self):
        for file in STATEMENTS:
            with self.subTest(file.name):
                self.assertRegex(file.read_text(), r"\A-- ")

    def test_each_parameter_is_explained_with_its_type(self):
        for file in STATEMENTS:
            with self.subTest(file.name):
                text = file.read_text()
                head, statement = text[:len(text) - len(body(text))], body(text)
                used = set(re.findall(r"\$\d+", statement))
                explained = set(re.findall(r"(\$\d+)::", head))
                self.assertEqual(used, explained)

    def test_each_fits_the_schema_with_an_empty_search_path(self):
        for file in STATEMENTS:
            statement = body(file.read_text())
            with self.subTest(file.name):
                if statement.startswith("CREATE"):
                    self.db.psql(f"SET search_path = ''; {statement}")
                else:
                    self.db.psql(f"SET search_path = ''; PREPARE p AS {statement}")


class WhatAStatementReads(ServerCase):
    def setUp(self):
        super().setUp()
        for migration in MIGRATIONS:
            self.db.psql(migration.read_text())

    def looked_at(self, statement, values):
        """Rows of `job` that an execution reads."""
        text = self.db.psql(f"BEGIN; PREPARE p AS {body((ROOT / 'agent/sql' / statement).read_text())};"
                            f"EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE p ({values}); ROLLBACK")
        return rows_of_job(json.loads(text[text.index("["):text.rindex("]") + 1])[0]["Plan"])


class AnAccountAmongMany(WhatAStatementReads):
    """What is asked for each of thousands of accounts costs what it has, and not what all have."""
    ROWS, ACCOUNTS = 40_000, 200
    FEW = 3 * ROWS // ACCOUNTS

    def setUp(self):
        super().setUp()
        self.db.psql(f"""
            INSERT INTO qudra_sync.account (name, fence) VALUES ('new', 7), ('employer-7', 7);
            INSERT INTO qudra_sync.job (account, mapping, source_key, state, job_id, gone_at,
                                        synced_hash)
            SELECT 'employer-' || i % {self.ACCOUNTS}, 'jobs', i, 'synced', 'job_' || i,
                   CASE WHEN i > {self.ROWS // 3} THEN now() - interval '1 day' END, '\\x01'
              FROM generate_series(1, {self.ROWS}) i;
            INSERT INTO qudra_sync.job (account, mapping, source_key, state, operation)
            SELECT 'new', 'jobs', 'n' || i, 'pending', 'create' FROM generate_series(1, 5) i""")

    def test_costs_no_more_than_its_own_rows(self):
        for analysed in (False, True):
            if analysed:
                self.db.psql("ANALYZE")
            for statement, values in (
                    ("state_mirrors.sql", "'new'"), ("state_witnesses.sql", "'new', 1"),
                    ("state_witnesses.sql", "'employer-7', 1"),
                    ("state_rebind.sql", "'employer-7', 7, false"),
                    ("state_going.sql", "'employer-7', 'jobs', 0"),
                    ("state_recover.sql", "ARRAY['new'], ARRAY[7], ARRAY[true]")):
                with self.subTest(statement, values=values, analysed=analysed):
                    self.assertLessEqual(self.looked_at(statement, values), self.FEW)


class AJobAmongMany(WhatAStatementReads):
    """In a first mirror no row has a job when the statistics are made: what then finds a row by its
    job must not read all that have one by now."""
    BOUND = 20_000
    JOBS = 100

    def setUp(self):
        super().setUp()
        self.db.psql(f"""
            ALTER TABLE qudra_sync.job SET (autovacuum_enabled = false);
            INSERT INTO qudra_sync.account (name, fence) VALUES ('all', 7);
            INSERT INTO qudra_sync.job (account, mapping, source_key, state, operation)
            SELECT 'all', 'jobs', i, 'pending', 'create' FROM generate_series(1, 2 * {self.BOUND}) i;
            ANALYZE qudra_sync.job;
            UPDATE qudra_sync.job SET state = 'synced', operation = NULL, job_id = 'job_' || source_key
             WHERE source_key::integer <= {self.BOUND}""")

    def answered(self, keys):
        """What state_record is given when the creates of these rows have been answered."""
        def each(value, type="text"):
            return array([value] * len(keys), type)
        none, hashes = each("NULL"), each("NULL", "bytea")
        return ["'all'", "7", each("'jobs'"), array(keys), each("'create'"), each("'synced'"), none,
                each("1", "bigint"), each("0", "bigint"), hashes, hashes, hashes, none, none, none, none,
                jobs_of(keys), none, none, none, each("NULL", "boolean")]

    def test_is_found_by_its_id_alone(self):
        bound, waiting = range(1, self.JOBS + 1), range(self.BOUND + 1, self.BOUND + self.JOBS + 1)
        nothing = array(["NULL"] * self.JOBS)
        for statement, values in (
                ("state_record.sql", self.answered(waiting)),
                ("state_refresh.sql", ["'all'", "7", jobs_of(bound), jobs_of(bound), nothing,
                                       array(["true"] * self.JOBS, "boolean")]),
                ("state_bindings.sql", ["'all'", jobs_of(bound)]),
                ("state_listed.sql", ["'all'", jobs_of(bound)])):
            with self.subTest(statement):
                self.assertLessEqual(self.looked_at(statement, ", ".join(values)), 4 * self.JOBS)


def array(values, type="text"):
    return f"ARRAY[{', '.join(map(str, values))}]::{type}[]"


def jobs_of(keys):
    return array(f"'job_{key}'" for key in keys)


def rows_of_job(plan):
    own = 0
    if plan.get("Relation Name") == "job" and "Scan" in plan["Node Type"]:
        own = plan["Actual Loops"] * sum(plan.get(rows, 0) for rows in (
            "Actual Rows", "Rows Removed by Filter", "Rows Removed by Index Recheck"))
    return own + sum(rows_of_job(part) for part in plan.get("Plans", []))


if __name__ == "__main__":
    unittest.main()
