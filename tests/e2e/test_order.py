"""When requests or new jobs are short: what is most urgent goes first, over the whole table."""

import unittest

from harness import MirrorCase, eventually


class Order(MirrorCase):
    plan = "free"
    MAPPING = MirrorCase.MAPPING.replace("fields:", "  priority: pay DESC\nfields:", 1)

    def methods(self):
        """Of what was sent for jobs, in order: PATCH, POST…"""
        return [r["method"] for r in self.sandbox.log() if r["method"] != "GET"]


class InOnePass(Order):
    def test_closes_before_updates_before_creates(self):
        self.fill(12)
        self.agent.run("backfill")
        sent = len(self.methods())
        self.fill(20, first=100)
        self.db.psql("UPDATE job SET title = 'Edited' WHERE id = 5; "
                     "UPDATE job SET deleted_at = now() WHERE id <= 3")
        self.agent.run("once")
        self.assertEqual(self.methods()[sent:], ["PATCH"] * 4 + ["POST"] * 20)
        self.assertEqual([job["title"] for job in self.sandbox.jobs() if job["status"] == "closed"],
                         ["Engineer 1", "Engineer 2", "Engineer 3"])


class ShortOfQuota(Order):
    sandbox_options = ("--no-limit", "--quota", "10")

    def new_agent(self, **options):
        agent = super().new_agent(**options)
        agent.configure(qudra={"quota": 10})
        return agent

    def best(self, n):
        return self.db.rows(f"SELECT title FROM job ORDER BY pay DESC LIMIT {n}")

    def test_the_best_of_the_whole_table_are_created(self):
        """More rows than a page of the scan, the best of them at its end."""
        self.fill(6000)
        self.db.psql("UPDATE job SET pay = 4000 + id")
        self.agent.run("backfill", expect=65)
        self.assertEqual({job["title"] for job in self.sandbox.live()},
                         {row["title"] for row in self.best(10)})
        self.assertEqual(self.sandbox.stats()["quota_refusals"], 0)

    def test_of_two_mappings_the_better_rows_are_created(self):
        self.db.psql("CREATE TABLE other (LIKE job INCLUDING ALL); "
                     "GRANT SELECT ON other TO qs_agent; "
                     "INSERT INTO other (id, title, pay) SELECT i, 'Other ' || i, 20000 + i "
                     "FROM generate_series(1, 8) AS i")
        self.fill(30)
        self.agent.write("mappings/other.yaml", self.MAPPING.replace("name: jobs", "name: other")
                         .replace("public.job", "public.other"))
        self.agent.run("backfill", expect=65)
        titles = [job["title"] for job in self.sandbox.live()]
        self.assertEqual(len(titles), 10)
        self.assertEqual(sum(title.startswith("Other") for title in titles), 8)


class ShortOfRequests(Order):
    WINDOW_S = 2
    sandbox_options = ("--limit", "10", "--window", str(WINDOW_S), "--quota", "unlimited")

    def test_a_backfill_delays_a_close_by_no_more_than_a_window(self):
        self.fill(3)
        self.agent.run("backfill")
        self.fill(150, first=100)
        running = self.agent.start()
        eventually(lambda: len(self.methods()) >= 3 + 15)
        for key in (1, 2, 3):
            begun = self.sandbox.stats()["requests_total"]
            self.db.psql(f"UPDATE job SET deleted_at = clock_timestamp() WHERE id = {key}")
            eventually(lambda: self.row(key)["state"] == "removed")
            row = self.db.rows("SELECT extract(epoch FROM synced_at - changed_at)::float8 AS s "
                               f"FROM qudra_sync.job WHERE source_key = '{key}'")[0]
            self.assertLess(row["s"], self.WINDOW_S + 1)
            self.assertLessEqual(self.sandbox.stats()["requests_total"] - begun, 2 * 10)
        self.assertIn("pending", self.states().values(), "the backfill was over too soon")
        running.stop()
        self.assertEqual(self.sandbox.stats()["breaches"], 0)


class WhatKeepsComing(Order):
    """Fewer updates than requests: what is less urgent has its turn."""

    WINDOW_S = 2
    sandbox_options = ("--limit", "10", "--window", str(WINDOW_S), "--quota", "unlimited")

    def test_updates_that_keep_coming_do_not_starve_creates(self):
        self.fill(3)
        self.agent.run("backfill")
        self.fill(40, first=100)
        running = self.agent.start()
        created, edits = 3, 0
        while created < 43:
            edits += 1
            self.db.psql(f"UPDATE job SET title = 'Edit {edits} of ' || id WHERE id <= 3")
            before = created
            created = eventually(lambda: (n := len(self.sandbox.live())) > before and n)
        eventually(self.is_mirrored)
        running.stop()
        self.assertGreater(edits, 3)
        self.assertEqual(self.sandbox.stats()["breaches"], 0)

    def test_a_row_that_fails_again_and_again_holds_nobody_up(self):
        self.fill(3)
        self.agent.run("backfill")
        self.sandbox.fault("500", match={"method": "PATCH"})
        self.db.psql("UPDATE job SET title = 'Edited' WHERE id = 1")
        running = self.agent.start()
        eventually(lambda: len(self.sandbox.requests("PATCH")) >= 1)
        self.fill(5, first=100)
        eventually(lambda: len(self.sandbox.live()) == 8)
        self.assertEqual(self.row(1)["state"], "pending")
        running.stop()


if __name__ == "__main__":
    unittest.main()
