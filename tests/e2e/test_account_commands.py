"""Commands over several accounts, which stand in the database: all know them, `--account` narrows."""

import unittest

from accounts import TableAccountsCase
from harness import CONFIG, KEY_REFUSED, OK, ROWS_LEFT, USAGE, eventually
from test_status import on_terminal


class OfTheDatabase(TableAccountsCase):
    employers = ("acme", "najd", "rawda")
    plans = {"rawda": "free"}

    def setUp(self):
        super().setUp()
        for i, name in enumerate(self.employers):
            self.add_row(name, plan=self.plans.get(name, "growth"))
            self.fill(3, first=1 + 100 * i, employer=name)

    def refuse_one(self, name):
        self.db.psql(f"UPDATE job SET title = 'x' WHERE id = "
                     f"(SELECT min(id) FROM job WHERE employer = '{name}')")

    # ---- status --------------------------------------------------------------------------------------

    def status(self, *words):
        return self.agent.run("status", "--json", *words).json

    def names(self, *words):
        return [account["name"] for account in self.status(*words)["accounts"]]

    def make_them_differ(self):
        """najd's key is refused, rawda has a row that is refused, acme has none of it."""
        self.refuse_one("rawda")
        self.key_file(self.agent, "najd", "qk_test_wrong")
        self.agent.run("once", expect=KEY_REFUSED)

    def test_status_has_the_worst_account_first(self):
        self.assertEqual(self.names(), ["acme", "najd", "rawda"])
        self.make_them_differ()
        accounts = {account["name"]: account for account in self.status()["accounts"]}
        self.assertEqual(list(accounts), ["najd", "rawda", "acme"])
        self.assertIn("refuses the key", accounts["najd"]["trouble"])
        self.assertEqual(accounts["najd"]["states"]["pending"], 3)
        self.assertEqual(accounts["rawda"]["states"]["refused"], 1)
        self.assertEqual(accounts["acme"]["states"]["synced"], 3)

    def test_status_shows_a_line_for_each(self):
        self.make_them_differ()
        lines = [line.split() for line in self.agent.run("status").stdout.splitlines()]
        (najd,), (rawda,), (acme,) = (
            [line for line in lines if line[:1] == [name]] for name in ("najd", "rawda", "acme"))
        self.assertLess(lines.index(najd), lines.index(rawda))
        self.assertLess(lines.index(rawda), lines.index(acme))
        self.assertIn("3", najd)
        self.assertIn("none", acme)

    def test_a_terminal_shows_the_worst_of_many_and_a_pipe_all(self):
        self.db.psql("INSERT INTO qudra_sync.account (name, api_key_file) "
                     "SELECT 'more-' || lpad(i::text, 3, '0'), '/no/such' FROM generate_series(1, 60) i")
        self.make_them_differ()
        _, shown = on_terminal(self.agent, "status")
        self.assertRegex(shown, r"and 23 that are no worse")
        self.assertNotIn("acme", shown.split("Rows")[0])
        self.assertEqual(self.agent.run("status").stdout.split("Rows")[0].count("more-"), 60)

    def test_one_that_is_disabled_is_off_and_needs_nobody(self):
        self.db.psql("UPDATE qudra_sync.account SET enabled = false WHERE name = 'najd'")
        self.agent.run("once")
        self.db.psql("UPDATE qudra_sync.account SET enabled = true WHERE name = 'najd'")
        self.agent.run("once")
        self.db.psql("UPDATE qudra_sync.account SET enabled = false WHERE name = 'najd'; "
                     "UPDATE qudra_sync.job SET state = 'pending', operation = 'update' "
                     "WHERE account = 'najd'")
        status = self.status()
        self.assertEqual({a["name"]: a["configured"] for a in status["accounts"]},
                         {"acme": True, "najd": False, "rawda": True})
        self.assertEqual(status["attention"], [])
        self.assertRegex(self.agent.run("status").stdout, r"najd +\S+ +off")

    def test_everything_that_needs_a_person_is_listed(self):
        self.db.psql("INSERT INTO qudra_sync.account (name, api_key_file) "
                     "SELECT 'more-' || i, '/no/such' FROM generate_series(1, 50) i")
        self.agent.run("once", expect=KEY_REFUSED)
        self.assertEqual(len(self.status()["attention"]), 50)
        self.assertRegex(self.agent.run("status").stdout, r"and 18 more")

    # ---- the others ----------------------------------------------------------------------------------

    def test_plan_counts_each(self):
        plan = self.agent.run("plan", "--json").json
        self.assertEqual(plan["create"], 9)
        self.assertEqual([(a["account"], a["requests"]) for a in plan["accounts"]],
                         [("acme", 1), ("najd", 1), ("rawda", 3)])
        shown = self.agent.run("plan").stdout
        self.assertIn("account rawda: 3 requests", shown)

    def test_plan_of_one_is_about_its_rows_alone(self):
        self.refuse_one("acme")
        plan = self.agent.run("plan", "--json", "--account", "rawda").json
        self.assertEqual((plan["create"], plan["refused"]), (3, 0))
        self.assertEqual([a["account"] for a in plan["accounts"]], ["rawda"])

    def test_a_plan_is_followed_for_all_of_them(self):
        self.agent.run("plan", "--out", "plan.jsonl")
        self.fill(1, first=500, employer="najd")
        self.agent.run("backfill", "--plan", "plan.jsonl")
        self.assertEqual([len(self.open_of(name)) for name in self.employers], [3, 3, 3])

    def test_check_asks_for_each(self):
        found = self.agent.run("check", "--json").json
        self.assertEqual([s["name"] for s in found["sections"] if s["name"].startswith("account ")],
                         ["account acme", "account najd", "account rawda"])
        (mapping,) = [s for s in found["sections"] if s.get("mapping")]
        self.assertEqual(mapping["unknown"], [])

    def test_check_of_one_is_about_its_rows_alone(self):
        self.refuse_one("acme")
        self.agent.run("check", expect=ROWS_LEFT)
        found = self.agent.run("check", "--json", "--account", "najd").json
        self.assertEqual([s["name"] for s in found["sections"] if s["name"].startswith("account ")],
                         ["account najd"])

    def test_check_says_what_is_wrong_with_a_row_and_whose_rows_are_nobodys(self):
        self.db.psql("UPDATE qudra_sync.account SET plan = 'gigantic' WHERE name = 'acme'; "
                     "DELETE FROM qudra_sync.account WHERE name = 'rawda'")
        done = self.agent.run("check", expect=CONFIG)
        self.assertIn("gigantic", done.text)
        self.assertRegex(done.text, "account.*rawda")

    def test_reconcile_compares_each_and_of_one_alone_that_one(self):
        self.agent.run("once")
        found = self.agent.run("reconcile", "--json").json
        self.assertEqual([account["account"] for account in found], list(self.employers))
        found = self.agent.run("reconcile", "--json", "--account", "najd").json
        self.assertEqual([account["account"] for account in found], ["najd"])

    def test_backfill_and_once_of_one_leave_the_others_alone(self):
        self.refuse_one("acme")
        for command, name in (("backfill", "najd"), ("once", "rawda")):
            self.agent.run(command, "--account", name, expect=OK)
            self.assertEqual(len(self.open_of(name)), 3)
        self.assertEqual(self.open_of("acme"), [])
        self.agent.run("once", "--account", "acme", expect=ROWS_LEFT)
        self.agent.run("once", "--account", "najd", expect=OK)

    def test_rows_retry_and_explain_know_them(self):
        self.refuse_one("acme")
        self.refuse_one("najd")
        self.agent.run("once", expect=ROWS_LEFT)
        rows = self.agent.run("rows", "--state", "refused", "--account", "najd", "--json").json
        self.assertEqual([row["account"] for row in rows["rows"]], ["najd"])
        both = self.agent.run("rows", "--state", "refused", "--account", "najd", "--account", "acme",
                              "--mapping", "jobs", "--mapping", "jobs", "--json").json
        self.assertEqual(sorted(row["account"] for row in both["rows"]), ["acme", "najd"])
        self.assertIn("najd", self.agent.run("explain", "jobs", "101").stdout)
        self.assertEqual(self.agent.run("retry", "--account", "najd", "--json").json["rows"], 1)
        self.assertEqual(self.db.value("SELECT count(*) FROM qudra_sync.job WHERE state = 'pending'"), 1)

    def test_release_lets_go_those_of_one(self):
        for i, name in enumerate(self.employers):
            self.fill(6, first=50 + 100 * i, employer=name)
        self.agent.run("once")
        self.agent.configure(sync={"max_remove": "5"})
        self.db.psql("UPDATE job SET deleted_at = now()")
        self.agent.run("once", expect=ROWS_LEFT)
        self.assertEqual(self.agent.run("release", "--account", "najd", "--json").json["rows"], 9)
        self.agent.run("once", expect=ROWS_LEFT)
        self.assertEqual([len(self.open_of(name)) for name in self.employers], [9, 0, 9])

    def test_a_name_that_nobody_has_is_a_mistake_and_the_nearest_is_told(self):
        for command in ("status", "rows", "plan", "check", "reconcile", "retry", "release", "once",
                        "backfill"):
            with self.subTest(command=command):
                done = self.agent.run(command, "--account", "rawad", expect=USAGE)
                self.assertIn('no account is called "rawad"', done.text)
                if command not in ("once", "backfill"):
                    self.assertIn('did you mean "rawda"?', done.text)
        self.assertEqual(self.sandbox.requests("POST"), [])

    def test_without_any_account_a_pass_says_so(self):
        self.db.psql("DELETE FROM qudra_sync.account")
        for command in ("once", "backfill"):
            self.assertIn("no account", self.agent.run(command, expect=CONFIG).stderr)
        self.assertIn("none yet", self.agent.run("status").stdout)

    def test_what_is_known_of_a_removed_one_may_be_asked_for(self):
        self.agent.run("once")
        self.db.psql("DELETE FROM qudra_sync.account WHERE name = 'najd'")
        rows = self.agent.run("rows", "--account", "najd", "--json").json
        self.assertEqual(len(rows["rows"]), 3)

    def test_run_of_one_holds_that_alone(self):
        running = self.agent.start("run", "--account", "najd")
        eventually(lambda: self.is_mirrored_for("najd"))
        self.assertEqual([held for held in self.held_by().values()], [{"najd"}])
        running.stop()
        self.assertEqual(self.open_of("acme"), [])


if __name__ == "__main__":
    unittest.main()
