"""The database's disk is full, really: the state lies on a file system of a few megabytes.

What needs no new page goes on; what needs one is answered with 53100. The partner's own table lies
elsewhere, so that life goes on meanwhile.
"""

import os
import time
import unittest

from harness import AWAY, Database, MirrorCase, SmallDisk, eventually

ROWS = 300  # in the state, far more than fits into what is left of any page
FULL = "database away.*No space left on device"


class AFullDisk(MirrorCase):
    migrated = False

    @classmethod
    def setUpClass(cls):
        cls.disk = SmallDisk("8m", template=os.environ.get("QS_TEST_CLUSTER")).start()
        cls.addClassCleanup(cls.disk.remove)
        cls.disk.psql(f"CREATE TABLESPACE small LOCATION '{cls.disk.small}'")
        cls.disk.psql(f"CREATE ROLE {Database.AGENT} LOGIN; "
                      f"GRANT CREATE ON TABLESPACE small TO {Database.AGENT}; "
                      f"ALTER ROLE {Database.AGENT} SET default_tablespace = small")

    def setUp(self):
        super().setUp()
        self.db = self.disk.database(f"t{time.monotonic_ns()}")
        self.addCleanup(self.db.drop)
        self.db.create_agent_role()
        self.db.psql(self.TABLE)
        self.agent.configure(database={"url": self.db.url()}, qudra={"settle_wait": "300ms"})
        self.agent.run("migrate")
        self.fill(20)
        self.agent.run("backfill")

    def ends_well(self, running):
        self.disk.make_room()
        eventually(self.is_mirrored)
        running.stop()
        self.assert_mirrored()
        self.assertEqual(self.sandbox.stats()["jobs"]["created"], 20 + ROWS)
        with self.no_requests():
            self.agent.run("once")

    def test_where_what_was_found_cannot_be_marked(self):
        self.disk.fill()
        self.fill(ROWS, first=100)
        with self.no_requests():
            self.assertRegex(self.agent.run("once", expect=AWAY).stderr, "No space left on device")
            running = self.agent.start()
            running.log_contains(FULL)
        self.ends_well(running)
        self.assertEqual(running.log.count("database away"), 1, running.log)

    def full_before_the_answer(self):
        """All creates are on their way, and nothing of what they are answered can be recorded."""
        self.sandbox.fault("slow", match={"method": "POST"}, times=3, ms=1500)
        self.fill(ROWS, first=100)
        running = self.agent.start()
        eventually(lambda: len(self.sandbox.requests("POST")) == 4)
        self.disk.fill()
        running.log_contains(FULL)
        self.assertEqual(len(self.sandbox.live()), 20 + ROWS)
        return running

    def test_where_an_answer_cannot_be_recorded(self):
        self.ends_well(self.full_before_the_answer())

    def test_where_an_answer_cannot_be_recorded_and_the_agent_is_killed_too(self):
        self.full_before_the_answer().kill()
        running = self.agent.start()
        running.log_contains(FULL)
        self.ends_well(running)


if __name__ == "__main__":
    unittest.main()
