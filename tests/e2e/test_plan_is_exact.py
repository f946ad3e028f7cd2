"""What `plan` counts is what `backfill` then does, request for request."""

import os
import random
import unittest

from harness import OK, ROWS_LEFT, MirrorCase, eventually
from test_plan_file import PlanFile


class Exact(MirrorCase):
    QUOTA = None
    MAPPING = MirrorCase.MAPPING.replace("fields:", "  priority: pay DESC\nfields:", 1)

    def setUp(self):
        super().setUp()
        if self.QUOTA is not None:
            self.agent.configure(qudra={"quota": self.QUOTA})

    def foretell(self):
        with self.no_requests():
            return self.agent.run("plan", "--json").json

    def counts(self):
        """Of the sandbox: requests that carry jobs by method, jobs created."""
        sent = [r["method"] for r in self.sandbox.log() if r["method"] != "GET"]
        return {"PATCH": sent.count("PATCH"), "DELETE": sent.count("DELETE"), "all": len(sent),
                "created": self.sandbox.stats()["jobs"]["created"],
                "deferred": list(self.states().values()).count("deferred")}

    def assert_done_as_planned(self, plan, expect=(OK, ROWS_LEFT)):
        before = self.counts()
        self.agent.run("backfill", expect=expect)
        after = self.counts()
        held = sum(account["removals_held"] for account in plan["accounts"])
        self.assertEqual(
            {"requests": after["all"] - before["all"],
             "PATCH": after["PATCH"] - before["PATCH"],
             "DELETE": after["DELETE"] - before["DELETE"],
             "created": after["created"] - before["created"],
             "deferred": after["deferred"]},
            {"requests": plan["requests"],
             "PATCH": plan["update"] + plan["close"] - (held if plan["close"] else 0),
             "DELETE": plan["delete"] - (held if plan["delete"] else 0),
             "created": plan["create"] - plan["deferred"],
             "deferred": plan["deferred"]}, plan)

    def change(self):
        """Edits, removals, reposts, new rows."""
        self.fill(250)
        self.agent.run("backfill")
        self.db.psql("UPDATE job SET title = 'Edited ' || id WHERE id <= 7; "
                     "DELETE FROM job WHERE id BETWEEN 11 AND 13; "
                     "UPDATE job SET deleted_at = now() WHERE id = 14; "
                     "UPDATE job SET id = id + 1000 WHERE id BETWEEN 21 AND 60")
        self.fill(130, first=2000)


class EnoughOfAll(Exact):
    def test_a_repost_is_a_new_binding_and_no_request(self):
        self.change()
        plan = self.foretell()
        self.assertEqual([plan[n] for n in ("create", "update", "close", "rebind", "requests")],
                         [130, 7, 4, 40, 7 + 4 + 2])
        self.assert_done_as_planned(plan)
        self.assert_mirrored()

    def test_it_is_told_in_words(self):
        self.change()
        self.assertRegex(self.agent.run("plan").stdout, r"rebind +40 ")
        self.assertIn("rebind   jobs 1021: the job of jobs 21\n",
                      self.agent.run("plan", "--detail").stdout)

    def test_a_whole_table_under_new_keys(self):
        self.fill(40)
        self.agent.run("backfill")
        self.db.psql("UPDATE job SET id = id + 1000")
        plan = self.foretell()
        self.assertEqual([plan[n] for n in ("create", "close", "rebind", "requests")],
                         [0, 0, 40, 0])
        self.assertFalse(plan["removals_held"])
        self.assert_done_as_planned(plan)

    def test_removals_that_the_guard_holds_take_no_request(self):
        self.fill(40)
        self.agent.run("backfill")
        self.db.psql("DELETE FROM job WHERE id > 25; UPDATE job SET title = 'Edited' WHERE id = 1")
        plan = self.foretell()
        self.assertEqual((plan["close"], plan["requests"]), (15, 1))
        self.assert_done_as_planned(plan)
        again = self.foretell()  # they are held, and nothing else is to be done
        self.assertEqual((again["close"], again["requests"]), (0, 0))
        self.db.psql("INSERT INTO job (id, title) VALUES (99, 'Engineer 40')")
        self.assertEqual(self.foretell()["rebind"], 1)
        self.assert_done_as_planned(self.foretell())

    def test_rows_that_have_not_been_gone_for_long_enough_stay(self):
        self.agent.write("mappings/jobs.yaml",
                         self.MAPPING.replace("fields:", "  remove_after: 1h\nfields:", 1))
        self.change()
        plan = self.foretell()
        self.assertEqual((plan["close"], plan["rebind"]), (0, 40))
        self.assert_done_as_planned(plan)
        self.db.psql("UPDATE qudra_sync.job SET gone_at = gone_at - interval '2 hours' "
                     "WHERE source_key IN ('11', '12')")
        plan = self.foretell()
        self.assertEqual((plan["close"], plan["requests"]), (2, 2))
        self.assert_done_as_planned(plan)

    def test_what_an_interrupted_backfill_left_behind(self):
        self.change()
        self.sandbox.options(latency_ms=300)
        self.agent.configure(qudra={"concurrency": 1})
        running = self.agent.start("backfill")
        eventually(lambda: len(self.sandbox.requests("PATCH")) >= 2)
        running.stop()
        self.sandbox.options(latency_ms=0)
        plan = self.foretell()
        self.assertGreater(plan["close"] + plan["update"], 5)
        self.assertEqual(plan["create"], 130)
        self.assert_done_as_planned(plan)
        self.assert_mirrored()


