"""Accounts: in agent.yaml, in the database, added and removed while the agent runs, each by itself."""

import unittest

from accounts import AccountsCase, TableAccountsCase
from harness import KEY_REFUSED, ROWS_LEFT, eventually


class InAgentYaml(AccountsCase):
    def test_one_scan_serves_all(self):
        self.fill(5)
        self.fill(7, first=100, employer="najd")
        self.agent.run("once")
        self.assert_each_mirrored()

    def test_a_key_that_is_refused_stops_its_account_alone(self):
        self.key_file(self.agent, "acme", "qk_test_wrong")
        self.fill(3)
        self.fill(3, first=100, employer="najd")
        done = self.agent.run("once", expect=KEY_REFUSED)
        self.assertIn("acme", done.stderr)
        self.assert_each_mirrored("najd")
        self.assertEqual(self.open_of("acme"), [])

    def test_a_key_that_cannot_be_read_stops_its_account_alone_until_it_is_there(self):
        (self.agent.folder / "keys/acme").unlink()
        self.fill(3)
        self.fill(3, first=100, employer="najd")
        running = self.agent.start()
        eventually(lambda: self.is_mirrored_for("najd"))
        eventually(lambda: "there is no key" in (self.account("acme")["trouble"] or ""))
        self.key_file(self.agent, "acme")
        eventually(lambda: self.is_mirrored_for("acme"))
        eventually(lambda: self.account("acme")["trouble"] is None)
        running.stop()

    def test_a_used_up_quota_is_the_accounts_own(self):
        self.sandbox.admin("plan", {"account": "acme", "quota": 2})
        self.fill(5)
        self.fill(5, first=100, employer="najd")
        self.agent.run("once", expect=ROWS_LEFT)
        self.assertEqual(len(self.open_of("acme")), 2)
        self.assert_each_mirrored("najd")

    def test_slow_answers_of_one_do_not_keep_another_waiting(self):
        self.fill(300)
        self.fill(20, first=1000, employer="najd")
        self.agent.run("once")
        self.sandbox.fault("slow", match={"account": "acme"}, ms=3000, times=1000)
        self.db.psql("UPDATE job SET title = title || ' (m/f)' WHERE employer = 'acme'")
        running = self.agent.start()
        eventually(lambda: self.sandbox.stats()["faults"].get("slow", 0) >= 8)
        self.db.psql("UPDATE job SET open = false WHERE employer = 'najd'")
        eventually(lambda: self.open_of("najd") == [], deadline_s=3)
        running.kill()


class Reconcile(AccountsCase):
    def test_one_that_fails_does_not_hide_the_others(self):
        self.fill(2)
        self.fill(2, first=100, employer="najd")
        self.agent.run("once")
        self.key_file(self.agent, "najd", "qk_test_wrong")
        (job,) = [job for job in self.sandbox.open() if job["title"] == "Engineer 1"]
        self.sandbox.admin(f"jobs/{job['id']}", {"deleted": True})
        done = self.agent.run("reconcile", "--json", expect=KEY_REFUSED)
        by_name = {account["account"]: account for account in done.json}
        self.assertIn("gone", str(by_name["acme"]))
        self.assertIn("najd", done.stderr)


class ARowThatChangesItsAccount(AccountsCase):
    MOVE = "UPDATE job SET employer = 'najd' WHERE id <= 3"

    def setUp(self):
        super().setUp()
        self.fill(50)
        self.fill(10, first=100, employer="najd")
        self.agent.run("once")

    def closed_of(self, employer):
        return sorted(job["title"] for job in self.sandbox.live()
                      if job["account"] == employer and job["status"] == "closed")

    def test_is_closed_at_the_old_and_created_at_the_new(self):
        self.db.psql(self.MOVE)
        self.agent.run("once")
        self.assert_each_mirrored()
        self.assertEqual(self.closed_of("acme"), ["Engineer 1", "Engineer 2", "Engineer 3"])
        with self.no_requests():
            self.agent.run("once")
            self.agent.run("backfill")

    def test_and_back_again(self):
        self.db.psql(self.MOVE)
        self.agent.run("once")
        self.db.psql("UPDATE job SET employer = 'acme' WHERE id <= 3")
        self.agent.run("once")
        self.assert_each_mirrored()

    def test_is_created_at_the_new_though_the_key_of_the_old_is_dead(self):
        self.key_file(self.agent, "acme", "qk_test_wrong")
        self.db.psql(self.MOVE)
        self.agent.run("once", expect=KEY_REFUSED)
        self.assert_each_mirrored("najd")
        self.assertEqual(len(self.open_of("acme")), 50)
        self.key_file(self.agent, "acme")
        self.agent.run("once")
        self.assert_each_mirrored()

    def test_many_at_once_are_held_at_the_old_by_the_guard(self):
        self.db.psql("UPDATE job SET employer = 'najd' WHERE id <= 40")
        self.agent.run("once", expect=ROWS_LEFT)
        self.assert_each_mirrored("najd")
        self.assertEqual(len(self.open_of("acme")), 50)
        self.agent.run("release")
        self.agent.run("once")
        self.assert_each_mirrored()

    def test_before_anything_was_sent_it_is_only_the_new_ones(self):
        self.fill(1, first=51, title="Nurse")
        self.sandbox.fault("503", match={"method": "POST"}, times=1)
        running = self.agent.start()
        eventually(lambda: self.sandbox.stats()["faults"].get("503", 0) > 0)
        self.db.psql("UPDATE job SET employer = 'najd' WHERE id = 51")
        self.sandbox.no_faults()
        eventually(lambda: self.is_mirrored_for("acme", "najd"))
        running.stop()
        self.assert_each_mirrored()
        self.assertNotIn("Nurse 51", self.closed_of("acme"))


