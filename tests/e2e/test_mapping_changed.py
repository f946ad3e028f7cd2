"""A mapping that was changed: every row is looked at under it, whatever came between."""

import unittest

from accounts import AccountsCase
from harness import MirrorCase, eventually

OLD_ROWS = ("ALTER TABLE job DISABLE TRIGGER touch; "
            "UPDATE job SET updated_at = now() - interval '1 day'; "
            "ALTER TABLE job ENABLE TRIGGER touch")


class ChangedAndChangedBack(MirrorCase):
    def test_a_pass_that_was_broken_off_is_made_good_by_the_old_mapping(self):
        self.fill(300)
        self.agent.run("backfill")
        self.db.psql(OLD_ROWS)
        self.agent.run("once")
        fails_late = """{sql: "title || ' B' || (1 / (id - 250))::text"}"""
        self.agent.write("mappings/jobs.yaml", self.MAPPING.replace("{column: title}", fails_late))
        running = self.agent.start("run")
        running.log_contains("mapping put off")
        eventually(lambda: any(" B" in job["title"] for job in self.sandbox.jobs()))
        running.stop()
        self.agent.write("mappings/jobs.yaml", self.MAPPING)
        self.agent.run("once")
        self.assert_mirrored()


class SeenByOneAccountFirst(AccountsCase):
    def setUp(self):
        super().setUp()
        self.fill(3)
        self.fill(3, first=100)
        self.db.psql("UPDATE job SET employer = 'najd' WHERE id >= 100")
        self.db.psql(OLD_ROWS)

    def test_an_account_that_was_never_held_gets_all_its_rows(self):
        self.agent.run("once", "--account", "acme")
        self.agent.run("once", "--account", "najd")
        self.assert_mirrored()

    def test_an_account_last_seen_under_the_old_mapping_is_looked_at_anew(self):
        self.agent.run("once")
        self.agent.write("mappings/jobs.yaml", self.MAPPING.replace(
            "{column: title}", """{sql: "title || ' X'"}"""))
        self.agent.run("once", "--account", "acme")
        self.agent.run("once", "--account", "najd")
        self.assertEqual([job["title"][-2:] for job in self.sandbox.jobs()], [" X"] * 6)


if __name__ == "__main__":
    unittest.main()
