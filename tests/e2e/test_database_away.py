"""The database is away when a command starts: `run` waits for it, whoever must end says 69."""

import signal
import unittest
import urllib.error
import urllib.request

from harness import AWAY, CONFIG, MirrorCase, eventually
from proxies import Cutter
from test_monitoring import free_port


class AwayAtTheStart(MirrorCase):
    def setUp(self):
        super().setUp()
        self.fill(3)
        self.server.stop()
        self.addCleanup(self.come_back)

    def come_back(self):
        if self.server.process is None:
            self.server.start()

    def status_of(self, port, path):
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
                return answer.status
        except urllib.error.HTTPError as e:
            return e.code
        except OSError:
            return None

    def test_run_waits_tells_it_once_and_is_not_ready_meanwhile(self):
        port = free_port()
        self.agent.configure(metrics={"listen": f"127.0.0.1:{port}"})
        running = self.agent.start()
        running.log_contains("database away: waiting for it")
        eventually(lambda: self.status_of(port, "/readyz") == 503)
        self.assertEqual(self.status_of(port, "/healthz"), 200)
        self.come_back()
        eventually(self.is_mirrored)
        eventually(lambda: self.status_of(port, "/readyz") == 200)
        running.stop()
        self.assertEqual(running.log.count("database away"), 1)

    def test_run_ends_well_when_it_is_stopped_while_it_waits(self):
        running = self.agent.start()
        running.log_contains("database away: waiting for it")
        running.stop()
        running = self.agent.start()
        running.log_contains("database away: waiting for it")
        running.stop(signal.SIGINT)

    def test_a_corrected_address_is_taken_up_at_hup(self):
        url = self.agent.config["database"]["url"]
        self.come_back()
        self.agent.configure(database={"url": "postgresql://qs_agent@no-such-host.invalid/db"})
        running = self.agent.start()
        running.log_contains("database away: waiting for it")
        self.agent.configure(database={"url": url})
        running.send(signal.SIGHUP)
        eventually(self.is_mirrored)
        running.stop()

    def test_what_is_changed_while_it_is_away_is_in_force_when_it_is_back(self):
        self.come_back()
        running = self.agent.start()
        eventually(self.is_mirrored)
        self.server.stop()
        running.log_contains("database away: waiting for it")
        self.agent.configure(sync={"interval": "7s"}, log={"level": "debug"})
        running.send(signal.SIGHUP)
        running.log_contains("configuration reloaded")
        self.come_back()
        self.db.psql("INSERT INTO job (id, title) VALUES (9, 'After it was back')")
        eventually(self.is_mirrored)
        running.send(signal.SIGHUP)
        eventually(lambda: running.log.count("configuration reloaded") == 2)
        running.stop()
        self.assertNotIn("reload refused", running.log)

    def test_a_wrong_address_is_refused_while_the_old_one_answers(self):
        self.come_back()
        running = self.agent.start()
        eventually(self.is_mirrored)
        self.agent.configure(database={"url": "postgresql://qs_agent@no-such-host.invalid/db"})
        running.send(signal.SIGHUP)
        running.log_contains("reload refused")
        self.fill(1, first=10)
        eventually(self.is_mirrored)
        running.stop()

    def test_once_and_backfill_say_that_it_is_away(self):
        for command in ("once", "backfill"):
            self.agent.run(command, expect=AWAY)

    def test_a_wrong_configuration_is_not_waited_for(self):
        self.come_back()
        self.db.psql("DROP SCHEMA qudra_sync CASCADE")
        running = self.agent.start()
        self.assertEqual(running.wait(), CONFIG)


class CutOffAtTheFirstConnection(MirrorCase):
    """By the server, by the network: both are waited for. A login that is refused is a mistake."""

    def setUp(self):
        super().setUp()
        self.fill(3)
        self.db.psql(f"DROP ROLE IF EXISTS newcomer; CREATE ROLE newcomer LOGIN IN ROLE {self.db.AGENT}")
        self.addCleanup(lambda: self.db.psql("DROP ROLE newcomer"))
        self.agent.configure(database={"url": self.db.url("newcomer")})

    def waits_and_then_mirrors(self, running, mend):
        running.log_contains("database away: waiting for it")
        mend()
        eventually(self.is_mirrored)
        running.stop()

    def test_a_server_that_has_no_room_for_it_is_waited_for(self):
        self.db.psql("ALTER ROLE newcomer CONNECTION LIMIT 0")
        self.waits_and_then_mirrors(self.agent.start(), lambda: self.db.psql(
            "ALTER ROLE newcomer CONNECTION LIMIT -1"))

    def test_a_connection_that_is_cut_at_any_statement_of_the_start_is_made_again(self):
        wire = Cutter(self.server)
        self.addCleanup(wire.close)
        self.agent.configure(database={"url": wire.url(self.db.name, "newcomer")})
        for statement in range(1, 9):
            with self.subTest(statement=statement):
                wire.cut_at(statement, applied=False)
                self.waits_and_then_mirrors(self.agent.start(), lambda: None)

    def test_a_login_that_is_refused_is_a_wrong_configuration(self):
        self.db.psql("ALTER ROLE newcomer NOLOGIN")
        running = self.agent.start()
        self.assertEqual(running.wait(), CONFIG)
        self.assertIn("not permitted to log in", running.log)


if __name__ == "__main__":
    unittest.main()
