"""A real hot standby as the source, and what happens when servers fail over.

The standby follows a primary of its own by streaming. It may lag, cancel our queries in favour of
replay, and be promoted; the state's server may be lost for its standby as well. Whatever happens,
the mirror is exact after it, and nothing is removed or created for it.
"""

import unittest

from harness import (CONFIG, OK, ROWS_LEFT, Database, MirrorCase, Postgres, eventually,
                     mirror_equal)

PAUSE, RESUME = "SELECT pg_wal_replay_pause()", "SELECT pg_wal_replay_resume()"


class StandbyCase(MirrorCase):
    """The state is on the shared server; the source is read from a standby."""

    migrated = False

    def setUp(self):
        self.primary = Postgres().start(wal_level="replica")
        self.addCleanup(self.primary.remove)
        self.source = self.primary.database("ats")
        self.source.create_agent_role()
        self.source.psql(self.TABLE)
        self.standby = self.primary.standby(max_standby_streaming_delay="100ms")
        self.addCleanup(self.standby.remove)
        super().setUp()
        self.agent.configure(database={"source_url": self.standby.url("ats", Database.AGENT)},
                             sync={"overlap": "1s"})
        self.agent.run("migrate")

    def write(self, sql):
        """On the primary; `follow` waits until the standby has replayed it."""
        self.source.psql(sql)
        self.followed = self.primary.psql("SELECT pg_current_wal_lsn()")

    def follow(self, standby=None):
        eventually(lambda: (standby or self.standby).psql(
            f"SELECT pg_last_wal_replay_lsn() >= '{self.followed}'") == "t",
            what="the standby has replayed it")

    def fill_source(self, n, first=1):
        self.write(f"INSERT INTO job (id, title) SELECT i, 'Engineer ' || i "
                   f"FROM generate_series({first}, {first + n - 1}) AS i")

    def expected(self):
        return {row["id"]: {"title": row["title"], "description": row["body"], "city": row["city"],
                            "employment_type": row["contract"], "salary_min": int(row["pay"]),
                            "status": "active" if row["open"] else "closed"}
                for row in self.source.rows("SELECT * FROM job WHERE deleted_at IS NULL")}


class AStandby(StandbyCase):
    def test_it_is_read_and_its_changes_are_found(self):
        self.fill_source(30)
        self.follow()
        running = self.agent.start()
        running.log_contains("cannot listen for NOTIFY")
        eventually(self.is_mirrored)
        self.write("UPDATE job SET title = 'Edited' WHERE id = 3; "
                   "UPDATE job SET deleted_at = now() WHERE id = 4")
        eventually(self.is_mirrored)
        running.stop()
        with self.no_requests():
            self.agent.run("backfill")

    def test_what_it_replays_late_is_found_all_the_same(self):
        """A poll during the lag must not move the watermark beyond what is still to come."""
        self.fill_source(10)
        self.follow()
        running = self.agent.start()
        eventually(self.is_mirrored)
        self.standby.psql(PAUSE)
        self.write("UPDATE job SET title = 'Late' WHERE id = 5")
        later = self.db.value("SELECT now()::text")
        eventually(lambda: self.db.value(f"SELECT now() > '{later}'::timestamptz + interval '3 s'"))
        self.assertFalse(self.is_mirrored())
        self.standby.psql(RESUME)
        eventually(self.is_mirrored)
        running.stop()

    def test_a_transaction_that_is_long_on_the_primary_is_found_when_it_ends(self):
        """Its start cannot be seen from here: overlap covers it, as far as it goes."""
        self.fill_source(10)
        self.follow()
        self.agent.configure(sync={"overlap": "1m"})
        running = self.agent.start()
        eventually(self.is_mirrored)
        late = self.source.session()
        self.addCleanup(late.close)
        late.run("BEGIN")
        late.run("UPDATE job SET title = 'Long' WHERE id = 5")
        self.write("UPDATE job SET title = 'Short' WHERE id = 6")
        eventually(lambda: any(job["title"] == "Short" for job in self.sandbox.live()))
        late.run("COMMIT")
        eventually(self.is_mirrored)
        running.stop()

    def test_a_standby_set_back_by_hours_removes_nothing(self):
        self.fill_source(40)
        self.follow()
        self.agent.run("backfill")
        self.standby.psql(PAUSE)
        self.fill_source(40, first=41)
        self.agent.configure(database={"source_url": self.source.url()})
        self.agent.run("backfill")
        self.assertEqual(len(self.sandbox.open()), 80)
        self.agent.configure(database={"source_url": self.standby.url("ats", Database.AGENT)})
        self.agent.run("backfill", expect=ROWS_LEFT)
        self.assertEqual(len(self.sandbox.open()), 80)
        self.standby.psql(RESUME)
        self.follow()
        self.agent.run("backfill", expect=OK)
        self.assert_mirrored()

    def test_a_query_cancelled_by_replay_is_asked_again(self):
        """Replay of a vacuum conflicts with our scan, which is slow here, and cancels it."""
        self.fill_source(200)
        self.follow()
        self.agent.run("backfill")
        slow = "  key: id\n  where: pg_sleep(0.02) IS NOT NULL\n"
        self.agent.write("mappings/jobs.yaml", self.MAPPING.replace("  key: id\n", slow))
        running = self.agent.start()
        scan = ("SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query ~ 'pg_sleep' "
                "AND pid <> pg_backend_pid()")
        cancelled = "SELECT confl_snapshot > 0 FROM pg_stat_database_conflicts WHERE datname = 'ats'"

        def is_cancelled():
            """A page may end before the vacuum is replayed: the next one meets the next vacuum."""
            if self.standby.psql(scan, "ats") != "0":
                self.write("DELETE FROM job WHERE id = (SELECT max(id) FROM job); VACUUM (FREEZE) job")
                self.follow()
            return self.standby.psql(cancelled, "ats") == "t"
        eventually(is_cancelled)
        eventually(self.is_mirrored)
        running.stop()
        self.assertEqual(self.sandbox.stats()["jobs"]["created"], 200)

    def test_check_says_what_a_standby_cannot_do(self):
        self.write("ALTER TABLE job ADD qudra_id text; GRANT UPDATE (qudra_id) ON job TO qs_agent")
        self.follow()
        self.assertRegex(self.agent.run("check", "--offline").stdout, "note .*standby.*NOTIFY")
        self.agent.write("mappings/jobs.yaml", self.MAPPING.replace(
            "  removed:", "  write_back: {job_id: qudra_id}\n  removed:"))
        self.assertRegex(self.agent.run("check", "--offline", expect=CONFIG).stdout,
                         "error .*write_back.*standby")


