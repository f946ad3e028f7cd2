"""The month's quota of new jobs: what does not fit waits, best first, and only what is new waits."""

import datetime
import time
import unittest
from collections import Counter

from harness import ROWS_LEFT, MirrorCase, eventually

DAY_MS = 86400000


class Quota(MirrorCase):
    QUOTA = 10
    sandbox_options = ("--no-limit", "--quota", str(QUOTA), "--embedding-ms", "0")
    MAPPING = MirrorCase.MAPPING.replace("fields:", "  priority: pay DESC\nfields:", 1)

    def setUp(self):
        super().setUp()
        self.agent.configure(qudra={"quota": self.QUOTA})

    def fill_ranked(self, n):
        self.fill(n)
        self.db.psql("UPDATE job SET pay = 4000 + id")

    def ids(self):
        return sorted(int(job["title"].split()[-1]) for job in self.sandbox.live())

    def test_the_rest_is_deferred_and_updates_and_removals_go_on(self):
        self.fill_ranked(14)
        self.agent.run("backfill", expect=ROWS_LEFT)
        self.assertEqual(self.ids(), list(range(5, 15)))
        self.db.psql("UPDATE job SET title = 'Edited 14' WHERE id = 14; "
                     "UPDATE job SET deleted_at = now() WHERE id = 13")
        self.agent.run("once", expect=ROWS_LEFT)
        self.sandbox.titled("Edited 14")
        self.assertEqual(len(self.sandbox.open()), 9)
        done = self.agent.run("status", expect=None)
        self.assertIn("the month's quota of new jobs to turn", done.stdout)

    def test_a_month_that_turns_at_qudra_lets_the_best_go_first(self):
        """Our own clock stays where it is."""
        self.fill_ranked(25)
        running = self.agent.start()
        eventually(lambda: self.ids() == list(range(16, 26)))
        self.sandbox.admin("clock", {"offset_ms": 40 * DAY_MS})
        self.db.psql("UPDATE job SET body = 'Edited.' WHERE id = 25")  # an answer, and so a Date
        eventually(lambda: self.ids() == list(range(6, 26)))
        running.stop()
        self.assertEqual(self.sandbox.stats()["quota_refusals"], 0)

    def test_a_month_that_turns_needs_no_change_to_be_noticed(self):
        now = datetime.datetime.now(datetime.timezone.utc)
        ends = (now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
                + datetime.timedelta(days=32)).replace(day=1)
        left_ms = int((ends - now).total_seconds() * 1000)
        self.sandbox.admin("clock", {"offset_ms": left_ms - 8000})
        self.fill_ranked(12)
        running = self.agent.start()
        eventually(lambda: sorted(self.states().values()) == ["deferred"] * 2 + ["synced"] * 10)
        eventually(lambda: len(self.ids()) == 12, 30)
        running.stop()
        self.assertEqual(self.sandbox.stats()["quota_refusals"], 0)

    def test_a_greater_quota_in_the_configuration_is_used_at_once(self):
        self.fill(15)
        self.agent.run("backfill", expect=ROWS_LEFT)
        self.sandbox.admin("plan", {"account": self.account(), "quota": 100})
        self.agent.configure(qudra={"quota": 100})
        self.agent.run("once")
        self.assert_mirrored()

    def test_tens_of_thousands_are_put_off_and_taken_back_in_parts(self):
        self.fill(20500)
        done = self.agent.run("backfill", expect=ROWS_LEFT)
        self.assertEqual(done.stderr.count("creates deferred"), 1)
        self.assertIn("rows=20490", done.stderr)
        self.sandbox.admin("plan", {"account": self.account(), "quota": 15510})
        self.agent.configure(qudra={"quota": 15510})
        self.agent.run("once", expect=ROWS_LEFT)
        states = Counter(self.states().values())
        self.assertEqual(states, {"synced": 15510, "deferred": 4990})
        self.assertEqual(self.sandbox.stats()["quota_refusals"], 0)

    def account(self):
        return self.sandbox.stats()["accounts"][0]["account"]

    def test_what_qudra_refuses_corrects_the_count(self):
        self.agent.configure(qudra={"quota": 100})
        self.fill(15)
        self.agent.run("backfill", expect=ROWS_LEFT)
        self.assertEqual(len(self.sandbox.live()), self.QUOTA)
        refusals = self.sandbox.stats()["quota_refusals"]
        self.agent.run("once", expect=ROWS_LEFT)
        self.assertEqual(self.sandbox.stats()["quota_refusals"], refusals, "asked again at once")

    def test_a_plan_that_grew_is_found_by_asking_after_an_hour(self):
        self.agent.configure(qudra={"quota": 100})
        self.fill(15)
        self.agent.run("backfill", expect=ROWS_LEFT)
        self.sandbox.admin("plan", {"account": self.account(), "quota": 100})
        self.db.psql("UPDATE qudra_sync.quota SET exceeded_at = now() - interval '61 minutes'")
        self.agent.run("once")
        self.assert_mirrored()