class WrittenBack(Exact):
    TABLE = Exact.TABLE + "ALTER TABLE job ADD job_id text; GRANT UPDATE (job_id) ON job TO qs_agent;"
    MAPPING = Exact.MAPPING.replace("fields:", "  write_back: {job_id: job_id}\nfields:", 1)

    def test_a_new_binding_is_confirmed_by_an_update(self):
        self.change()
        plan = self.foretell()
        self.assertEqual((plan["rebind"], plan["update"]), (40, 7 + 40))
        self.assert_done_as_planned(plan)


class TwoMappings(Exact):
    QUOTA = 1000

    def setUp(self):
        super().setUp()
        self.db.psql("CREATE TABLE other (LIKE job INCLUDING ALL); "
                     "GRANT SELECT ON other TO qs_agent")
        self.agent.write("mappings/other.yaml", self.MAPPING.replace("name: jobs", "name: other")
                         .replace("public.job", "public.other"))

    def move(self, source, target):
        self.db.psql(f"INSERT INTO {target} SELECT * FROM {source} WHERE id <= 3; "
                     f"DELETE FROM {source} WHERE id <= 3")

    def test_a_row_that_moves_to_a_mapping_with_an_earlier_pass_keeps_its_job(self):
        self.db.psql("INSERT INTO other (id, title) SELECT i, 'Engineer ' || i "
                     "FROM generate_series(1, 20) AS i")
        self.agent.run("backfill")
        self.move("other", "job")
        plan = self.foretell()
        self.assertEqual((plan["rebind"], plan["requests"]), (3, 0))
        self.assert_done_as_planned(plan)

    def test_one_that_moves_to_a_later_one_does_not(self):
        self.fill(20)
        self.agent.run("backfill")
        self.move("job", "other")
        plan = self.foretell()
        self.assertEqual((plan["rebind"], plan["requests"]), (0, 4))
        self.assert_done_as_planned(plan)


class ShortOfQuota(Exact):
    QUOTA = 300
    sandbox_options = ("--no-limit", "--quota", str(QUOTA))

    def test_creates_that_wait_are_told_apart(self):
        self.change()
        plan = self.foretell()
        self.assertEqual([plan[n] for n in ("create", "deferred", "rebind", "requests",
                                            "deferred_requests")],
                         [130, 80, 40, 7 + 4 + 1, 1])
        self.assert_done_as_planned(plan)
        again = self.foretell()
        self.assertEqual((again["requests"], again["deferred"]), (0, 80))

    def test_a_repost_needs_no_quota(self):
        """Its new row is the best of all, and takes nobody's place."""
        self.change()
        self.db.psql("UPDATE job SET pay = 20000 + id WHERE id >= 2000")
        plan = self.foretell()
        self.assertEqual(plan["accounts"][0]["first_to_wait"]["key"], "2079")
        self.assert_done_as_planned(plan)
        self.assertEqual((self.states()["2079"], self.states()["2080"]), ("deferred", "synced"))


