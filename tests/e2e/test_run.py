"""`run`: finds changes, stops cleanly, reloads, and shares an account with nobody."""

import json
import signal
import time
import unittest

from harness import AWAY, KEY, LOCKED, MirrorCase, eventually


class RunCase(MirrorCase):
    def start(self, agent=None):
        running = (agent or self.agent).start()
        running.log_contains("started")
        return running

    def wait_for_mirror(self):
        eventually(self.is_mirrored, what="the mirror is exact")
        self.assert_mirrored()


class Polling(RunCase):
    def test_every_kind_of_change_is_found_at_its_interval(self):
        self.fill(10)
        running = self.start()
        self.wait_for_mirror()
        self.db.psql("INSERT INTO job (id, title) VALUES (50, 'Nurse')")
        self.wait_for_mirror()
        self.db.psql("UPDATE job SET title = 'Head nurse' WHERE id = 50")
        self.wait_for_mirror()
        self.db.psql("UPDATE job SET open = false WHERE id = 50")
        self.wait_for_mirror()
        self.db.psql("UPDATE job SET deleted_at = now() WHERE id = 1")
        self.wait_for_mirror()
        running.stop()

    def test_a_deleted_row_is_found_by_the_sweep(self):
        self.fill(10)
        self.agent.configure(sync={"full_scan_every": "1s"})
        running = self.start()
        self.wait_for_mirror()
        self.db.psql("DELETE FROM job WHERE id = 4")
        eventually(lambda: self.sandbox.titled("Engineer 4")["status"] == "closed")
        running.stop()
        self.assert_mirrored()

    def test_a_row_that_is_committed_late_is_found_within_the_overlap(self):
        self.commit_late(overlap="1m")

    def test_a_row_that_is_committed_late_is_found_by_those_who_see_transactions(self):
        self.db.psql("GRANT pg_read_all_stats TO qs_agent")
        self.addCleanup(self.server.psql, "REVOKE pg_read_all_stats FROM qs_agent")
        self.commit_late(overlap="0s")

    def commit_late(self, overlap):
        self.fill(3)
        self.agent.configure(sync={"overlap": overlap})
        running = self.start()
        late = self.db.session()
        self.addCleanup(late.close)
        self.wait_for_mirror()
        late.run("BEGIN")
        late.run("INSERT INTO job (id, title) VALUES (90, 'Committed late')")
        for i in range(91, 94):  # each is mirrored: polls have gone by, the watermark has moved
            self.db.psql(f"INSERT INTO job (id, title) VALUES ({i}, 'Nurse {i}')")
            self.wait_for_mirror()
        late.run("COMMIT")
        self.wait_for_mirror()
        self.sandbox.titled("Committed late")
        running.stop()

    def test_notify_wakes_it_long_before_the_interval(self):
        self.fill(1)
        self.agent.configure(sync={"interval": "1h"})
        running = self.start()
        self.wait_for_mirror()
        self.db.psql("INSERT INTO job (id, title) VALUES (2, 'Nurse'); NOTIFY qudra_sync")
        self.wait_for_mirror()
        running.stop()

    def test_a_removed_row_that_is_seen_again_is_no_news(self):
        """As long as `overlap` reaches back, each poll meets it."""
        self.fill(3)
        running = self.start()
        self.wait_for_mirror()
        self.db.psql("UPDATE job SET deleted_at = now() WHERE id = 1")
        eventually(lambda: self.row(1)["state"] == "removed")
        told = self.db.value("SELECT count(*) FROM qudra_sync.run")
        time.sleep(2)
        self.assertEqual(self.db.value("SELECT count(*) FROM qudra_sync.run"), told)
        running.stop()

    def test_idle_it_asks_qudra_nothing(self):
        self.fill(5)
        self.sandbox.options(embedding_ms=0)
        self.agent.configure(sync={"refresh_for": "0s"})
        running = self.start()
        self.wait_for_mirror()
        with self.no_requests():
            reads = "SELECT sum(idx_scan + seq_scan) FROM pg_stat_user_tables WHERE relname = 'job'"
            before = self.db.value(reads)
            eventually(lambda: self.db.value(reads) >= before + 12, what="a dozen polls")
        running.stop()


class Stopping(RunCase):
    sandbox_options = (*MirrorCase.sandbox_options, "--latency-ms", "150")

    def test_on_term_and_on_int_what_is_in_flight_ends_and_is_recorded(self):
        for number, begin in ((signal.SIGTERM, 1), (signal.SIGINT, 10001)):
            with self.subTest(number.name):
                self.fill(2000, first=begin, title=number.name)
                self.agent.configure(qudra={"concurrency": 2})
                have = len(self.sandbox.jobs())
                running = self.start()
                eventually(lambda: len(self.sandbox.jobs()) > have)
                running.stop(number)
                states = set(self.states().values())
                self.assertEqual(states & {"sending", "uncertain"}, set())
                recorded = self.db.value(
                    "SELECT count(*) FROM qudra_sync.job WHERE job_id IS NOT NULL")
                self.assertEqual(recorded, len(self.sandbox.jobs()))

    def test_a_second_signal_ends_it_at_once_and_nothing_is_lost(self):
        self.fill(50)
        self.sandbox.fault("slow", ms=60000, match={"method": "POST"}, times=1)
        self.agent.configure(qudra={"timeout": "5m"})
        running = self.start()
        eventually(lambda: self.sandbox.requests("POST"))

        def ends():  # two signals that come together may be seen as one
            running.send(signal.SIGTERM)
            return running.process.poll() is not None
        eventually(ends, 10)
        self.sandbox.no_faults()
        self.agent.resume("once")
        self.assert_mirrored()