class Reposts(MirrorCase):
    def test_a_new_key_for_the_same_content_keeps_the_job(self):
        self.fill(8)
        self.agent.run("backfill")
        before = {job["id"] for job in self.sandbox.live()}
        self.db.psql("UPDATE job SET id = id + 100 WHERE id <= 4")
        self.agent.run("backfill")
        self.assertEqual({job["id"] for job in self.sandbox.live()}, before)
        self.assertEqual(len(self.sandbox.requests("POST")), 1)
        self.assertEqual(self.sandbox.requests("PATCH"), [])
        self.assert_mirrored()

    def test_a_whole_table_under_new_keys_is_no_massacre(self):
        self.fill(40)
        self.agent.run("backfill")
        before = {job["id"] for job in self.sandbox.live()}
        self.db.psql("UPDATE job SET id = id + 1000")
        self.agent.run("backfill")
        self.assertEqual({job["id"] for job in self.sandbox.open()}, before)
        self.assert_mirrored()

    def test_rows_of_equal_content_share_out_what_there_is(self):
        self.db.psql("INSERT INTO job (id, title) SELECT i, 'Guard' FROM generate_series(1, 3) AS i")
        self.agent.run("backfill")
        self.db.psql("DELETE FROM job; "
                     "INSERT INTO job (id, title) SELECT i, 'Guard' FROM generate_series(11, 15) i")
        self.agent.run("backfill", expect=None)
        self.assertEqual(len(self.sandbox.open()), 5)
        self.assertEqual(self.sandbox.stats()["jobs"]["created"], 5)

    def test_other_content_is_a_new_job(self):
        self.fill(8)
        self.agent.run("backfill")
        self.db.psql("UPDATE job SET id = 100, title = 'Other' WHERE id = 1")
        self.agent.run("backfill")
        self.assertEqual(self.sandbox.stats()["jobs"]["created"], 9)
        self.assert_mirrored()


class ARefusalInOtherWords(MirrorCase):
    """A 429 although the window has room, without a pause and with a code that nobody knows."""

    sandbox_options = ("--quota", "3", "--quota-status", "429", "--quota-code",
                       "partner.too_many_jobs", "--bulk-quota", "whole")

    def test_is_not_asked_for_again_at_once(self):
        self.fill(5)
        running = self.agent.start()
        eventually(lambda: len(self.sandbox.live()) == 3)
        before = self.sandbox.stats()["requests_total"]
        time.sleep(3)
        self.assertLess(self.sandbox.stats()["requests_total"] - before, 10)
        self.db.psql("UPDATE job SET title = title || ' edited'")
        eventually(lambda: all("edited" in job["title"] for job in self.sandbox.live()))
        running.stop()


if __name__ == "__main__":
    unittest.main()
