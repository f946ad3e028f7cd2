"""A stop that cannot record what Qudra answered: the next agent must not take it for never sent."""

import unittest

from harness import MirrorCase, eventually

FULL_DISK = """
CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE disk_full;
END $$;
CREATE TRIGGER full_disk BEFORE UPDATE OF state ON qudra_sync.job
   FOR EACH ROW EXECUTE FUNCTION full_disk()"""


class AnswersThatAreNotRecorded(MirrorCase):
    ROWS = 5

    def setUp(self):
        super().setUp()
        self.fill(self.ROWS)
        self.agent.run("backfill")
        self.running = self.agent.start("run")
        self.running.log_contains("started")

    def stop_with_answers_in_hand(self):
        """The rows are changed; Qudra applies it, and nothing of that can be written down."""
        self.sandbox.options(latency_ms=1500)
        self.db.psql("UPDATE job SET title = title || ' B'")
        eventually(lambda: sum(job["title"].endswith(" B") for job in self.sandbox.live())
                   == self.ROWS)
        self.db.psql(FULL_DISK)
        self.running.stop()
        self.assertTrue(all(row["state"] == "pending" for row in self.db.rows(
            "SELECT state FROM qudra_sync.job")))
        self.db.psql("DROP FUNCTION full_disk() CASCADE")
        self.sandbox.options(latency_ms=0)

    def test_a_row_that_is_changed_back_is_changed_back_at_qudra(self):
        self.stop_with_answers_in_hand()
        self.db.psql("UPDATE job SET title = left(title, -2)")
        self.agent.run("once")
        self.assert_mirrored()

    def test_a_row_that_stays_changed_is_sent_again_and_recorded(self):
        self.stop_with_answers_in_hand()
        self.agent.run("once")
        self.assert_mirrored()
        with self.no_requests():
            self.agent.run("once")


if __name__ == "__main__":
    unittest.main()