class Failover(StandbyCase):
    def both(self, *servers, attributes):
        hosts = ",".join(str(server.folder) for server in servers)
        return (f"postgresql:///ats?host={hosts}&user={Database.AGENT}"
                f"&target_session_attrs={attributes}")

    def test_of_the_source_the_promoted_standby_is_the_same_source(self):
        self.fill_source(30)
        self.follow()
        self.agent.configure(database={"source_url": self.both(
            self.primary, self.standby, attributes="any")})
        running = self.agent.start()
        eventually(self.is_mirrored)
        self.primary.stop()
        self.standby.promote()
        self.source.server = self.standby
        self.source.psql("UPDATE job SET title = 'After' WHERE id = 1; DELETE FROM job WHERE id = 2")
        running.log_contains("database is back")
        eventually(lambda: any(job["title"] == "After" for job in self.sandbox.live()))
        running.stop()
        self.agent.run("backfill")
        self.assert_mirrored()
        self.assertEqual(self.sandbox.stats()["jobs"]["created"], 30)

    def test_of_the_state_the_promoted_standby_goes_on(self):
        """State and source are on the server that is lost; the url finds whoever can be written."""
        url = self.both(self.primary, self.standby, attributes="read-write")
        self.agent.configure(database={"url": url, "source_url": url})
        self.agent.run("migrate")
        self.fill_source(30)
        running = self.agent.start()
        eventually(lambda: len(self.sandbox.open()) == 30)
        synced = "SELECT count(*) FROM qudra_sync.job WHERE state = 'synced'"
        eventually(lambda: self.source.value(f"({synced})") == 30)
        self.write("SELECT 1")
        self.follow()
        self.primary.stop()
        self.standby.promote()
        self.source.server = self.standby
        running.log_contains("database is back")
        self.source.psql("UPDATE job SET title = 'After' WHERE id = 1")
        eventually(lambda: any(job["title"] == "After" for job in self.sandbox.live()))
        running.stop()
        self.agent.run("backfill")
        mirror_equal(self.source, self.sandbox, self.expected())
        self.assertEqual(self.sandbox.stats()["jobs"]["created"], 30)


if __name__ == "__main__":
    unittest.main()
