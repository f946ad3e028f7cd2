"""A row changes while its update, its close or its reopening is on its way: the late answer ends nothing.

With triggers, so that a change is looked at once and no later poll covers up what this one missed.
"""

import unittest
from collections import Counter

from harness import MirrorCase, eventually
from test_triggers import TriggerCase


class Changed(TriggerCase):
    def mirror(self, rows):
        self.fill(rows)
        self.running = self.agent.start("run")
        eventually(self.is_mirrored)

    def on_its_way(self, change, requests=1):
        """The requests of a change have reached Qudra, and their answers take three seconds."""
        before = len(self.sandbox.requests("PATCH"))
        self.sandbox.fault("slow", match={"method": "PATCH"}, ms=3000, times=requests)
        self.db.psql(change)
        eventually(lambda: len(self.sandbox.requests("PATCH")) == before + requests)

    def then(self, change):
        """Another change, looked at before the answers are there."""
        self.db.psql(change)
        eventually(lambda: self.noted() == [])

    def answered(self):
        eventually(lambda: self.sandbox.stats()["in_flight"] == 0)
        eventually(lambda: "pending" not in self.states().values())

    def test_an_update_that_is_taken_back(self):
        self.mirror(2)
        self.on_its_way("UPDATE job SET title = 'Other title' WHERE id = 1")
        self.then("UPDATE job SET title = 'Engineer 1' WHERE id = 1")
        eventually(self.is_mirrored)
        self.assertEqual(self.sandbox.titled("Engineer 1")["status"], "active")
        self.running.stop()

    def test_a_close_that_is_taken_back(self):
        self.mirror(2)
        self.on_its_way("UPDATE job SET deleted_at = now() WHERE id = 1")
        self.then("UPDATE job SET deleted_at = NULL WHERE id = 1")
        eventually(self.is_mirrored)
        self.assertEqual(len(self.sandbox.open()), 2)
        self.running.stop()

    def test_an_update_of_a_row_that_breaks_a_rule_meanwhile(self):
        self.mirror(2)
        self.on_its_way("UPDATE job SET title = 'Other title' WHERE id = 1")
        self.then("UPDATE job SET title = 'x' WHERE id = 1")
        eventually(lambda: self.sandbox.titled("Other title"))
        self.answered()
        self.assertEqual(self.row(1)["state"], "refused")
        self.assertEqual(self.row(1)["error_code"], "title.too_short")
        self.running.stop()

    def test_a_reopening_of_a_row_that_is_deleted_meanwhile(self):
        self.mirror(2)
        self.db.psql("UPDATE job SET open = false WHERE id = 1")
        eventually(self.is_mirrored)
        self.on_its_way("UPDATE job SET open = true WHERE id = 1")
        self.then("DELETE FROM job WHERE id = 1")
        eventually(lambda: self.row(1)["state"] == "removed")
        eventually(lambda: len(self.sandbox.open()) == 1)
        self.running.stop()

    def test_updates_of_rows_that_the_guard_holds_meanwhile(self):
        self.mirror(40)
        self.on_its_way("UPDATE job SET title = 'Other title ' || id WHERE id <= 4", requests=4)
        self.then("DELETE FROM job WHERE id <= 30")
        self.running.log_contains("removals held by the guard")
        eventually(lambda: len([j for j in self.sandbox.jobs() if "Other" in j["title"]]) == 4)
        self.answered()
        self.db.psql("DELETE FROM job WHERE id = 31")  # one alone may go
        eventually(lambda: self.row(31)["state"] == "removed")
        self.assertEqual(Counter(self.states().values()), {"held": 30, "removed": 1, "synced": 9})
        self.assertEqual(len(self.sandbox.open()), 39)
        self.running.stop()


class DiedThen(MirrorCase):
    """What was on its way when the agent died is not known, whatever became of the row meanwhile."""

    def on_its_way(self, rows):
        self.agent.configure(qudra={"timeout": "20s"})
        self.fill(rows)
        self.running = self.agent.start("run")
        eventually(self.is_mirrored)
        self.sandbox.fault("slow", match={"method": "PATCH"}, ms=15000, times=1)
        self.db.psql("UPDATE job SET title = 'Other title' WHERE id = 1")
        eventually(lambda: self.sandbox.requests("PATCH"))

    def dies_while(self, state):
        eventually(lambda: self.row(1)["state"] == state)
        self.running.kill()
        self.sandbox.no_faults()

    def test_a_row_that_was_refused_and_is_as_before(self):
        self.on_its_way(2)
        self.db.psql("UPDATE job SET title = 'x' WHERE id = 1")
        self.dies_while("refused")
        self.db.psql("UPDATE job SET title = 'Engineer 1' WHERE id = 1")
        self.agent.resume("backfill")
        self.assert_mirrored()

    def test_a_row_that_was_held_and_is_as_before(self):
        self.on_its_way(40)
        self.db.psql("UPDATE job SET deleted_at = now() WHERE id <= 30")
        self.dies_while("held")
        self.db.psql("UPDATE job SET deleted_at = NULL, title = 'Engineer ' || id WHERE id <= 30")
        self.agent.resume("backfill")
        self.assert_mirrored()


if __name__ == "__main__":
    unittest.main()