class InTheDatabase(TableAccountsCase):
    def test_an_account_that_is_added_is_taken_up(self):
        self.fill(3)
        self.fill(3, first=100, employer="najd")
        self.add_row("acme")
        running = self.agent.start()
        eventually(lambda: self.is_mirrored_for("acme"))
        self.assertEqual(self.open_of("najd"), [])
        self.add_row("najd")
        eventually(lambda: self.is_mirrored_for("najd"))
        running.stop()
        self.assert_each_mirrored()

    def test_a_removed_one_sends_nothing_more_and_keeps_its_rows(self):
        for name in self.employers:
            self.add_row(name)
        self.fill(3)
        self.fill(3, first=100, employer="najd")
        running = self.agent.start()
        eventually(lambda: self.is_mirrored_for(*self.employers))
        self.db.psql("DELETE FROM qudra_sync.account WHERE name = 'acme'")
        running.log_contains("account given up.*acme")
        self.db.psql("UPDATE job SET open = false")
        eventually(lambda: self.open_of("najd") == [])
        self.assertEqual(len(self.open_of("acme")), 3)
        self.assertEqual(len([key for key in self.states() if int(key) < 100]), 3)
        running.stop()

    def test_one_that_is_disabled_and_enabled_again_catches_up(self):
        for name in self.employers:
            self.add_row(name)
        self.fill(3)
        running = self.agent.start()
        eventually(lambda: self.is_mirrored_for("acme"))
        self.db.psql("UPDATE qudra_sync.account SET enabled = false WHERE name = 'acme'")
        running.log_contains("account given up.*acme")
        self.db.psql("UPDATE job SET title = 'Nurse' WHERE id = 1")
        self.fill(1, first=100, employer="najd")
        eventually(lambda: self.is_mirrored_for("najd"))
        self.assertNotIn("Nurse", self.open_of("acme"))
        self.db.psql("UPDATE qudra_sync.account SET enabled = true WHERE name = 'acme'")
        eventually(lambda: "Nurse" in self.open_of("acme"))
        running.stop()

    def test_a_wrong_row_is_told_and_hurts_its_account_alone(self):
        self.add_row("acme", plan="gigantic")
        self.add_row("najd")
        self.fill(3)
        self.fill(3, first=100, employer="najd")
        running = self.agent.start()
        eventually(lambda: self.is_mirrored_for("najd"))
        running.log_contains("gigantic")
        eventually(lambda: "gigantic" in (self.account("acme")["trouble"] or ""))
        self.db.psql("UPDATE qudra_sync.account SET plan = 'growth' WHERE name = 'acme'")
        eventually(lambda: self.is_mirrored_for("acme"))
        eventually(lambda: self.account("acme")["trouble"] is None)
        running.stop()

    def test_the_key_may_be_in_the_environment(self):
        self.agent.environment["ACME_KEY"] = self.key("acme")
        self.add_row("acme", api_key_file=None, api_key_env="ACME_KEY")
        self.fill(3)
        self.agent.run("once")
        self.assert_each_mirrored("acme")

    def test_agent_yaml_holds_where_both_name_one(self):
        self.agent.configure(accounts=[
            "database", {"name": "acme", "api_key_file": self.key_file(self.agent, "acme")}])
        self.add_row("acme", plan="gigantic")
        self.fill(3)
        done = self.agent.run("once")
        self.assertIn("agent.yaml holds", done.stderr)
        self.assert_each_mirrored("acme")


if __name__ == "__main__":
    unittest.main()
