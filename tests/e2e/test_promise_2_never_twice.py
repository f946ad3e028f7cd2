"""Promise 2: however the answer to a create is lost, the job is there once, and bound to its row.

One test a fault: the first create request meets it, and whatever the agent then does must end in an
exact mirror without a duplicate. (`make crash` and `make chaos` go further.)
"""

import unittest

from harness import OK, ROWS_LEFT, MirrorCase

FAULTS = ("reset_before", "reset_after", "timeout", "timeout_after", "5xx_after", "502_html",
          "502_html_after", "500", "503", "half_body", "garbage_json", "drop_headers", "slow")
BULK_FAULTS = ("half_applied", "bulk_refused", "mixed_207", "wrong_count", "no_index", "shuffle")


class LostAnswers(MirrorCase):
    def new_agent(self, **options):
        agent = super().new_agent(**options)
        agent.configure(qudra={"timeout": "1s"})
        return agent

    def settle(self, kind):
        self.fill(12)
        self.sandbox.fault(kind, match={"method": "POST"}, times=1,
                           **({"ms": 3000} if kind == "slow" else {}))
        done = self.agent.run("backfill", expect=(OK, ROWS_LEFT))
        self.assertEqual(sum(self.sandbox.stats()["faults"].values()), 1, "the fault did not fire")
        if done.status == OK:  # it says that all is done: then it must be so
            self.assert_mirrored()
        if kind in ("mixed_207", "bulk_refused"):  # refused without a reason: a person says retry
            self.agent.run("retry", expect=(OK, ROWS_LEFT))
        self.agent.run("once", expect=(OK, ROWS_LEFT))
        self.assert_mirrored()
        self.assertEqual(len(self.sandbox.jobs()), 12)
        with self.subTest("and then it is quiet"):
            posts = len(self.sandbox.requests("POST"))
            self.agent.run("once")
            self.assertEqual(len(self.sandbox.requests("POST")), posts)


class LostAnswersOnTheFreePlan(LostAnswers):
    plan = "free"


def add_tests():
    for case, faults in ((LostAnswers, FAULTS + BULK_FAULTS), (LostAnswersOnTheFreePlan, FAULTS)):
        for kind in faults:
            def test(self, kind=kind):
                self.settle(kind)
            name = f"test_{kind}_makes_no_duplicate_and_loses_nothing"
            setattr(case, name, test)
    for kind in BULK_FAULTS:  # inherited, and meaningless where there is no bulk-create
        setattr(LostAnswersOnTheFreePlan, f"test_{kind}_makes_no_duplicate_and_loses_nothing", None)


add_tests()


class EqualRows(MirrorCase):
    def test_rows_of_equal_content_get_a_job_each(self):
        self.db.psql("INSERT INTO job (id, title) SELECT i, 'Twin' FROM generate_series(1, 6) i")
        self.sandbox.fault("reset_after", match={"method": "POST"}, times=1)
        self.agent.run("backfill", expect=(OK, ROWS_LEFT))
        self.agent.run("once")
        self.assertEqual(len(self.sandbox.jobs()), 6)
        bound = self.db.value("SELECT count(DISTINCT job_id) FROM qudra_sync.job")
        self.assertEqual(bound, 6)


if __name__ == "__main__":
    unittest.main()
