"""`plan --out` and `backfill --plan`: what was planned is done, and nothing that changed since."""

import json
import signal
import unittest

from harness import CONFIG, OK, ROWS_LEFT, USAGE, MirrorCase, eventually

PLAN = "plan.jsonl"


class PlanFile(MirrorCase):
    def make(self, *words):
        """Makes the file; its head, its operations and its end."""
        self.agent.run("plan", "--out", PLAN, *words)
        return self.lines()

    def lines(self):
        head, *rows, end = map(json.loads, self.file().read_text().splitlines())
        return head, rows, end

    def file(self):
        return self.agent.folder / PLAN

    def follow(self, *words, expect=OK):
        return self.agent.run("backfill", "--plan", PLAN, *words, expect=expect)

    def sent(self):
        return [(r["method"], r["status"]) for r in self.sandbox.log() if r["method"] != "GET"]

    def titles(self):
        return {job["title"] for job in self.sandbox.live()}


class TheFile(PlanFile):
    def test_it_says_what_each_row_was_decided_against(self):
        self.fill(3)
        self.agent.run("backfill")
        self.db.psql("UPDATE job SET title = 'Edited' WHERE id = 1; DELETE FROM job WHERE id = 2; "
                     "INSERT INTO job (id, title) VALUES (9, 'New one')")
        head, rows, end = self.make()
        self.assertEqual((head["qudra_sync_plan"], head["mappings"][0]["name"]), (1, "jobs"))
        self.assertEqual(head["accounts"], [{"name": "default", "environment": "sandbox"}])
        self.assertRegex(head["made_at"], r"^20\d\d-")
        by_key = {row["key"]: row for row in rows}
        self.assertEqual({key: row["operation"] for key, row in by_key.items()},
                         {"1": "update", "2": "close", "9": "create"})
        self.assertRegex(by_key["1"]["hash"], "^[0-9a-f]{32}$")
        self.assertRegex(by_key["1"]["against"], "^[0-9a-f]{32}$")
        self.assertNotEqual(by_key["1"]["hash"], by_key["1"]["against"])
        self.assertIsNone(by_key["2"]["hash"])
        self.assertIsNone(by_key["9"]["against"])
        self.assertEqual((end["operations"], end["mappings"]), (3, [{"rows": 3, "mirrored": 3}]))


class Followed(PlanFile):
    def test_it_does_all_of_it_and_then_nothing(self):
        self.fill(250)
        self.agent.run("backfill")
        self.db.psql("UPDATE job SET title = 'Edited ' || id WHERE id <= 20; "
                     "DELETE FROM job WHERE id BETWEEN 50 AND 54")
        self.fill(120, first=1000)
        planned = self.make()[2]["operations"]
        self.assertEqual(planned, 20 + 5 + 120)
        done = self.follow("--json").json
        self.assertEqual((done["updated"], done["closed"], done["created"]), (20, 5, 120))
        self.assertEqual((done["plan"]["due"], done["plan"]["left"]), (planned, 0))
        self.assert_mirrored()
        again = self.follow("--json").json
        self.assertEqual((again["requests"], again["plan"]["done_before"]), (0, planned))
        self.assertEqual(self.db.value("SELECT count(*) FROM qudra_sync.planned"), 0)

    def test_rows_that_are_not_in_it_are_left_alone(self):
        self.fill(5)
        self.make()
        self.fill(3, first=100)
        self.follow()
        self.assertEqual(self.titles(), {f"Engineer {i}" for i in range(1, 6)})
        self.agent.run("backfill")
        self.assert_mirrored()

    def test_a_row_that_was_pending_already_waits_for_another_pass(self):
        self.fill(5)
        self.make()
        self.agent.configure(qudra={"quota": 0})
        self.fill(3, first=100)
        self.agent.run("backfill", expect=ROWS_LEFT)
        self.db.psql("UPDATE qudra_sync.job SET state = 'pending'")
        self.agent.configure(qudra={"quota": "unlimited"})
        self.follow()
        self.assertEqual(self.titles(), {f"Engineer {i}" for i in range(1, 6)})

    def test_a_plan_longer_than_a_page_is_followed_to_its_end(self):
        self.fill(2500)
        self.make()
        self.follow()
        self.assert_mirrored()

    def test_the_most_urgent_go_first(self):
        self.fill(30)
        self.agent.run("backfill")
        self.fill(5, first=100)
        self.db.psql("UPDATE job SET title = 'Edited' WHERE id = 7; DELETE FROM job WHERE id = 3")
        self.make()
        before = len(self.sent())
        self.follow()
        self.assertEqual([method for method, _ in self.sent()[before:]], ["PATCH", "PATCH", "POST"])
        self.assertEqual(self.row(3)["job_status"], "closed")

    def test_killed_in_the_middle_it_goes_on(self):
        self.sandbox.options(latency_ms=40)
        self.fill(900)
        self.make()
        self.agent.configure(qudra={"concurrency": 1})
        self.agent.start("backfill", "--plan", PLAN)
        eventually(lambda: len(self.sandbox.jobs()) >= 300)
        self.agent.running[-1].kill()
        self.agent.resume("backfill", "--plan", PLAN)
        self.assert_mirrored()

    def test_stopped_in_the_middle_it_goes_on(self):
        self.sandbox.options(latency_ms=40)
        self.fill(300)
        self.agent.run("backfill")
        self.db.psql("UPDATE job SET title = 'Edited ' || id; DELETE FROM job WHERE id > 280")
        self.make()
        self.agent.configure(qudra={"concurrency": 1})
        running = self.agent.start("backfill", "--plan", PLAN)
        eventually(lambda: len(self.sandbox.requests("PATCH")) >= 40)
        running.send(signal.SIGTERM)
        self.assertIn(running.wait(), (OK, ROWS_LEFT))
        done = self.follow("--json").json
        self.assertGreater(done["plan"]["done_before"], 30)
        self.assertEqual(done["plan"]["left"], 0)
        self.assert_mirrored()


