"""Promise 7: a guest in the partner's database: no long transaction, no lock, settings that say who we are.

What the agent's sessions are is asked where it matters: in the partner's own statistics, and from
within the SQL that they run.
"""

import time
import unittest

from harness import AWAY, MirrorCase, eventually

OURS = "FROM pg_stat_activity WHERE datname = current_database() AND application_name ~ '^qudra-sync'"


class AGuest(MirrorCase):
    TABLE = MirrorCase.TABLE + """
        ALTER TABLE job ADD qudra_id text;
        GRANT UPDATE (qudra_id) ON job TO qs_agent;
    """

    def write_back(self):
        self.agent.write("mappings/jobs.yaml", self.MAPPING.replace(
            "  removed:", "  write_back: {job_id: qudra_id}\n  removed:"))

    def test_no_transaction_is_open_while_qudra_is_slow(self):
        self.write_back()
        self.sandbox.fault("slow", match={"method": "POST"}, ms=3000)
        self.fill(250)
        running = self.agent.start()
        eventually(lambda: self.sandbox.requests("POST"))
        looks, end = 0, time.monotonic() + 2.5
        while time.monotonic() < end:
            held = self.db.rows(f"SELECT state, query, now() - xact_start AS age {OURS} "
                                "AND xact_start < now() - interval '1 second'")
            self.assertEqual(held, [])
            looks += 1
        self.assertGreater(looks, 10)
        self.sandbox.no_faults()
        eventually(self.is_mirrored)
        running.stop()

    def test_a_table_that_others_lock_for_themselves_is_read_all_the_same(self):
        """EXCLUSIVE lets nothing through but ACCESS SHARE, which a plain SELECT takes."""
        self.fill(50)
        busy = self.db.session()
        self.addCleanup(busy.close)
        busy.run("BEGIN")
        busy.run("LOCK job IN EXCLUSIVE MODE")
        for command in ("check", "plan", "backfill", "once", "reconcile"):
            self.agent.run(command)
        self.assert_mirrored()
        waiting = busy.run("SELECT count(*) FROM pg_locks WHERE NOT granted")
        self.assertEqual(waiting, "0")

    def test_its_sessions_say_who_they_are_and_end_what_takes_too_long(self):
        self.agent.configure(database={"statement_timeout": "17s"})
        asked = ("application_name", "statement_timeout", "default_transaction_read_only",
                 "transaction_isolation", "row_security")
        settings = " || ' ' || ".join(f"current_setting('{name}')" for name in asked)
        self.agent.write("mappings/jobs.yaml", self.MAPPING.replace("{column: body}",
                                                                    f'{{sql: "{settings}"}}'))
        self.fill(1)
        self.agent.run("once")
        self.assertEqual(self.sandbox.live()[0]["description"],
                         "qudra-sync source 17s on read committed on")

    def test_a_statement_beyond_its_time_is_ended_by_the_server(self):
        self.fill(3)
        self.agent.configure(database={"statement_timeout": "1s"})
        self.agent.write("mappings/jobs.yaml", self.MAPPING.replace(
            "  key: id\n", "  key: id\n  where: pg_sleep(30) IS NOT NULL\n"))
        self.assertIn("statement timeout", self.agent.run("once", expect=AWAY).stderr)
        self.assertEqual(self.db.value(f"SELECT count(*) {OURS}"), 0)

    def test_an_idle_look_is_one_range_of_one_index(self):
        self.fill(5000)
        self.agent.configure(sync={"overlap": "1s"})
        self.db.psql("ANALYZE job")
        self.agent.run("once")
        later = self.db.value("SELECT now()::text")
        eventually(lambda: self.db.value(f"SELECT now() > '{later}'::timestamptz + interval '3 s'"))
        self.agent.run("once")  # moves the watermark beyond all rows
        before = self.reads()
        with self.no_requests():
            self.agent.run("once")
        after = self.reads()
        cost = {name: after[name] - before[name] for name in after}
        # Planning reads the index's last entry too, here for the statement and for its proof.
        self.assertEqual((cost["seq_scan"], cost["job_pkey"]), (0, 0), cost)
        self.assertLessEqual(cost["job_updated_at"], 4)
        self.assertLessEqual(cost["rows"], 3)

    def reads(self):
        """What the table's statistics count; those of a session are there when it has ended."""
        eventually(lambda: self.db.value(f"SELECT count(*) {OURS}") == 0)
        table = self.db.rows("SELECT seq_scan, idx_tup_fetch FROM pg_stat_user_tables "
                             "WHERE relid = 'job'::regclass")[0]
        index = {row["indexrelname"]: row["idx_scan"] for row in self.db.rows(
            "SELECT indexrelname, idx_scan FROM pg_stat_user_indexes WHERE relid = 'job'::regclass")}
        return {"seq_scan": table["seq_scan"], "rows": table["idx_tup_fetch"], **index}


if __name__ == "__main__":
    unittest.main()
