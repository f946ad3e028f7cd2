"""`update_method: PUT` (Part B): whether PUT replaces the job or merges into it, the mirror is exact."""

import unittest

from harness import MirrorCase


class Put(MirrorCase):
    sandbox_options = (*MirrorCase.sandbox_options, "--update", "put")

    def setUp(self):
        super().setUp()
        self.agent.configure(qudra={"endpoints": {"update_method": "PUT"}})
        self.fill(4)
        self.agent.run("once")

    def closed(self):
        return {job["title"]: job for job in self.sandbox.live() if job["status"] == "closed"}

    def test_an_edit_carries_the_whole_job(self):
        self.db.psql("UPDATE job SET title = 'Senior engineer' WHERE id = 2")
        self.agent.run("once")
        self.assert_mirrored()
        self.assertEqual(len(self.sandbox.requests("PUT")), 1)

    def test_what_became_empty_is_empty_there(self):
        self.db.psql("UPDATE job SET body = NULL WHERE id = 1; "
                     "UPDATE job SET contract = 'part_time', pay = NULL WHERE id = 2")
        self.agent.run("once")
        jobs = {job["title"]: job for job in self.sandbox.live()}
        self.assertFalse(jobs["Engineer 1"].get("description"))
        self.assertIsNone(jobs["Engineer 2"].get("salary_min"))

    def test_a_row_that_is_gone_closes_its_job_and_leaves_the_rest_of_it(self):
        self.db.psql("DELETE FROM job WHERE id = 3")
        self.agent.run("backfill")
        job = self.closed()["Engineer 3"]
        self.assertEqual((job["description"], job["salary_min"]), ("A good job.", 9000))
        self.assert_mirrored()
        with self.no_requests():
            self.agent.run("once")

    def test_a_job_that_was_closed_at_qudra_is_not_closed_again(self):
        self.sandbox.admin(f"jobs/{self.row(3)['job_id']}", {"status": "closed"})
        self.db.psql("DELETE FROM job WHERE id = 3")
        self.agent.run("backfill")
        self.assertEqual(self.row(3)["state"], "removed")
        self.assertEqual(self.sandbox.requests("PUT"), [])

    def test_a_close_whose_reading_failed_is_tried_again(self):
        for fault in ("503", "half_body", "reset_after"):
            self.sandbox.fault(fault, match={"method": "GET"}, times=1, value=0)
        self.db.psql("DELETE FROM job WHERE id = 3")
        self.agent.run("backfill")
        self.assertEqual(set(self.closed()), {"Engineer 3"})
        self.assert_mirrored()

    def test_a_job_that_is_gone_at_qudra_needs_no_close(self):
        self.sandbox.admin(f"jobs/{self.row(3)['job_id']}", {"deleted": True})
        self.db.psql("DELETE FROM job WHERE id = 3")
        self.agent.run("backfill")
        self.assertEqual(self.row(3)["state"], "removed")
        self.assertEqual(self.sandbox.requests("PUT"), [])


class PutThatMerges(Put):
    sandbox_options = (*Put.sandbox_options, "--put", "merge")


if __name__ == "__main__":
    unittest.main()
