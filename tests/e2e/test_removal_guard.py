"""The removal guard, as a table: each way in which a source can go wrong, and how it comes right again.

Whatever happens: no job is removed, it is told plainly, nothing is held any more when the rows are
back, and `release` lets go what really is gone. test_promise_4 has the guard's ordinary days.
"""

import re
import unittest

from harness import AWAY, CONFIG, OK, ROWS_LEFT, MirrorCase, Postgres, eventually

ROWS = 40

# name: (what goes wrong, how it comes right, exit status meanwhile, what is said)
CASES = {
    "a_where_that_matches_nothing": ("map: where: id < 0", "map:", ROWS_LEFT, "held"),
    "a_where_that_matches_half": ("map: where: id <= 20", "map:", ROWS_LEFT, "held"),
    "removed_that_is_always_true": ("map: removed: id > 0", "map:", ROWS_LEFT, "held"),
    "a_table_emptied": ("TRUNCATE job", "INSERT INTO job SELECT * FROM kept", ROWS_LEFT, "held"),
    "all_rows_deleted": ("DELETE FROM job", "INSERT INTO job SELECT * FROM kept", ROWS_LEFT, "held"),
    "an_old_dump_restored": ("TRUNCATE job; INSERT INTO job SELECT * FROM kept WHERE id <= 25",
                             "INSERT INTO job SELECT * FROM kept WHERE id > 25", ROWS_LEFT, "held"),
    "a_table_replaced_by_an_empty_one":
        ("ALTER TABLE job RENAME TO old; CREATE TABLE job (LIKE old INCLUDING ALL); "
         "GRANT SELECT ON job TO qs_agent",
         "DROP TABLE job; ALTER TABLE old RENAME TO job", ROWS_LEFT, "held"),
    "a_right_revoked": ("REVOKE SELECT ON job FROM qs_agent", "GRANT SELECT ON job TO qs_agent",
                        CONFIG, "permission denied"),
    "row_level_security": ("ALTER TABLE job ENABLE ROW LEVEL SECURITY",
                           "ALTER TABLE job DISABLE ROW LEVEL SECURITY", ROWS_LEFT, "held"),
    "a_table_that_is_gone": ("ALTER TABLE job RENAME TO away", "ALTER TABLE away RENAME TO job",
                             CONFIG, "job"),
}


class GuardCase(MirrorCase):
    def setUp(self):
        super().setUp()
        self.fill(ROWS)
        self.agent.run("backfill")
        self.db.psql("CREATE TABLE kept AS SELECT * FROM job")
        self.before = {job["id"] for job in self.sandbox.open()}

    def assert_none_removed(self):
        self.assertLessEqual(self.before, {job["id"] for job in self.sandbox.open()})

    def do(self, step):
        if not step.startswith("map:"):
            self.db.psql(step)
            return
        key = step[4:].strip()
        mapping = self.MAPPING
        if key:
            mapping = re.sub(rf"  {key.split(':')[0]}:.*\n", "", mapping)
            mapping = mapping.replace("  key: id\n", f"  key: id\n  {key}\n")
        self.agent.write("mappings/jobs.yaml", mapping)

    def held(self):
        return sum(state == "held" for state in self.states().values())


class TheTable(GuardCase):
    def go_wrong(self, wrong, status, told):
        self.do(wrong)
        for _ in range(2):  # a second look is no surer than the first
            done = self.agent.run("backfill", expect=status)
            self.assert_none_removed()
        self.assertRegex(done.text, told)
        if status == ROWS_LEFT:
            self.assertRegex(self.agent.run("status", expect=None).stdout, told)

    def comes_back(self, wrong, right, status, told):
        self.go_wrong(wrong, status, told)
        self.do(right)
        self.agent.run("backfill", expect=OK)
        self.assert_none_removed()
        self.assertEqual(self.held(), 0)

    def is_released(self, wrong, status, told):
        self.go_wrong(wrong, status, told)
        held = self.held()
        self.assertGreater(held, 5)
        self.agent.run("release")
        self.agent.run("once", expect=None)
        self.assertEqual(len(self.sandbox.open()), ROWS - held)
        self.assertEqual(self.held(), 0)


def add_case(name, wrong, right, status, told):
    def settles(self):
        self.comes_back(wrong, right, status, told)
    setattr(TheTable, f"test_{name}_and_comes_back", settles)

    def is_so(self):
        self.is_released(wrong, status, told)
    if status == ROWS_LEFT:
        setattr(TheTable, f"test_{name}_and_is_released", is_so)


for _name, _case in CASES.items():
    add_case(_name, *_case)


class WhatIsReallyGone(GuardCase):
    def test_is_removed_when_released(self):
        self.db.psql("DELETE FROM job WHERE id > 20")
        self.agent.run("backfill", expect=ROWS_LEFT)
        self.assertEqual(self.held(), 20)
        self.agent.run("release")
        self.agent.run("once")
        self.assertEqual(len(self.sandbox.open()), 20)
        self.assert_mirrored()

    def test_five_rows_pass_however_few_there_are(self):
        self.db.psql("DELETE FROM job WHERE id > 10")
        self.agent.run("backfill", expect=ROWS_LEFT)
        self.agent.run("release")
        self.agent.run("once")
        self.db.psql("DELETE FROM job WHERE id > 5")
        self.agent.run("backfill", expect=OK)
        self.assertEqual(len(self.sandbox.open()), 5)

    def test_is_not_removed_before_remove_after(self):
        self.agent.write("mappings/jobs.yaml",
                         self.MAPPING.replace("  key: id\n", "  key: id\n  remove_after: 3s\n"))
        self.db.psql("DELETE FROM job WHERE id = 1")
        self.agent.run("backfill", expect=None)
        self.assert_none_removed()

        def is_removed():
            self.agent.run("backfill", expect=None)
            return len(self.sandbox.open()) == ROWS - 1
        eventually(is_removed)


