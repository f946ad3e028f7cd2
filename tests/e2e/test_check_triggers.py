"""`check` proves the triggers of `detect: trigger`: there, current, enabled, and harmless."""

import json
import unittest

from harness import CONFIG, OK, MirrorCase


class CheckTriggers(MirrorCase):
    MAPPING = MirrorCase.MAPPING.replace("  updated_at: updated_at\n", "  detect: trigger\n")

    def setUp(self):
        super().setUp()
        self.owner = self.new_agent()
        self.owner.configure(database={"url": self.url("postgres")})
        self.fill(2)

    def assert_says(self, level, *words, expect=OK):
        done = self.agent.run("check", "--offline", "--json", expect=expect)
        found = [f"{f['message']} | {f['hint']}" for section in json.loads(done.stdout)["sections"]
                 if section["name"] == "mapping jobs" for f in section["findings"]
                 if f["level"] == level]
        self.assertTrue(any(all(word in text for word in words) for text in found), found)

    def test_none_are_there(self):
        self.assert_says("error", "qudra-sync migrate --triggers", expect=CONFIG)

    def test_all_is_well(self):
        self.owner.run("migrate", "--triggers")
        self.assert_says("ok", "the triggers", "fit the mapping")

    def test_they_are_of_an_earlier_form(self):
        self.owner.run("migrate", "--triggers")
        self.agent.write("mappings/jobs.yaml", self.MAPPING.replace("{column: body}", "{column: city}"))
        self.assert_says("error", "earlier form", "migrate --triggers", expect=CONFIG)

    def test_they_are_on_another_table(self):
        self.owner.run("migrate", "--triggers")
        self.db.psql("ALTER TABLE job RENAME TO old; CREATE TABLE job (LIKE old INCLUDING ALL); "
                     "GRANT SELECT ON job TO qs_agent")
        self.assert_says("error", "migrate --triggers", expect=CONFIG)

    def test_one_is_disabled(self):
        self.owner.run("migrate", "--triggers")
        self.db.psql("ALTER TABLE job DISABLE TRIGGER USER")
        self.assert_says("error", "migrate --triggers", expect=CONFIG)

    def test_the_outbox_may_not_be_emptied(self):
        self.owner.run("migrate", "--triggers")
        self.db.psql("ALTER TABLE qudra_sync.change OWNER TO postgres; "
                     "REVOKE ALL ON qudra_sync.change FROM qs_agent")
        self.assert_says("error", "read, write and empty the outbox", expect=CONFIG)

    def test_their_function_may_not_write(self):
        self.owner.run("migrate", "--triggers")
        self.db.psql("DROP ROLE IF EXISTS qs_nobody; CREATE ROLE qs_nobody; "
                     "ALTER FUNCTION qudra_sync.change_jobs() OWNER TO qs_nobody")
        self.addCleanup(self.db.psql, "DROP OWNED BY qs_nobody CASCADE; DROP ROLE qs_nobody")
        self.assert_says("error", "every write to", "--role", expect=CONFIG)

    def test_they_are_silent_under_replication(self):
        self.owner.run("migrate", "--triggers")
        self.db.psql("ALTER TABLE job ENABLE TRIGGER USER")
        self.assert_says("warning", "session_replication_role")


if __name__ == "__main__":
    unittest.main()
