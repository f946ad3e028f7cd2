"""Promise 4: a broken filter, an emptied table or a lost right removes no job.

Each case does something to the source that makes all or most rows disappear, and says how it comes
right again. The agent must keep every job, say so, and find its way back without a new job.
"""

import unittest

from harness import CONFIG, OK, ROWS_LEFT, MirrorCase


class TheGuard(MirrorCase):
    ROWS = 40

    def setUp(self):
        super().setUp()
        self.fill(self.ROWS)
        self.agent.run("backfill")
        self.before = {job["id"]: job["status"] for job in self.sandbox.live()}

    def assert_nothing_removed(self):
        self.assertEqual({job["id"]: job["status"] for job in self.sandbox.live()}, self.before)

    def assert_held(self, *, expect=ROWS_LEFT):
        done = self.agent.run("backfill", expect=expect)
        self.assert_nothing_removed()
        return done

    def assert_back(self):
        self.agent.run("backfill", expect=OK)
        self.assert_nothing_removed()
        self.assert_mirrored()

    def map(self, old, new):
        self.agent.write("mappings/jobs.yaml", self.MAPPING.replace(old, new))

    def test_a_broken_where(self):
        self.map("key: id", "key: id\n  where: id < 0")
        self.assert_held()
        self.map("", "")
        self.assert_back()

    def test_a_table_that_was_emptied_and_filled_again(self):
        self.db.psql("CREATE TABLE kept AS SELECT * FROM job; TRUNCATE job")
        self.assert_held()
        self.db.psql("INSERT INTO job SELECT * FROM kept")
        self.assert_back()

    def test_most_rows_deleted(self):
        self.db.psql("CREATE TABLE kept AS SELECT * FROM job; DELETE FROM job WHERE id > 10")
        self.assert_held()
        self.db.psql("INSERT INTO job SELECT * FROM kept WHERE id > 10")
        self.assert_back()

    def test_a_right_that_was_revoked(self):
        self.db.psql("REVOKE SELECT ON job FROM qs_agent")
        self.assert_held(expect=CONFIG)
        self.db.psql("GRANT SELECT ON job TO qs_agent")
        self.assert_back()

    def test_row_level_security_that_hides_everything(self):
        self.db.psql("ALTER TABLE job ENABLE ROW LEVEL SECURITY")
        self.assert_held()
        self.db.psql("ALTER TABLE job DISABLE ROW LEVEL SECURITY")
        self.assert_back()

    def test_a_flood_of_removal_marks(self):
        self.db.psql("UPDATE job SET deleted_at = now()")
        self.agent.run("once", expect=ROWS_LEFT)
        self.assert_nothing_removed()

    def test_held_rows_are_told_and_released_by_a_person(self):
        self.db.psql("DELETE FROM job WHERE id > 10")
        self.assert_held()
        self.assertRegex(self.agent.run("status", expect=(OK, ROWS_LEFT)).stdout, "(?i)held")
        self.assertRegex(self.agent.run("rows", "--state", "held").stdout, r"\b40\b")
        self.agent.run("release")
        self.agent.run("once")
        self.assertEqual(len(self.sandbox.open()), 10)
        self.assert_mirrored()

    def test_other_changes_go_on_meanwhile(self):
        self.db.psql("DELETE FROM job WHERE id > 10; "
                     "UPDATE job SET title = 'Edited' WHERE id = 1; "
                     "INSERT INTO job (id, title) VALUES (99, 'New')")
        self.agent.run("backfill", expect=ROWS_LEFT)
        self.sandbox.titled("Edited")
        self.sandbox.titled("New")
        self.assertEqual(len(self.sandbox.open()), self.ROWS + 1)

    def test_a_few_ordinary_deletions_pass(self):
        self.db.psql("DELETE FROM job WHERE id <= 4")
        self.agent.run("backfill", expect=OK)
        self.assertEqual(len(self.sandbox.open()), self.ROWS - 4)
        self.assert_mirrored()

    def test_max_remove_is_the_operators_to_set(self):
        self.agent.configure(sync={"max_remove": "30"})
        self.db.psql("DELETE FROM job WHERE id <= 30")
        self.agent.run("backfill", expect=OK)
        self.assertEqual(len(self.sandbox.open()), 10)


if __name__ == "__main__":
    unittest.main()
