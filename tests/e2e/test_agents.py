"""Several agents over the same accounts: shared out evenly, taken over, never two on one."""

import signal
import unittest

from accounts import AccountsCase, is_pid
from harness import eventually
from proxies import Cutter


class SeveralAgents(AccountsCase):
    employers = tuple(f"e{i}" for i in range(6))

    def fill_all(self, n, first=1):
        for i, name in enumerate(self.employers):
            self.fill(n, first=first + 1000 * i, employer=name)

    def shares(self):
        """How many accounts each living agent holds."""
        return sorted(len(held) for held in self.held_by().values())

    def accounts_of(self, running):
        return next((held for name, held in self.held_by().items() if is_pid(name, running)), set())

    def are_mirrored(self):
        return self.is_mirrored_for(*self.employers)

    def test_who_joins_gets_a_part_and_who_leaves_gives_it_back(self):
        self.fill_all(5)
        first = self.agent.start()
        eventually(self.are_mirrored)
        self.assertEqual(self.shares(), [6])
        second = self.agent.start()
        eventually(lambda: self.shares() == [3, 3])
        third = self.agent.start()
        eventually(lambda: self.shares() == [2, 2, 2])
        self.fill_all(3, first=100)
        eventually(self.are_mirrored)
        second.stop()
        eventually(lambda: self.shares() == [3, 3])
        self.db.psql("UPDATE job SET open = false WHERE id % 2 = 0")
        eventually(self.are_mirrored)
        first.stop()
        third.stop()
        self.assert_each_mirrored()

    def test_shares_differ_by_one_at_most_though_the_sum_does_not_come_out_even(self):
        running = [self.agent.start() for _ in range(4)]
        eventually(lambda: self.shares() == [1, 1, 2, 2])
        running[0].stop()
        eventually(lambda: self.shares() == [2, 2, 2])
        for agent in running[1:]:
            agent.stop()

    def test_what_was_taken_in_the_place_of_another_goes_back_to_it(self):
        """One dies, its heir is stopped: the third takes what lies free, beyond its own part."""
        running = [self.agent.start() for _ in range(3)]
        eventually(lambda: self.shares() == [2, 2, 2])
        first, heir, dies = running
        heir.send(signal.SIGSTOP)
        dies.kill()
        eventually(lambda: len(self.accounts_of(first)) == 6)
        heir.send(signal.SIGCONT)
        eventually(lambda: self.shares() == [3, 3])
        first.stop()
        heir.stop()

    def test_what_one_alone_knows_of_is_not_left_lying(self):
        knows_one = self.new_agent(accounts=[self.agent.config["accounts"][0]])
        self.fill_all(2)
        all_known, one = self.agent.start(), knows_one.start()
        one.log_contains(" started ")
        eventually(lambda: sum(self.shares()) == 6 and len(self.shares()) == 2)
        eventually(self.are_mirrored)
        all_known.stop()
        one.stop()

    def test_one_that_is_killed_is_taken_over(self):
        self.fill_all(5)
        first, second = self.agent.start(), self.agent.start()
        eventually(lambda: self.shares() == [3, 3])
        second.kill()
        eventually(lambda: len(self.accounts_of(first)) == 6, deadline_s=10)
        self.fill_all(3, first=100)
        eventually(self.are_mirrored)
        first.stop()
        self.assert_each_mirrored()

    def test_one_that_was_stopped_longer_than_its_lease_comes_back_without_harm(self):
        self.fill_all(40)
        self.sandbox.options(latency_ms=30)
        first, second = self.agent.start(), self.agent.start()
        eventually(lambda: self.shares() == [3, 3])
        second.send(signal.SIGSTOP)
        eventually(lambda: len(self.accounts_of(first)) == 6)
        self.db.psql("UPDATE job SET title = title || ' (m/f)'; "
                     "UPDATE job SET open = false WHERE id % 5 = 0")
        second.send(signal.SIGCONT)
        second.log_contains("declared dead")
        eventually(lambda: self.shares() == [3, 3])
        eventually(self.are_mirrored)
        first.stop()
        second.stop()
        self.assert_each_mirrored()

    def test_a_row_changed_before_a_take_over_is_found_after_it(self):
        self.fill_all(2)
        self.agent.configure(sync={"interval": "1s"})
        first, second = self.agent.start(), self.agent.start()
        eventually(lambda: self.shares() == [3, 3])
        eventually(self.are_mirrored)
        second.send(signal.SIGSTOP)
        self.db.psql("UPDATE job SET title = title || ' (m/f)'")
        second.kill()
        eventually(self.are_mirrored)
        first.stop()
        self.assert_each_mirrored()

    def test_a_take_over_looks_at_what_has_changed_and_not_at_the_whole_table(self):
        self.fill_all(5)
        first = self.agent.start()
        eventually(self.are_mirrored)
        first.log_contains("pass ended")  # of all accounts: two that begin as one leave no watermark
        second = self.agent.start()
        eventually(lambda: self.shares() == [3, 3])
        self.db.psql("UPDATE job SET pay = pay + 1")
        eventually(lambda: self.db.value("SELECT bool_and(a.fence <= g.seen_fence) FROM "
                                         "qudra_sync.account a JOIN qudra_sync.agent g "
                                         "ON g.name = a.holder"))
        scans = first.log.count("kind=scan")
        second.send(signal.SIGSTOP)
        self.db.psql("UPDATE job SET title = title || ' (m/f)'")
        second.kill()
        eventually(self.are_mirrored)
        eventually(lambda: len(self.accounts_of(first)) == 6)
        third = self.agent.start()
        eventually(lambda: self.shares() == [3, 3])
        self.db.psql("UPDATE job SET title = title || ', Riyadh'")
        eventually(self.are_mirrored)
        self.assertEqual(first.log.count("kind=scan"), scans)
        self.assertNotIn("kind=scan", third.log)
        first.stop()
        third.stop()
        self.assert_each_mirrored()

    def test_accounts_whose_taking_was_cut_off_are_not_lost(self):
        """The database says that the agent holds them, and the answer never came."""
        wire = Cutter(self.server)
        self.addCleanup(wire.close)
        self.agent.configure(database={"url": wire.url(self.db.name, self.db.AGENT)})
        for statement in range(8, 24):
            wire.cut_at(statement, applied=True)
            self.fill_all(1, first=statement)
            with self.subTest(statement=statement):
                running = self.agent.start()
                eventually(self.are_mirrored)
                running.stop()

    def test_a_row_goes_from_one_agents_account_to_anothers(self):
        self.fill_all(10)
        first, second = self.agent.start(), self.agent.start()
        eventually(lambda: self.shares() == [3, 3])
        eventually(self.are_mirrored)
        ours, theirs = (min(held) for held in self.held_by().values())
        for old, new in ((ours, theirs), (theirs, ours)):
            self.db.psql(f"UPDATE job SET employer = '{new}' WHERE id IN "
                         f"(SELECT id FROM job WHERE employer = '{old}' ORDER BY id LIMIT 2)")
            eventually(self.are_mirrored)
        first.stop()
        second.stop()
        self.assert_each_mirrored()

    def test_a_row_leaves_an_account_with_a_dead_key_that_another_agent_holds(self):
        self.fill_all(10)
        first, second = self.agent.start(), self.agent.start()
        eventually(lambda: self.shares() == [3, 3])
        eventually(self.are_mirrored)
        old, new = min(self.accounts_of(second)), min(self.accounts_of(first))
        self.sandbox.admin("keys", {"action": "revoke", "key": self.key(old)})
        self.db.psql(f"UPDATE job SET employer = '{new}', title = title || ' (m/f)' WHERE id IN "
                     f"(SELECT id FROM job WHERE employer = '{old}' ORDER BY id LIMIT 2)")
        eventually(lambda: self.is_mirrored_for(*(set(self.employers) - {old})))
        self.assertEqual(len(self.open_of(old)), 10)
        self.sandbox.admin("keys", {"key": self.key(old) + "_2", "account": old, "plan": "growth"})
        self.key_file(self.agent, old, self.key(old) + "_2")
        eventually(self.are_mirrored)
        first.stop()
        second.stop()
        self.assert_each_mirrored()


