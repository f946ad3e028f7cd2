"""What the reporting commands say: plan, explain, check, migrate."""

import unittest

from harness import CONFIG, OK, ROWS_LEFT, USAGE, MirrorCase

ARABIC = r"[\u0600-\u06ff]{3}"


class Plan(MirrorCase):
    def test_it_counts_what_a_backfill_would_do_and_sends_nothing(self):
        self.fill(250)
        self.db.psql("INSERT INTO job (id, title) VALUES (900, 'no')")
        with self.no_requests():
            plan = self.agent.run("plan", "--json").json
        self.assertEqual((plan["create"], plan["update"], plan["close"], plan["refused"]),
                         (250, 0, 0, 1))
        self.assertEqual(plan["requests"], 3)
        self.assertEqual(self.states(), {}, "plan writes nothing")

    def test_it_does_what_it_said(self):
        self.fill(120)
        self.agent.run("backfill")
        self.db.psql("UPDATE job SET pay = 9500 WHERE id <= 7; "
                     "DELETE FROM job WHERE id IN (50, 51)")
        plan = self.agent.run("plan", "--json").json
        self.assertEqual((plan["create"], plan["update"], plan["close"]), (0, 7, 2))
        self.assertEqual(plan["fields"]["salary_min"], 7)
        before = len([r for r in self.sandbox.requests() if r["method"] != "GET"])
        self.agent.run("backfill")
        after = len([r for r in self.sandbox.requests() if r["method"] != "GET"])
        self.assertEqual(after - before, plan["requests"])

    def test_a_person_can_read_it(self):
        self.fill(20)
        self.db.psql("INSERT INTO job (id, title) VALUES (900, 'no')")
        shown = self.agent.run("plan").stdout
        for said in ("create", "refused", "title", "900", "request", "quota"):
            self.assertRegex(shown, said)

    def test_removals_beyond_the_guard_are_foretold(self):
        self.fill(40)
        self.agent.run("backfill")
        self.db.psql("DELETE FROM job WHERE id > 5")
        self.assertTrue(self.agent.run("plan", "--json").json["removals_held"])

    def test_more_than_the_quota_is_foretold(self):
        self.fill(30)
        self.agent.configure(qudra={"quota": 10})
        self.assertEqual(self.agent.run("plan", "--json").json["deferred"], 20)


class WhatAPlanCosts(MirrorCase):
    sandbox_options = ("--limit", "500", "--quota", "unlimited")
    MAPPING = MirrorCase.MAPPING.replace("fields:", "  priority: pay DESC\nfields:", 1)

    def account(self, *words):
        return self.agent.run("plan", "--json", *words).json["accounts"][0]

    def test_the_rows_that_would_wait_are_those_that_do(self):
        self.fill(30)
        self.db.psql("UPDATE job SET pay = 5000 + id")
        self.agent.configure(qudra={"quota": 10})
        account = self.account()
        self.assertEqual(account["first_to_wait"], {"mapping": "jobs", "key": "20"})
        self.assertIsNotNone(account["quota_runs_out_on"])
        self.assertIn("the first of them: jobs 20", self.agent.run("plan").stdout)
        self.agent.run("backfill", expect=ROWS_LEFT)
        self.assertEqual(self.states()["20"], "deferred")
        self.assertEqual(self.states()["21"], "synced")

    def test_the_present_rate_is_what_the_agent_met(self):
        self.assertIsNone(self.account()["present_requests_a_minute"])
        self.agent.configure(qudra={"headroom": 0})
        self.fill(3)
        self.agent.run("backfill")
        self.assertEqual(self.account()["present_requests_a_minute"], 500)
        self.assertIn("at the present rate (500 a minute)", self.agent.run("plan").stdout)

    def test_each_row_can_be_listed(self):
        self.fill(3)
        self.agent.run("backfill")
        self.db.psql("UPDATE job SET pay = 9500, title = 'Edited' WHERE id = 2; "
                     "INSERT INTO job (id, title) VALUES (9, 'New one'), (900, 'no')")
        lines = self.agent.run("plan", "--detail").stdout.splitlines()
        self.assertIn("create   jobs 9", lines)
        self.assertIn("update   jobs 2: title, salary_min", lines)
        self.assertIn("refuse   jobs 900: title.too_short", lines)

    def test_the_detail_says_what_would_be_sent_and_what_is_wrong(self):
        self.fill(3)
        self.agent.run("backfill")
        self.db.psql("UPDATE job SET pay = 9500, title = 'Edited' WHERE id = 2; "
                     "INSERT INTO job (id, title) VALUES (9, 'New one'), (900, 'no')")
        said = self.agent.run("plan", "--detail").stdout
        self.assertIn("update   jobs 2: title, salary_min\n"
                      "         title: Edited\n         salary_min: 9500\n", said)
        self.assertIn("create   jobs 9\n         title: New one\n", said)
        self.assertRegex(said, r"too_short\n         title has 2 characters; at least 3")


