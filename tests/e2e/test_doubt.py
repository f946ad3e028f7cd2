"""Promise 4 against a wave of 404s: a key of another Qudra account must not have everything made anew."""

import json
import unittest
import urllib.request

from harness import KEY, KEY_REFUSED, MirrorCase, eventually

STRANGER = "qk_test_stranger"


class AStrangersKey(MirrorCase):
    sandbox_options = (*MirrorCase.sandbox_options, "--key", f"{STRANGER}:growth:stranger")
    ROWS = 20

    def setUp(self):
        super().setUp()
        self.fill(self.ROWS)
        self.agent.run("backfill")
        self.before = len(self.sandbox.jobs())
        self.db.psql("UPDATE job SET title = title || ' edited'")
        self.agent.write_key(STRANGER)

    def test_nothing_is_created_and_the_account_stops(self):
        for command in ("once", "backfill"):
            done = self.agent.run(command, expect=KEY_REFUSED)
            self.assertIn("is this key of another Qudra account?", done.stderr)
        self.assertEqual(len(self.sandbox.jobs()), self.before)
        self.assertEqual(set(self.states().values()), {"pending"})

    def test_new_rows_are_not_given_to_the_stranger(self):
        self.fill(5, first=100)
        self.agent.run("once", expect=KEY_REFUSED)
        self.assertEqual(len(self.sandbox.jobs()), self.before)

    def test_it_is_noticed_where_all_rows_are_new(self):
        self.db.psql("UPDATE job SET title = replace(title, ' edited', '')")
        self.fill(5, first=100)
        for command in ("once", "backfill"):
            done = self.agent.run(command, expect=KEY_REFUSED)
            self.assertIn("is this key of another Qudra account?", done.stderr)
        self.assertEqual(len(self.sandbox.jobs()), self.before)

    def test_it_is_noticed_where_the_stranger_has_jobs_too(self):
        self.post_as_the_stranger()
        done = self.agent.run("once", expect=KEY_REFUSED)
        self.assertIn("is this key of another Qudra account?", done.stderr)
        self.assertEqual(len(self.sandbox.jobs()), self.before + 1)

    def test_it_is_noticed_where_the_list_cannot_be_read(self):
        self.sandbox.fault("500", match={"method": "GET", "path": "/v1/partner/jobs"})
        done = self.agent.run("once", expect=KEY_REFUSED)
        self.assertEqual(self.sandbox.stats()["faults"].get("500"), 3)
        self.assertIn("is this key of another Qudra account?", done.stderr)
        self.assertEqual(len(self.sandbox.jobs()), self.before)

    def test_status_says_so_until_the_right_key_is_back(self):
        running = self.agent.start()
        running.log_contains("none of its jobs is there")
        eventually(lambda: self.trouble() is not None)
        self.assertIn("another Qudra account", self.trouble())
        self.assertIn("another Qudra account", self.agent.run("status", expect=None).stdout)
        self.agent.write_key("qk_test_harness")
        eventually(self.is_mirrored)
        eventually(lambda: self.trouble() is None)
        running.log_contains("its trouble is over")
        running.stop()
        self.assertEqual(running.log.count("none of its jobs is there"), 1)
        self.assertEqual(len(self.sandbox.jobs()), self.before)

    def post_as_the_stranger(self):
        body = {"title": "Head cook", "description": "Cooks.", "city": "Riyadh",
                "employment_type": "full_time", "salary_min": 9000, "currency": "SAR",
                "status": "active"}
        request = urllib.request.Request(
            f"{self.sandbox.base_url}/partner/jobs", data=json.dumps(body).encode(),
            headers={"Content-Type": "application/json", "Authorization": f"Bearer {STRANGER}"})
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request):
            pass

    def trouble(self):
        return self.db.value("SELECT trouble FROM qudra_sync.account")


class TheRightKey(MirrorCase):
    def asked(self):
        return sum("/jobs/job_" in request["path"] for request in self.sandbox.requests("GET"))

    def test_it_is_asked_for_a_job_once_before_it_creates(self):
        self.fill(3)
        self.agent.run("backfill")
        self.assertEqual(self.asked(), 0, "nothing of ours was there to be asked for")
        running = self.agent.start()
        running.log_contains("started")
        for key in (100, 101, 102):
            self.fill(1, first=key)
            eventually(self.is_mirrored)
        running.stop()
        self.assertEqual(self.asked(), 1)

    def test_an_update_has_shown_it_already(self):
        self.fill(3)
        self.agent.run("backfill")
        self.db.psql("UPDATE job SET title = 'Edited' WHERE id = 1")
        running = self.agent.start()
        eventually(self.is_mirrored)
        self.fill(1, first=100)
        eventually(self.is_mirrored)
        running.stop()
        self.assertEqual(self.asked(), 0)