class Reloading(RunCase):
    def test_a_right_file_takes_effect(self):
        self.fill(2)
        running = self.start()
        self.wait_for_mirror()
        self.agent.write("mappings/jobs.yaml", self.MAPPING.replace(
            "{column: title}", "{sql: \"title || ' (new)'\"}"))
        running.send(signal.SIGHUP)
        running.log_contains("configuration reloaded")
        eventually(lambda: [j for j in self.sandbox.live() if j["title"] == "Engineer 2 (new)"])
        running.stop()

    def test_a_wrong_file_leaves_the_old_in_force_and_says_so(self):
        self.fill(2)
        running = self.start()
        self.wait_for_mirror()
        self.agent.write("mappings/jobs.yaml", self.MAPPING.replace("key: id", "keey: id"))
        running.send(signal.SIGHUP)
        running.log_contains("reload refused")
        running.log_contains(r"jobs\.yaml:\d+:\d+.*keey")
        self.fill(1, first=30)
        self.wait_for_mirror()
        running.stop()

    def test_a_key_of_the_other_environment_leaves_the_old_in_force(self):
        self.fill(2)
        running = self.start()
        self.wait_for_mirror()
        self.agent.write_key("qk_live_other")
        running.send(signal.SIGHUP)
        running.log_contains("reload refused.*the key is for production")
        self.agent.write_key(KEY)
        self.fill(1, first=10)
        self.wait_for_mirror()
        running.stop()

    def test_what_needs_a_restart_is_told(self):
        running = self.start()
        self.agent.configure(metrics={"listen": "127.0.0.1:0"})
        running.send(signal.SIGHUP)
        running.log_contains(
            r'metrics\.listen is taken up by a restart alone listening=none wanted="?127\.0\.0\.1:0')
        running.stop()

    def test_a_wrong_file_is_one_record_of_a_log_in_json(self):
        self.agent.configure(log={"format": "json"})
        running = self.start()
        self.agent.write("mappings/jobs.yaml", self.MAPPING.replace("  removed:", "  removd:"))
        running.send(signal.SIGHUP)
        running.log_contains("reload refused")
        running.stop()
        records = [json.loads(line) for line in running.lines]
        refused = next(r for r in records if r["message"].startswith("reload refused"))
        self.assertRegex(refused["error"], r'jobs\.yaml:\d+:\d+: unknown key "removd"')
        self.assertIn("removed", refused["hint"])


class TwoAgents(RunCase):
    def test_once_exits_75_while_another_holds_the_account(self):
        self.fill(2)
        running = self.start()
        self.wait_for_mirror()
        done = self.agent.run("once", expect=LOCKED)
        self.assertRegex(done.stderr, r"pid \d+|holds|another")
        running.stop()
        self.agent.run("once")

    def test_a_second_run_waits_and_takes_over_when_the_first_is_killed(self):
        self.fill(2)
        first = self.start()
        self.wait_for_mirror()
        second = self.new_agent().start()
        first.kill()
        self.fill(1, first=30)
        eventually(self.is_mirrored, 20)
        self.assert_mirrored()
        second.stop()

    def test_a_second_run_takes_over_at_once_when_the_first_ends_well(self):
        self.fill(2)
        first = self.start()
        self.wait_for_mirror()
        second = self.new_agent().start()
        first.stop()
        self.fill(1, first=30)
        eventually(self.is_mirrored, 10)
        second.stop()


class ServersThatGoAway(RunCase):
    def test_run_outlives_a_restart_of_the_database(self):
        self.fill(3)
        running = self.start()
        self.wait_for_mirror()
        self.server.restart()
        self.fill(2, first=30)
        self.wait_for_mirror()
        running.stop()

    def test_run_outlives_cut_connections(self):
        self.fill(3)
        running = self.start()
        self.wait_for_mirror()
        for i in range(3):
            self.db.psql("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
                         "WHERE application_name LIKE 'qudra-sync%'")
            self.fill(1, first=40 + i)
            self.wait_for_mirror()
        running.stop()

    def test_run_outlives_a_time_in_which_its_login_is_refused(self):
        """And tells that reason, although the first that it met was another."""
        role = self.db.AGENT
        self.fill(3)
        running = self.start()
        self.wait_for_mirror()
        self.db.psql(f"ALTER ROLE {role} NOLOGIN")
        self.server.stop()
        running.log_contains("database away")
        self.server.start()
        self.addCleanup(self.db.psql, f"ALTER ROLE {role} LOGIN")
        running.log_contains("database away.*not permitted to log in")
        self.db.psql(f"ALTER ROLE {role} LOGIN")
        self.fill(1, first=40)
        self.wait_for_mirror()
        running.stop()

    def test_run_outlives_a_time_without_qudra(self):
        self.fill(3)
        running = self.start()
        self.wait_for_mirror()
        self.sandbox.fault("500", match={"path": "/v1/*"}, times=6)
        self.fill(5, first=30)
        self.wait_for_mirror()
        running.stop()

    def test_run_stops_cleanly_while_the_database_is_away(self):
        self.fill(3)
        running = self.start()
        self.wait_for_mirror()
        self.server.stop()
        try:
            running.log_contains(r"(?i)\b(lost|away|connect|terminat|clos)")
            running.send(signal.SIGTERM)
            self.assertIn(running.wait(), (0, AWAY))
        finally:
            self.server.start()


if __name__ == "__main__":
    unittest.main()