class LostWhileRecovering(AccountsCase):
    """It recovers the accounts of one that died, longer than its own heart may stand still."""

    def agent_of(self, role, *names):
        """An agent whose sessions are told apart by their role."""
        self.server.psql(f"DO $$BEGIN CREATE ROLE {role} LOGIN IN ROLE qs_agent; "
                         "EXCEPTION WHEN duplicate_object THEN NULL; END$$")
        agent = self.new_agent()
        agent.configure(database={"url": self.db.url(role)}, qudra={"timeout": "20s"}, accounts=[
            {"name": name, "api_key_file": self.key_file(agent, name)} for name in names])
        return agent

    def wait_until_locked_out(self, role, what):
        eventually(lambda: self.db.value(
            f"SELECT count(*) FROM pg_stat_activity WHERE usename = '{role}' "
            f"AND wait_event_type = 'Lock' AND query LIKE '%{what}%'") == 1)

    def cut_off_at_its_next_beginning(self, role):
        self.db.psql(f"""CREATE FUNCTION cut() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN
            IF session_user = '{role}' THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF;
            RETURN NEW; END$$;
            CREATE TRIGGER cut BEFORE INSERT ON qudra_sync.agent
                FOR EACH ROW EXECUTE FUNCTION cut()""")

    def test_one_that_loses_its_accounts_and_its_database_at_once_begins_anew(self):
        self.fill(3, employer="acme")
        self.fill(3, first=11, employer="najd")
        dies = self.agent_of("qs_dies", "najd").start()
        eventually(lambda: self.is_mirrored_for("najd"))
        self.sandbox.fault("slow", match={"method": "PATCH", "account": "najd"}, ms=15000, times=1)
        self.db.psql("UPDATE job SET title = 'Other title' WHERE id = 11")
        eventually(lambda: self.sandbox.requests("PATCH"))
        lock = self.db.session()
        self.addCleanup(lock.close)
        lock.run("BEGIN; SELECT FROM qudra_sync.job WHERE source_key = '11' FOR UPDATE")
        heir = self.agent_of("qs_heir", "acme", "najd").start()
        eventually(lambda: self.is_mirrored_for("acme"))
        self.cut_off_at_its_next_beginning("qs_heir")
        dies.kill()
        self.wait_until_locked_out("qs_heir", "what the last holders")
        third = self.agent_of("qs_third", "acme").start()
        self.wait_until_locked_out("qs_third", "Declares agents dead")
        lock.run("COMMIT")
        heir.log_contains("declared dead by another agent")
        heir.log_contains("database away")
        self.db.psql("DROP TRIGGER cut ON qudra_sync.agent")
        third.stop()
        self.fill(1, first=5, employer="acme")
        self.fill(1, first=15, employer="najd")
        eventually(lambda: self.is_mirrored_for("acme", "najd"), deadline_s=60)
        heir.stop()


if __name__ == "__main__":
    unittest.main()