class Explain(MirrorCase):
    def setUp(self):
        super().setUp()
        self.fill(2)
        self.db.psql("INSERT INTO job (id, title, city) VALUES (900, 'no', 'Riyadh')")
        self.agent.run("backfill", expect=ROWS_LEFT)

    def test_a_mirrored_row(self):
        shown = self.agent.run("explain", "jobs", "1", expect=(OK, ROWS_LEFT)).stdout
        for said in ("Engineer 1", "synced", self.row(1)["job_id"], "title", "city"):
            self.assertRegex(shown, said)

    def test_a_refused_row_says_why_in_english_and_arabic(self):
        shown = self.agent.run("explain", "jobs", "900", expect=(OK, ROWS_LEFT)).stdout
        self.assertRegex(shown, "refused")
        self.assertRegex(shown, "title")
        arabic = self.agent.run("explain", "jobs", "900", "--lang", "ar", expect=(OK, ROWS_LEFT))
        self.assertRegex(arabic.stdout, ARABIC)

    def test_a_changed_row_says_what_will_be_sent(self):
        self.db.psql("UPDATE job SET title = 'Edited' WHERE id = 1")
        shown = self.agent.run("explain", "jobs", "1", expect=(OK, ROWS_LEFT)).stdout
        self.assertRegex(shown, "update")
        self.assertRegex(shown, "Edited")

    def test_it_sends_nothing(self):
        with self.no_requests():
            self.agent.run("explain", "jobs", "1", expect=(OK, ROWS_LEFT))

    def test_a_key_that_nobody_knows(self):
        self.assertRegex(self.agent.run("explain", "jobs", "4711", expect=None).text, "4711")

    def test_an_unknown_mapping_gets_the_nearest_name(self):
        self.assertRegex(self.agent.run("explain", "job", "1", expect=USAGE).stderr, "jobs")


class Check(MirrorCase):
    def test_all_is_well(self):
        self.fill(3)
        self.agent.run("check")

    def test_it_changes_nothing_anywhere(self):
        self.fill(3)
        self.agent.run("check")
        self.assertEqual(self.sandbox.jobs(), [])
        self.assertEqual(self.states(), {})

    def test_offline_it_asks_qudra_nothing(self):
        with self.no_requests():
            self.agent.run("check", "--offline")

    def test_it_tells_how_many_rows_would_be_refused_and_which(self):
        self.fill(3)
        self.db.psql("INSERT INTO job (id, title) VALUES (900, 'no')")
        shown = self.agent.run("check", expect=(OK, ROWS_LEFT)).text
        self.assertRegex(shown, "title")
        self.assertRegex(shown, "900")


class WithoutAConfiguration(MirrorCase):
    def test_both_places_and_the_option_are_named(self):
        (self.agent.folder / "agent.yaml").unlink()
        for command in ("check", "status"):
            said = self.agent.run(command, expect=CONFIG).stderr
            for word in ("./agent.yaml", "/etc/qudra-sync/agent.yaml", "-c FILE"):
                self.assertIn(word, said)

    def test_a_variable_that_is_not_set_is_told_once(self):
        self.agent.configure(database={"url": "${NOWHERE}"})
        said = self.agent.run("check", expect=CONFIG).stderr
        self.assertIn('the variable "NOWHERE" is not set', said)
        self.assertIn("1 mistake ", said)
        self.assertNotIn("is required", said)


class Migrate(MirrorCase):
    migrated = False

    def test_it_brings_the_schema_once_and_says_so(self):
        self.agent.run("migrate")
        self.assertRegex(self.agent.run("migrate").text, "up to date")
        self.assertNotRegex(self.agent.run("migrate", "--status").stdout, "not applied")

    def test_status_changes_nothing(self):
        self.assertRegex(self.agent.run("migrate", "--status").stdout, "not applied")
        self.assertEqual(self.db.value("SELECT to_regnamespace('qudra_sync')"), None)

    def test_what_cannot_be_asked_for_together_changes_nothing(self):
        for words in (("--status", "--triggers"), ("--status", "--drop-triggers"),
                      ("--triggers", "--drop-triggers"), ("--role", "somebody"),
                      ("--status", "--role", "somebody")):
            with self.subTest(words):
                self.agent.run("migrate", *words, expect=USAGE)
        self.assertEqual(self.db.value("SELECT to_regnamespace('qudra_sync')"), None)

    def test_a_newer_schema_is_refused(self):
        self.agent.run("migrate")
        self.db.psql("INSERT INTO qudra_sync.migration VALUES (9999, 'from the future', 'x')")
        for command in ("migrate", "once", "status"):
            self.agent.run(command, expect=CONFIG)


if __name__ == "__main__":
    unittest.main()