class JobsThatAreReallyGone(MirrorCase):
    def lose(self, n):
        """Those of the first n rows: jobs are asked for in this order."""
        for job in sorted(self.sandbox.live(), key=lambda job: job["title"])[:n]:
            self.sandbox.admin(f"jobs/{job['id']}", {"deleted": True})

    def test_one_among_others_is_made_anew(self):
        self.fill(10)
        self.agent.run("backfill")
        self.lose(1)
        self.db.psql("UPDATE job SET title = title || ' edited'")
        self.agent.run("once")
        self.assert_mirrored()

    def test_one_is_believed_when_another_job_is_there(self):
        self.fill(10)
        self.agent.run("backfill")
        self.lose(1)
        self.db.psql("UPDATE job SET title = 'Edited' WHERE id = 1")
        self.agent.run("once")
        self.assert_mirrored()
        self.assertEqual(len(self.sandbox.requests("GET")), 1)

    def test_all_of_a_few_are_believed(self):
        self.fill(3)
        self.agent.run("backfill")
        self.lose(3)
        self.db.psql("UPDATE job SET title = title || ' edited'")
        self.agent.run("once")
        self.assert_mirrored()

    def test_many_among_more_are_made_anew(self):
        self.fill(60)
        self.agent.run("backfill")
        self.lose(30)
        self.db.psql("UPDATE job SET title = title || ' edited'")
        self.agent.run("once")
        self.assert_mirrored()

    def test_all_but_one_are_made_anew(self):
        self.fill(60)
        self.agent.run("backfill")
        self.lose(59)
        self.db.psql("UPDATE job SET title = title || ' edited'")
        self.agent.run("once")
        self.assert_mirrored()

    def test_many_are_made_anew_though_other_peoples_jobs_fill_pages_of_the_list(self):
        self.fill(60)
        self.agent.run("backfill")
        self.lose(30)
        self.post(250)
        self.db.psql("UPDATE job SET title = title || ' edited'")
        self.agent.run("once")
        self.assertEqual(len(self.sandbox.live()), 60 + 250)
        self.assertEqual(set(self.states().values()), {"synced"})

    def post(self, n):
        """Another program of the partner's, with the same key."""
        for first in range(0, n, 50):
            jobs = [{"title": f"Other {first + i}", "city": "Riyadh", "salary_min": 5000,
                     "employment_type": "full_time", "currency": "SAR"} for i in range(50)]
            request = urllib.request.Request(
                f"{self.sandbox.base_url}/partner/jobs/bulk", json.dumps({"jobs": jobs}).encode(),
                {"Content-Type": "application/json", "Authorization": f"Bearer {KEY}"})
            urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request).close()

    def test_new_rows_do_not_wait_for_many_that_are_gone(self):
        self.fill(60)
        self.agent.run("backfill")
        self.lose(30)
        self.fill(3, first=100)
        self.agent.run("once")
        self.assertEqual(len(self.sandbox.live()), 33)


class AKeyThatIsRefused(MirrorCase):
    def test_it_stands_in_the_state_until_a_new_one_is_taken(self):
        self.fill(3)
        self.sandbox.admin("keys", {"action": "revoke", "key": "qk_test_harness"})
        running = self.agent.start()
        trouble = eventually(lambda: self.db.value("SELECT trouble FROM qudra_sync.account"))
        self.assertIn("Qudra refuses the key", trouble)
        self.sandbox.admin("keys", {"key": "qk_test_second", "account": "harness",
                                    "plan": "growth"})
        self.agent.write_key("qk_test_second")
        eventually(lambda: self.db.value("SELECT trouble FROM qudra_sync.account") is None)
        running.stop()
        self.assertEqual(running.log.count("Qudra refuses its key"), 1)
        self.assertEqual(running.log.count("its trouble is over"), 1)


class AJobThatCannotBeRead(MirrorCase):
    """One job vouches for the key before the first create: another can do so too."""

    def setUp(self):
        super().setUp()
        self.fill(10)
        self.agent.run("backfill")

    def assert_goes_on(self):
        running = self.agent.start()
        self.fill(1, first=50)
        eventually(lambda: len(self.sandbox.live()) == 11, 30)
        self.db.psql("UPDATE job SET deleted_at = now() WHERE id = 9")
        eventually(self.is_mirrored, 30)
        running.stop()

    def test_holds_up_nothing(self):
        first = self.db.value("SELECT job_id FROM qudra_sync.job WHERE account = 'default' "
                              "AND job_id > '' LIMIT 1")
        self.sandbox.fault("500", match={"method": "GET", "path": f"/v1/partner/jobs/{first}"},
                           times=100000)
        self.assert_goes_on()

    def test_nor_does_it_where_none_can_but_the_list_can(self):
        for job in self.sandbox.live():
            self.sandbox.fault("500", times=100000,
                               match={"method": "GET", "path": f"/v1/partner/jobs/{job['id']}"})
        self.assert_goes_on()


if __name__ == "__main__":
    unittest.main()
