"""A bulk answer without index and in any order, in which some items failed: whose failure it is cannot be
told from where it stands."""

import unittest

from harness import MirrorCase


class SomeFailed(MirrorCase):
    sandbox_options = ("--no-limit", "--bulk-no-index", "--bulk-shuffle")

    def test_the_quota_ends_within_the_request(self):
        self.sandbox.options(quota=30)
        self.fill(60)
        self.agent.run("once", expect=None)
        self.assertEqual(self.sandbox.stats()["jobs"]["created"], 30)
        self.sandbox.options(quota="unlimited")
        self.agent.configure(qudra={"quota": "1000"})
        self.agent.run("once")
        self.assert_mirrored()

    def test_every_second_item_fails(self):
        self.sandbox.options(quota="unlimited")
        self.sandbox.fault("mixed_207", match={"method": "POST"}, times=1)
        self.fill(60)
        self.agent.run("once", expect=None)
        self.agent.run("retry", expect=None)
        self.agent.run("once")
        self.assert_mirrored()


class TextsThatComeBackChanged(MirrorCase):
    """All of them: only their words tell whose a job is."""

    sandbox_options = ("--no-limit", "--quota", "unlimited", "--bulk-no-index", "--bulk-shuffle",
                       "--normalise", "trim,fold")

    def test_each_row_gets_the_job_that_says_what_it_says(self):
        self.db.psql("INSERT INTO job (id, title) SELECT i, 'Job  ' || i "
                     "FROM generate_series(1, 30) i")
        self.agent.run("once")
        titles = {job["id"]: job["title"] for job in self.sandbox.jobs()}
        rows = self.db.rows("SELECT source_key, job_id FROM qudra_sync.job")
        self.assertEqual({row["source_key"]: titles[row["job_id"]] for row in rows},
                         {str(i): f"Job {i}" for i in range(1, 31)})


if __name__ == "__main__":
    unittest.main()
