"""Creates whose answer was lost: looked for until it is known, and nothing left behind."""

import json
import unittest
import urllib.request
from collections import Counter

from harness import KEY, OK, ROWS_LEFT, MirrorCase, eventually


class SettlingCase(MirrorCase):
    def lose(self, n, first=1, fault="slow"):
        """The agent is killed while n creates are on their way; with "slow" they are applied."""
        self.fill(n, first=first)
        before = len(self.sandbox.requests("POST"))
        self.sandbox.fault(fault, match={"method": "POST"}, ms=60000)
        running = self.agent.start("once")
        eventually(lambda: len(self.sandbox.requests("POST")) > before)
        running.kill()
        self.sandbox.no_faults()

    def post(self, n, **content):
        """Another program of the partner's creates jobs with the same key."""
        jobs = [{"title": f"Other {i}", "city": "Riyadh", "employment_type": "full_time",
                 "salary_min": 5000, "currency": "SAR", **content} for i in range(n)]
        request = urllib.request.Request(
            f"{self.sandbox.base_url}/partner/jobs/bulk", data=json.dumps({"jobs": jobs}).encode(),
            headers={"Content-Type": "application/json", "Authorization": f"Bearer {KEY}"})
        urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request).close()

    def once(self, expect=OK):
        """After the lease of the one that was killed."""
        return self.agent.resume("once", expect=expect)


class ALookThatWaits(SettlingCase):
    def test_goes_as_far_back_as_one_that_does_not(self):
        """The list's first page comes long after the look began: by then the create is older."""
        self.lose(1)
        for n in range(2):
            self.post(100, title=f"Another {n}")
        for nth in (1, 2):
            self.sandbox.fault("429", match={"method": "GET", "path": "/v1/partner/jobs"}, nth=nth,
                               times=1, value=14)
        self.once()
        titles = [job["title"] for job in self.sandbox.jobs()]
        self.assertEqual(titles.count("Engineer 1"), 1)


class RowsThatAreGoneMeanwhile(SettlingCase):
    def test_once_closes_what_was_removed_while_it_was_uncertain_before_it_says_converged(self):
        self.lose(3)
        self.db.psql("UPDATE job SET deleted_at = now() WHERE id <= 2")
        self.once()
        self.assert_mirrored()
        self.assertEqual(len(self.sandbox.jobs()), 3)

    def test_backfill_does_so_too_for_rows_that_were_deleted(self):
        self.lose(3)
        self.db.psql("DELETE FROM job WHERE id <= 2")
        self.agent.run("backfill")
        self.assert_mirrored()

    def test_once_sends_what_turned_out_not_to_have_been_applied(self):
        self.lose(3, fault="timeout")
        self.once()
        self.assert_mirrored()


class WhatALookCosts(SettlingCase):
    """Among jobs that may be as young as the lost ones, by the clocks' margin."""

    def setUp(self):
        super().setUp()
        self.fill(250, first=1000)
        self.agent.run("once")

    def pages(self):
        return len([r for r in self.sandbox.requests("GET") if r["path"].endswith("/jobs")])

    def test_it_ends_where_each_has_its_job(self):
        self.lose(5)
        self.once()
        self.assertEqual(self.pages(), 1)
        self.assert_mirrored()

    def test_a_job_that_another_row_has_is_not_its_job(self):
        """It is newer and says the same: the list is followed to the lost one behind it."""
        self.lose(1)
        lost = self.one_called("Engineer 1")
        self.post(99)
        self.post(1, title="Engineer 1", description="A good job.", salary_min=9000)
        newer = self.one_called("Engineer 1", but=lost)
        self.db.psql(f"UPDATE qudra_sync.job SET job_id = '{newer}' WHERE source_key = '1000'")
        self.once()
        self.assertEqual(self.pages(), 2)
        self.assertEqual(self.db.value("SELECT job_id FROM qudra_sync.job WHERE source_key = '1'"),
                         lost)

    def one_called(self, title, but=None):
        [job] = [job["id"] for job in self.sandbox.jobs() if job["title"] == title
                 and job["id"] != but]
        return job