class OneByOne(ShortOfQuota):
    plan = "free"

    def test_creates_that_wait_are_told_apart(self):
        self.change()
        plan = self.foretell()
        self.assertEqual((plan["requests"], plan["deferred_requests"]), (7 + 4 + 50, 80))
        self.assert_done_as_planned(plan)


class AtRandom(Exact):
    """Whatever is done to the table between two backfills. QS_SEED repeats one that failed."""

    QUOTA = 160
    sandbox_options = ("--no-limit", "--quota", str(QUOTA))
    EDITS = (
        "UPDATE job SET title = 'Edit {n} of ' || id WHERE id % {a} = {b}",
        "UPDATE job SET pay = pay + 1 WHERE id % {a} = {b}",
        "UPDATE job SET id = id + 1000000 WHERE id % {a} = {b} AND id < 1000000",
        "DELETE FROM job WHERE id % {a} = {b}",
        "UPDATE job SET deleted_at = now() WHERE id % {a} = {b}",
        "UPDATE job SET deleted_at = NULL WHERE id % {a} = {b}",
        "UPDATE job SET open = NOT open WHERE id % {a} = {b}",
        "UPDATE job SET title = 'no' WHERE id % {a} = {b}",
        "INSERT INTO job (id, title) SELECT {n} * 1000 + i, 'New {n} ' || i "
        "FROM generate_series(1, {c}) AS i",
        "INSERT INTO job (id, title) SELECT {n} * 1000 + 500 + i, 'Twin' "
        "FROM generate_series(1, 3) AS i",
    )

    def test_it_is_done_as_planned(self):
        seed = int(os.environ.get("QS_SEED", 1))
        chance = random.Random(seed)
        self.fill(60)
        for n in range(1, 13):
            edits = [edit.format(n=n, a=chance.randint(9, 30), b=chance.randint(0, 8),
                                 c=chance.randint(1, 40))
                     for edit in chance.sample(self.EDITS, chance.randint(1, 5))]
            self.db.psql("; ".join(edits))
            with self.subTest(seed=seed, round=n, edits=edits):
                self.assert_done_as_planned(self.foretell())


class AtRandomOneByOne(AtRandom):
    plan = "free"
    MAPPING = AtRandom.MAPPING.replace("fields:", "  on_removed: delete\nfields:", 1)


class Followed(PlanFile):
    def test_a_job_goes_to_the_new_row(self):
        self.fill(20)
        self.agent.run("backfill")
        before = {job["id"] for job in self.sandbox.live()}
        self.db.psql("UPDATE job SET id = id + 100 WHERE id <= 4")
        rows = self.make()[1]
        self.assertEqual([(row["key"], row["operation"], row["from"]) for row in rows],
                         [(str(100 + i), "create", {"mapping": "jobs", "key": str(i)})
                          for i in range(1, 5)])
        sent = len(self.sent())
        self.assertEqual(self.follow("--json").json["plan"]["left"], 0)
        self.assertEqual(len(self.sent()), sent)
        self.assertEqual({job["id"] for job in self.sandbox.open()}, before)
        self.assert_mirrored()

    def test_one_that_is_not_to_be_had_any_more_is_left_and_listed(self):
        self.fill(20)
        self.agent.run("backfill")
        self.db.psql("UPDATE job SET id = id + 100 WHERE id <= 2")
        self.make()
        self.db.psql("INSERT INTO job (id, title) VALUES (1, 'Engineer 1'); "
                     "UPDATE qudra_sync.job SET synced_hash = NULL WHERE source_key = '2'")
        sent = len(self.sent())
        left = self.follow("--json", expect=ROWS_LEFT).json["left"]
        self.assertEqual({row["key"]: row["reason"] for row in left},
                         {"101": "the row whose job it was to take over is back",
                          "102": "the job that it was to take over has changed"})
        self.assertEqual(len(self.sent()), sent)


if __name__ == "__main__":
    unittest.main()