class TheSource(GuardCase):
    def other_database(self):
        other = self.server.database(self.db.name + "x")
        self.addCleanup(other.drop)
        other.create_agent_role()
        other.psql(self.TABLE)
        other.psql("INSERT INTO job (id, title) SELECT i, 'Stranger ' || i "
                   "FROM generate_series(30, 60) AS i")
        return other

    def test_another_database_is_refused_until_a_person_accepts_it(self):
        other = self.other_database()
        self.db.psql("UPDATE job SET title = 'Pending' WHERE id = 31")
        self.agent.configure(database={"source_url": other.url()})
        for command in ("once", "backfill", "run"):
            with self.no_requests():
                done = self.agent.run(command, expect=CONFIG)
            for name in (self.db.name, other.name, "release --source"):
                self.assertIn(name, done.stderr)
        self.assertEqual(self.agent.run("release", "--source").stdout,
                         "1 mapping may read the database that is configured now\n")
        self.assertEqual(self.agent.run("release", "--source", "--json").json, {"mappings": 0})
        self.agent.run("once", expect=ROWS_LEFT)
        self.assert_none_removed()
        self.assertEqual(self.held(), 29)

    def test_and_the_right_one_goes_on_as_if_nothing_had_been(self):
        other = self.other_database()
        self.agent.configure(database={"source_url": other.url()})
        self.agent.run("once", expect=CONFIG)
        self.agent.configure(database={"source_url": self.url()})
        with self.no_requests():
            self.agent.run("backfill")

    def test_a_scan_torn_in_the_middle_removes_nothing(self):
        self.fill(3000, first=100)
        self.agent.run("backfill")
        self.before = {job["id"] for job in self.sandbox.open()}
        self.db.psql("DELETE FROM job WHERE id % 10 = 0")
        slow = "  key: id\n  where: pg_sleep(0.002) IS NOT NULL\n"
        self.agent.write("mappings/jobs.yaml", self.MAPPING.replace("  key: id\n", slow))
        running = self.agent.start("backfill")
        scans = ("FROM pg_stat_activity WHERE application_name = 'qudra-sync source' "
                 "AND datname = current_database() AND state = 'active' AND query ~ 'pg_sleep'")
        eventually(lambda: self.db.value(f"SELECT count(pg_terminate_backend(pid)) {scans}"))
        self.assertEqual(running.wait(), AWAY)
        self.assert_none_removed()
        self.assertEqual(self.held(), 0)


class AStandbyThatLags(MirrorCase):
    migrated = False

    def setUp(self):
        """The table on a server of its own, with a standby that replays nothing for now."""
        self.primary = Postgres().start(wal_level="replica")
        self.addCleanup(self.primary.remove)
        super().setUp()
        self.source = self.primary.database("ats")
        self.source.create_agent_role()
        self.source.psql(self.TABLE)
        self.source.psql("INSERT INTO job (id, title) SELECT i, 'Engineer ' || i "
                         "FROM generate_series(1, 20) AS i")
        self.standby = self.primary.standby(recovery_min_apply_delay="1h")
        self.addCleanup(self.standby.remove)
        self.agent.run("migrate")

    def test_rows_that_it_does_not_have_yet_are_not_removed(self):
        self.agent.configure(database={"source_url": self.source.url()})
        self.source.psql("INSERT INTO job (id, title) SELECT i, 'Engineer ' || i "
                         "FROM generate_series(21, 60) AS i")
        self.agent.run("backfill")
        self.agent.configure(database={"source_url": self.standby.url("ats", "qs_agent")})
        done = self.agent.run("backfill", expect=ROWS_LEFT)
        self.assertEqual(len(self.sandbox.open()), 60)
        self.assertIn("held", done.text)
        self.standby.stop()
        self.standby.start()

        def has_caught_up():
            return self.standby.psql("SELECT count(*) FROM job", "ats") == "60"
        eventually(has_caught_up)
        self.agent.run("backfill", expect=OK)
        self.assertEqual(len(self.sandbox.open()), 60)

    def test_triggers_need_a_source_that_can_be_written(self):
        mapping = self.MAPPING.replace("  updated_at: updated_at\n", "  detect: trigger\n")
        self.agent.write("mappings/jobs.yaml", mapping)
        self.agent.configure(database={"source_url": self.source.url("postgres")})
        self.agent.run("migrate", "--triggers", "--role", "qs_agent")
        self.standby.stop()
        self.standby.start()
        eventually(lambda: self.standby.psql("SELECT to_regclass('qudra_sync.change')", "ats"))
        self.agent.configure(database={"source_url": self.standby.url("ats", "qs_agent")})
        done = self.agent.run("once", expect=CONFIG)
        self.assertIn("primary", done.stderr)


if __name__ == "__main__":
    unittest.main()