class AListThatIsLate(SettlingCase):
    """Creates that the list shows seconds later are waited for, from when their answer was lost."""

    sandbox_options = (*MirrorCase.sandbox_options, "--list-delay-ms", "4000")

    def new_agent(self, **options):
        agent = super().new_agent(**options)
        agent.configure(qudra={"settle_wait": "6s"})
        return agent

    def setUp(self):
        super().setUp()
        self.fill(1, first=100)
        self.agent.run("once")

    def journal_early(self):
        """As parts of a request that was refused whole are, which then wait for the limit."""
        self.db.psql("""
            CREATE FUNCTION public.back() RETURNS trigger LANGUAGE plpgsql AS
                $$BEGIN NEW.sent_at := NEW.sent_at - interval '1 hour'; RETURN NEW; END$$;
            CREATE TRIGGER back BEFORE INSERT ON qudra_sync.create_attempt
                FOR EACH ROW EXECUTE FUNCTION public.back()""")

    def test_though_they_were_journalled_long_before_they_left(self):
        self.journal_early()
        self.fill(3)
        self.sandbox.fault("reset_after", match={"method": "POST"}, times=1)
        self.agent.run("once")
        self.assert_mirrored()
        self.assertEqual(len(self.sandbox.jobs()), 4)

    def test_though_the_agent_died_with_them(self):
        self.journal_early()
        self.lose(3)
        self.agent.run("backfill")
        self.assert_mirrored()
        self.assertEqual(len(self.sandbox.jobs()), 4)

    def test_and_no_older_job_of_the_same_words_is_taken_meanwhile(self):
        self.post(1, title="Engineer 1", description="A good job.", salary_min=9000)
        [older] = [job["id"] for job in self.sandbox.jobs() if job["title"] == "Engineer 1"]
        self.sandbox.admin("clock", {"offset_ms": 3600 * 1000})
        self.fill(1)
        self.sandbox.fault("reset_after", match={"method": "POST"}, times=1)
        self.agent.run("once")
        self.assertNotEqual(older, self.db.value("SELECT job_id FROM qudra_sync.job "
                                                 "WHERE source_key = '1'"))
        self.assertEqual(len(self.sandbox.jobs()), 3)

    def test_an_older_one_is_taken_where_none_comes(self):
        self.post(1, title="Engineer 1", description="A good job.", salary_min=9000)
        self.sandbox.admin("clock", {"offset_ms": 3600 * 1000})
        self.fill(1)
        self.sandbox.fault("timeout", match={"method": "POST"}, times=1)
        self.agent.run("once")
        self.assert_mirrored()
        self.assertEqual(len(self.sandbox.jobs()), 2)

    def test_not_longer_though_the_agent_comes_back_hours_later(self):
        self.lose(3, fault="timeout")
        self.db.psql("UPDATE qudra_sync.create_attempt SET sent_at = sent_at - interval '2 hours'")
        self.db.psql("DELETE FROM qudra_sync.agent; UPDATE qudra_sync.account "
                     "SET holder = NULL, held_until = now() - interval '1 hour'")
        self.agent.configure(qudra={"settle_wait": "40s"})
        self.agent.run("once")
        self.assert_mirrored()


class AListWithoutACursor(SettlingCase):
    """The list ends after a hundred jobs, without a word on whether there are more."""

    sandbox_options = (*MirrorCase.sandbox_options, "--list-name", "top")

    def test_what_is_not_among_the_hundred_is_not_taken_for_missing(self):
        self.lose(5)
        self.post(98)
        self.once(expect=ROWS_LEFT)
        self.assertEqual(len(self.sandbox.jobs()), 103)
        states = Counter(self.states().values())
        self.assertEqual(states, {"synced": 2, "uncertain": 3})


class AClockThatIsSet(SettlingCase):
    """Qudra's against ours, by a day, while creates are on their way that others are before."""

    def set_to(self, days):
        self.sandbox.admin("clock", {"offset_ms": days * 86400000})
        self.lose(5)
        self.post(100)
        self.once()
        self.assertEqual(len(self.sandbox.jobs()), 105)
        self.assertEqual(set(self.states().values()), {"synced"})

    def test_forward(self):
        self.set_to(1)

    def test_back(self):
        self.set_to(-1)


class AListThatIsTorn(SettlingCase):
    """Qudra's list never comes to its end: each page leads to itself."""

    def setUp(self):
        super().setUp()
        self.fill(120, first=1000)
        self.agent.run("backfill")

    def tear(self):
        self.sandbox.fault("repeat_page", match={"method": "GET"})

    def test_what_is_found_for_certain_is_bound_all_the_same(self):
        self.lose(5)
        self.tear()
        self.once()
        self.assert_mirrored()

    def test_what_is_not_found_stays_uncertain_and_once_ends_and_says_so(self):
        self.lose(5, fault="timeout")
        self.tear()
        done = self.once(expect=ROWS_LEFT)
        self.assertIn("cannot be read to its end", done.stderr)
        self.assertEqual(self.db.value("SELECT count(*) FROM qudra_sync.job "
                                       "WHERE state = 'uncertain'"), 5)
        self.sandbox.no_faults()
        self.once()
        self.assert_mirrored()


if __name__ == "__main__":
    unittest.main()
