"""With `detect: trigger`, who notes a change wakes the agent when it sleeps, and nobody else pays.

The interval is an hour, so that what is pushed was told of, or met by an agent that was awake.
PREPARE TRANSACTION refuses a transaction with a NOTIFY: so a server that has it shows who sent one.
"""

import signal
import unittest

from harness import MirrorCase, Postgres, eventually
from test_triggers import TRIGGER_MAPPING, TriggerCase

LOCKS = """SELECT mode FROM pg_locks WHERE locktype = 'advisory' AND granted
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"""


class SleepCase(TriggerCase):
    def setUp(self):
        super().setUp()
        self.fill(5)
        self.agent.configure(sync={"interval": "1h"})

    def locks(self):
        return [row["mode"] for row in self.db.rows(LOCKS)]

    def is_asleep(self):
        return "ExclusiveLock" in self.locks()

    def start(self):
        running = self.agent.start()
        self.addCleanup(running.stop)
        eventually(self.is_mirrored)
        return running

    def session(self):
        session = self.db.session()
        self.addCleanup(session.close)
        return session


class Sleeping(SleepCase):
    def test_it_is_woken_at_once(self):
        self.start()
        eventually(self.is_asleep)
        self.db.psql("INSERT INTO job (id, title) VALUES (70, 'woken')")
        eventually(self.is_mirrored, 5)
        self.db.psql("DELETE FROM job WHERE id = 70")
        eventually(self.is_mirrored, 5)
        self.db.psql("UPDATE job SET title = 'All of them ' || id")
        eventually(self.is_mirrored, 5)
        eventually(self.is_asleep)

    def test_a_change_that_is_committed_late_keeps_it_awake(self):
        late = self.session()
        late.run("BEGIN")
        late.run("UPDATE job SET title = 'Not told of' WHERE id = 2")
        self.assertEqual(self.locks(), ["ShareLock"])
        running = self.agent.start()
        eventually(self.is_mirrored)
        self.db.psql("UPDATE job SET title = 'Met by an agent awake' WHERE id = 1")
        eventually(self.is_mirrored, 5)
        self.assertFalse(self.is_asleep())
        late.run("COMMIT")
        eventually(self.is_mirrored, 5)
        eventually(self.is_asleep)
        running.stop()

    def test_a_change_that_is_rolled_back_to_a_savepoint_keeps_nobody_awake(self):
        late = self.session()
        late.run("BEGIN; SAVEPOINT s; UPDATE job SET open = false; ROLLBACK TO s")
        self.assertEqual(self.locks(), [])
        late.run("ROLLBACK")

    def test_who_wrote_while_the_agent_stood_still_is_not_forgotten(self):
        running = self.start()
        eventually(self.is_asleep)
        running.send(signal.SIGSTOP)
        self.db.psql("UPDATE job SET title = 'Told of' WHERE id = 1")
        late = self.session()
        late.run("BEGIN")
        late.run("UPDATE job SET title = 'Told of late' WHERE id = 2")
        running.send(signal.SIGCONT)
        eventually(lambda: any(job["title"] == "Told of" for job in self.sandbox.live()))
        late.run("COMMIT")
        eventually(self.is_mirrored, 5)

    def test_a_session_that_is_lost_is_slept_in_no_more(self):
        self.start()
        eventually(self.is_asleep)
        self.db.psql("""SELECT pg_terminate_backend(pid) FROM pg_locks
                         WHERE locktype = 'advisory' AND mode = 'ExclusiveLock'""")
        self.db.psql("UPDATE job SET title = 'While it was away' WHERE id = 1")
        eventually(self.is_mirrored)
        eventually(self.is_asleep)

    def test_a_burst_of_single_changes_is_told_of_once_and_then_met(self):
        self.start()
        eventually(self.is_asleep)
        for i in range(40):
            self.db.psql(f"UPDATE job SET title = 'Burst {i}' WHERE id = {1 + i % 5}")
        eventually(self.is_mirrored, 5)
        eventually(self.is_asleep)

    def test_whoever_stops_leaves_no_lock(self):
        running = self.start()
        eventually(self.is_asleep)
        running.stop()
        self.assertEqual(self.locks(), [])


class WhereTransactionsArePrepared(MirrorCase):
    """A NOTIFY would fail the partner's PREPARE TRANSACTION: there the interval decides."""

    MAPPING = TRIGGER_MAPPING
    UPDATE = """BEGIN; UPDATE job SET title = 'Prepared {0}' WHERE id = {0};
                PREPARE TRANSACTION 'p{0}'"""

    def setUp(self):
        super().setUp()
        server = Postgres().start(max_prepared_transactions="5")
        self.addCleanup(server.remove)
        self.source = server.database("ats")
        self.source.create_agent_role()
        self.source.psql(self.TABLE)
        self.source.psql("INSERT INTO job (id, title) SELECT i, 'Engineer ' || i FROM generate_series(1, 5) i")
        self.agent.configure(database={"source_url": self.source.url()}, sync={"interval": "300ms"})
        owner = self.new_agent()
        owner.configure(database={"source_url": self.source.url("postgres")})
        owner.run("migrate", "--triggers", "--role", "qs_agent")

    def titles(self):
        return {job["title"] for job in self.sandbox.live()}

    def test_without_an_agent(self):
        self.source.psql(self.UPDATE.format(1))
        self.source.psql("COMMIT PREPARED 'p1'")
        self.agent.run("once")
        self.assertIn("Prepared 1", self.titles())

    def await_idle_polls(self):
        """Three looks at the outbox, the last statement of a poll, that nothing has called for."""
        looks = set()

        def three():
            looks.update(row["query_start"] for row in self.source.rows(
                "SELECT query_start FROM pg_stat_activity WHERE query ~ 'triggers have noted' "
                "AND application_name = 'qudra-sync source'"))
            return len(looks) > 3
        eventually(three)

    def test_while_it_runs(self):
        self.agent.start()
        eventually(lambda: len(self.titles()) == 5)
        self.await_idle_polls()
        for i in range(1, 6):
            self.source.psql(self.UPDATE.format(i))
        self.await_idle_polls()
        for i in range(1, 6):
            self.source.psql(f"COMMIT PREPARED 'p{i}'")
        eventually(lambda: self.titles() == {f"Prepared {i}" for i in range(1, 6)})

    def test_check_says_so(self):
        done = self.agent.run("check", "--offline")
        self.assertIn("max_prepared_transactions", done.stdout)


if __name__ == "__main__":
    unittest.main()