class ChangedSince(PlanFile):
    def left(self, done):
        return {row["key"]: (row["planned"], row["now"], row["reason"])
                for row in done.json["left"]}

    def test_such_rows_are_left_alone_and_listed(self):
        self.fill(10)
        self.agent.run("backfill")
        self.db.psql("UPDATE job SET title = 'Edited ' || id WHERE id <= 4; "
                     "DELETE FROM job WHERE id IN (8, 9)")
        self.fill(3, first=100)
        self.make()
        self.db.psql("UPDATE job SET title = 'Edited again' WHERE id = 1; "
                     "UPDATE job SET title = 'Engineer 2' WHERE id = 2; "
                     "UPDATE job SET title = 'no' WHERE id = 3; "
                     "INSERT INTO job (id, title) VALUES (8, 'Engineer 8'); "
                     "DELETE FROM job WHERE id = 100")
        before = len(self.sent())
        done = self.follow("--json", expect=ROWS_LEFT)
        self.assertEqual(self.left(done), {
            "1": ("update", "update", "its content has changed"),
            "2": ("update", None, "its content has changed"),
            "3": ("update", "refuse", "title.too_short"),
            "8": ("close", None, "the row is back"),
            "100": ("create", None, "the row is gone")})
        self.assertEqual((done.json["plan"]["left"], done.json["updated"], done.json["closed"],
                          done.json["created"]), (5, 1, 1, 2))
        self.assertEqual(len(self.sent()) - before, 1 + 1 + 1)
        self.assertEqual(self.titles() & {"Edited 4", "Edited again", "no"}, {"Edited 4"})

    def test_a_person_can_read_it(self):
        self.fill(2)
        self.make()
        self.db.psql("UPDATE job SET title = 'Edited' WHERE id = 1")
        said = self.follow(expect=ROWS_LEFT).stdout
        self.assertIn("left alone: jobs 1: planned create, now create (its content has changed)",
                      said)
        self.assertIn("1 were due, 0 done before, 1 left alone", said)

    def test_a_job_that_changed_at_qudra_since_is_left_alone(self):
        self.fill(3)
        self.agent.run("backfill")
        self.db.psql("UPDATE job SET title = 'Edited' WHERE id = 1")
        self.make()
        self.db.psql("UPDATE job SET title = 'Meanwhile' WHERE id = 1")
        self.agent.run("once")
        self.db.psql("UPDATE job SET title = 'Edited' WHERE id = 1")
        done = self.follow("--json", expect=ROWS_LEFT)
        self.assertEqual(self.left(done), {"1": ("update", "update", "its job has changed")})

    def test_a_row_that_changes_while_it_waits_is_left_alone(self):
        self.sandbox.options(latency_ms=100)
        self.fill(300)
        self.agent.run("backfill")
        self.db.psql("UPDATE job SET title = 'Edited ' || id")
        self.make()
        self.agent.configure(qudra={"concurrency": 1})
        running = self.agent.start("backfill", "--plan", PLAN, "--json")
        eventually(lambda: len(self.sandbox.requests("PATCH")) >= 3)
        self.db.psql("UPDATE job SET title = 'Late' WHERE id IN (SELECT id FROM job j JOIN "
                     "qudra_sync.job q ON q.source_key = j.id::text "
                     "ORDER BY q.priority DESC NULLS FIRST, q.source_key DESC LIMIT 1)")
        self.sandbox.options(latency_ms=0)
        self.assertEqual(running.wait(), ROWS_LEFT)
        left = json.loads(running.log.splitlines()[0])["left"]
        self.assertEqual([(row["key"], row["now"], row["reason"]) for row in left],
                         [("99", "update", "it changed before it was sent")])
        self.assertNotIn("Late", self.titles())


