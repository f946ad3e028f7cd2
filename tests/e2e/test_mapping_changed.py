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


class ThatCannotBeRead(MirrorCase):
    """While it works, and others do: `status` and the log say so, when it begins and when it ends."""

    def attention(self):
        return [(one["kind"], one["mapping"]) for one in
                self.agent.run("status", "--json").json["attention"]]

    def test_is_told_until_it_can_be(self):
        self.db.psql("CREATE TABLE other AS TABLE job; ALTER TABLE other ADD PRIMARY KEY (id);"
                     "GRANT SELECT ON other TO qs_agent")
        text = self.MAPPING.replace("name: jobs", "name: other").replace("public.job", "public.other")
        other = self.agent.write("mappings/other.yaml", text)
        running = self.agent.start()
        self.fill(3)
        eventually(self.is_mirrored)
        self.db.psql("ALTER TABLE other RENAME title TO heading")
        eventually(lambda: self.attention() == [("mapping_unreadable", "other")])
        self.assertRegex(self.agent.run("status").stdout,
                         "mapping other cannot be read, since .*title")
        self.fill(3, first=10)
        eventually(self.is_mirrored)
        self.assertEqual(self.attention(), [("mapping_unreadable", "other")])
        other.unlink()  # taken out: no longer anybody's to read
        self.assertNotIn(("mapping_unreadable", "other"), self.attention())
        self.agent.write("mappings/other.yaml", text)
        self.db.psql("ALTER TABLE other RENAME heading TO title")
        running.log_contains("mapping goes on: it can be read again")
        self.assertEqual(self.attention(), [])
        running.stop()

    def test_is_forgotten_by_the_first_pass_of_the_next_agent(self):
        running = self.agent.start()
        self.fill(3)
        eventually(self.is_mirrored)
        self.db.psql("ALTER TABLE job RENAME title TO heading")
        eventually(lambda: self.attention() == [("mapping_unreadable", "jobs")])
        running.kill()
        self.db.psql("ALTER TABLE job RENAME heading TO title")
        self.agent.resume("once")
        self.assertEqual(self.attention(), [])


class ThatWasRenamed(MirrorCase):
    def test_status_tells_of_the_jobs_that_are_left_behind(self):
        self.fill(3)
        self.agent.run("backfill")
        self.agent.write("mappings/jobs.yaml", self.MAPPING.replace("name: jobs", "name: posts"))
        left = [one for one in self.agent.run("status", "--json").json["attention"]
                if one["kind"] == "mapping_missing"]
        self.assertEqual([(one["mapping"], one["rows"]) for one in left], [("jobs", 3)])
        self.assertIn("mapping jobs, which no file describes any more",
                      " ".join(self.agent.run("status").stdout.split()))


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
