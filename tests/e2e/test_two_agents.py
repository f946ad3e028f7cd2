"""Two agents on one account: the one that was stopped for a while sends nothing more (promise 2)."""

import signal
import unittest

from harness import MirrorCase, eventually


class AnAgentThatSleeps(MirrorCase):
    def setUp(self):
        super().setUp()
        for role in ("first", "second"):
            self.server.psql(f"""DO $$ BEGIN CREATE ROLE qs_{role} LOGIN IN ROLE qs_agent;
                EXCEPTION WHEN duplicate_object THEN NULL; END $$""")
        self.agent.configure(log={"level": "debug"})

    def start(self, role):
        agent = self.new_agent(database={"url": self.db.url(f"qs_{role}")},
                               qudra={"settle_wait": "0s"})
        return agent.start()

    def journals(self, role):
        """What the agent waits for when it is about to send a create."""
        return self.db.value(f"SELECT count(*) FROM pg_stat_activity WHERE usename = 'qs_{role}' "
                             "AND wait_event_type = 'Lock' AND query LIKE '-- Journals creates%'") > 0

    def test_woken_up_it_sends_no_create_that_another_agent_has_settled(self):
        """It is stopped while its journal entry is on its way to the database."""
        first = self.start("first")
        self.fill(1)
        eventually(self.is_mirrored)
        lock = self.db.session()
        self.addCleanup(lock.close)
        lock.run("BEGIN; LOCK TABLE qudra_sync.create_attempt IN SHARE ROW EXCLUSIVE MODE")
        self.fill(1, first=2)
        eventually(lambda: self.journals("first"))
        first.send(signal.SIGSTOP)
        lock.run("COMMIT")
        eventually(lambda: self.db.value("SELECT count(*) FROM qudra_sync.create_attempt"))
        second = self.start("second")
        eventually(self.is_mirrored)  # looked for it, found nothing, and created it
        first.send(signal.SIGCONT)
        first.log_contains("declared dead by another agent")
        self.fill(1, first=3)
        eventually(self.is_mirrored)
        self.assert_mirrored()
        second.stop()
        self.fill(1, first=4)
        eventually(self.is_mirrored)  # by the first, which has the account again
        self.assert_mirrored()
        self.assertEqual(len(self.sandbox.jobs()), 4)
        first.stop()


if __name__ == "__main__":
    unittest.main()