class TheGuard(PlanFile):
    def test_removals_that_were_planned_as_held_are_left_alone(self):
        self.fill(40)
        self.agent.run("backfill")
        self.db.psql("DELETE FROM job WHERE id > 20; UPDATE job SET title = 'Edited' WHERE id = 1")
        self.make()
        done = self.follow("--json", expect=ROWS_LEFT).json
        self.assertEqual({row["reason"] for row in done["left"]}, {"held by the removal guard"})
        self.assertEqual((done["plan"]["left"], done["updated"], done["closed"]), (20, 1, 0))
        self.assertEqual(len([j for j in self.sandbox.live() if j["status"] == "active"]), 40)

    def test_an_emptied_table_removes_nothing(self):
        self.fill(4)
        self.agent.run("backfill")
        self.db.psql("DELETE FROM job")
        self.make()
        self.assertEqual(self.follow("--json", expect=ROWS_LEFT).json["plan"]["left"], 4)


class Refused(PlanFile):
    def setUp(self):
        super().setUp()
        self.fill(30)
        self.make()

    def refused(self, why, expect=CONFIG):
        with self.no_requests():
            done = self.follow(expect=expect)
        self.assertRegex(done.stderr, why)
        self.assertEqual(self.states(), {})

    def test_a_cut_file_is_refused_whole(self):
        text = self.file().read_text()
        for cut in (0, 1, len(text) // 3, len(text) - len(text.splitlines()[-1]) - 1,
                    len(text) - 1):
            self.file().write_text(text[:cut])
            self.refused("is no whole plan")

    def test_an_edited_file_is_refused_whole(self):
        lines = self.file().read_text().splitlines(keepends=True)
        edits = {"without a row": lines[:3] + lines[4:],
                 "another key": [line.replace('"key":"7"', '"key":"8"') for line in lines],
                 "another operation": [line.replace('"create"', '"delete"') for line in lines],
                 "more behind it": lines + lines[1:2],
                 "no JSON": lines[:5] + ["{\n"] + lines[5:]}
        for name, edited in edits.items():
            with self.subTest(name):
                self.file().write_text("".join(edited))
                self.refused("is no whole plan")

    def test_another_version_is_told(self):
        self.file().write_text(self.file().read_text().replace('plan":1', 'plan":2', 1))
        self.refused("another version of qudra-sync")

    def test_no_file_is_a_mistake_of_the_command_line(self):
        self.file().unlink()
        self.refused("cannot read", expect=USAGE)

    def test_a_changed_mapping_is_refused(self):
        self.agent.write("mappings/jobs.yaml", self.MAPPING.replace("{column: body}",
                                                                    "{column: title}"))
        self.refused('mapping "jobs" has been changed since the plan was made')

    def test_a_mapping_that_is_not_there_is_refused(self):
        self.agent.write("mappings/jobs.yaml", self.MAPPING.replace("name: jobs", "name: other"))
        self.refused('no mapping is called "jobs"')

    def test_another_environment_is_refused(self):
        self.agent.write_key("qk_live_harness")
        self.refused("made for the sandbox environment, and the key is for production")

    def test_another_account_is_refused(self):
        self.agent.configure(accounts=[{"name": "other", "api_key_file": "key"}])
        self.agent.config["qudra"].pop("api_key_file")
        self.agent.configure()
        self.refused('the plan is for account "default"')

    def test_another_source_is_refused(self):
        other = self.server.database(self.db.name + "x")
        self.addCleanup(other.drop)
        other.create_agent_role()
        other.psql(self.TABLE)
        self.agent.configure(database={"source_url": other.url()})
        self.refused("the plan was made of database")


if __name__ == "__main__":
    unittest.main()
