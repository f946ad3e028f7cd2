"""An agent that waits for its database is told to stop, or to read its configuration again."""

import signal
import unittest

from harness import MirrorCase, eventually


class WhileTheDatabaseIsAway(MirrorCase):
    def setUp(self):
        super().setUp()
        self.addCleanup(self.let_in)
        self.running = self.agent.start("run")
        self.running.log_contains("pass ended")
        self.db.server.psql(f'ALTER DATABASE "{self.db.name}" ALLOW_CONNECTIONS false')
        self.db.server.psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                            f"WHERE datname = '{self.db.name}'")
        self.running.log_contains("database away")

    def let_in(self):
        self.db.server.psql(f'ALTER DATABASE "{self.db.name}" ALLOW_CONNECTIONS true')

    def test_a_stop_is_no_failure(self):
        self.running.stop()

    def test_a_reload_leaves_it_waiting(self):
        seen = len(self.running.lines)
        self.running.send(signal.SIGHUP)
        self.running.log_contains("configuration reloaded", after=seen)
        self.let_in()
        self.fill(1)
        eventually(self.is_mirrored)
        self.running.stop()

    def test_a_reload_as_it_comes_back_works_on(self):
        """What was held before could not be given back: nobody waits for it."""
        self.let_in()
        self.running.send(signal.SIGHUP)
        self.fill(1)
        eventually(self.is_mirrored)
        self.running.stop()


if __name__ == "__main__":
    unittest.main()
