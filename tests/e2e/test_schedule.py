"""sync.schedule: changes go out when it is due, closes at once where that is asked for."""

import unittest

from harness import MirrorCase, eventually

NEVER_SOON = "0 0 29 2 *"
EACH_MINUTE = "* * * * *"


class Scheduled(MirrorCase):
    def start(self, schedule, **sync):
        self.fill(10)
        self.agent.configure(sync={"schedule": schedule, **sync})
        running = self.agent.start()
        eventually(self.is_mirrored, what="a start counts as the schedule's time")
        return running

    def test_between_two_times_nothing_is_looked_at_and_a_notify_wakes_nobody(self):
        running = self.start(NEVER_SOON)
        self.db.psql("UPDATE job SET title = 'Edited' WHERE id = 1; "
                     "UPDATE job SET open = false WHERE id = 2; NOTIFY qudra_sync")
        lease = "SELECT alive_until FROM qudra_sync.agent"
        before = self.db.value(lease)  # it is renewed in turns: the NOTIFY has been heard by then
        eventually(lambda: self.db.value(lease) != before, what="the agent turns")
        self.assertEqual(self.sandbox.titled("Engineer 1")["status"], "active", "not yet edited")
        self.assertEqual(self.sandbox.titled("Engineer 2")["status"], "active")
        running.stop()
        self.agent.run("once")
        self.assert_mirrored()

    def test_closes_and_deletes_go_at_once_and_the_rest_waits(self):
        running = self.start(NEVER_SOON, close_at_once=True)
        self.db.psql("UPDATE job SET title = 'Edited' WHERE id = 1; "
                     "INSERT INTO job (id, title) VALUES (50, 'Nurse'); "
                     "UPDATE job SET deleted_at = now() WHERE id = 2")
        eventually(lambda: self.sandbox.titled("Engineer 2")["status"] == "closed")
        eventually(lambda: self.states().get("50") == "pending")
        self.assertEqual(self.states()["1"], "pending")
        self.db.psql("UPDATE job SET deleted_at = now() WHERE id = 3")
        eventually(lambda: self.sandbox.titled("Engineer 3")["status"] == "closed")
        self.assertEqual(self.sandbox.titled("Engineer 1")["status"], "active", "not yet edited")
        running.stop()
        self.agent.run("once")
        self.assert_mirrored()

    def test_when_its_time_comes_all_goes_out(self):
        running = self.start(EACH_MINUTE)
        self.db.psql("UPDATE job SET title = 'Edited' WHERE id = 1")
        eventually(self.is_mirrored, deadline_s=90, what="the next minute has come")
        self.assert_mirrored()
        running.stop()


if __name__ == "__main__":
    unittest.main()
