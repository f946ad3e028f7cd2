"""A real pgbouncer in transaction mode, before the state, the source, or both.

No two statements of the agent need the same server connection, none of its settings stays with one
that another client will get, and the pool has fewer connections than the agent opens. What is lost
is NOTIFY, and `check` says so.
"""

import unittest

from harness import AWAY, OK, MirrorCase, Pooler, Session, eventually

WRITE_BACK = "  write_back: {job_id: qudra_id, status: qudra_state}\n  removed:"


class PoolerCase(MirrorCase):
    settings = {}
    before = ("state", "source")
    migrated = False
    TABLE = MirrorCase.TABLE + """
        ALTER TABLE job ADD qudra_id text, ADD qudra_state text;
        GRANT UPDATE (qudra_id, qudra_state) ON job TO qs_agent;
    """
    MAPPING = MirrorCase.MAPPING.replace("  removed:", WRITE_BACK)

    def setUp(self):
        super().setUp()
        self.pooler = Pooler(self.server, **self.settings).start()
        self.addCleanup(self.pooler.remove)
        self.through_the_pool(self.agent)
        self.agent.run("migrate")

    def through_the_pool(self, agent, role="qs_agent"):
        urls = {"url": self.url(role), "source_url": self.url(role)}
        for name, database in (("url", "state"), ("source_url", "source")):
            if database in self.before:
                urls[name] = self.pooler.url(self.db.name, role)
        if urls["url"] == urls["source_url"]:
            del urls["source_url"]  # one database, and so one transaction with write-back
        agent.configure(database=urls)

    def sync(self, command="once"):
        self.agent.run(command)
        self.assert_mirrored()
        wrong = self.db.value("SELECT count(*) FROM job JOIN qudra_sync.job s ON source_key = id::text "
                              "WHERE (qudra_id, qudra_state) IS DISTINCT FROM (job_id, job_status)")
        self.assertEqual(wrong, 0)

    def edit(self):
        self.db.psql("""UPDATE job SET title = 'Edited' WHERE id = 1;
                        UPDATE job SET open = false WHERE id = 2;
                        UPDATE job SET deleted_at = now() WHERE id = 3;
                        DELETE FROM job WHERE id = 4;
                        INSERT INTO job (id, title) VALUES (50000, 'New one')""")

    def mirror(self):
        self.fill(2500)
        self.sync("backfill")
        self.edit()
        self.sync("backfill")
        with self.no_requests():
            self.sync()


class BeforeBoth(PoolerCase):
    def test_by_watermark(self):
        self.mirror()

    def test_by_scan(self):
        self.agent.write("mappings/jobs.yaml", self.MAPPING.replace(
            "  updated_at: updated_at\n", "  detect: scan\n"))
        self.mirror()

    def test_by_triggers(self):
        mapping = self.MAPPING.replace("  updated_at: updated_at\n", "  detect: trigger\n")
        owner = self.new_agent()
        self.through_the_pool(owner, "postgres")
        for agent in (self.agent, owner):
            agent.write("mappings/jobs.yaml", mapping)
        owner.run("migrate", "--triggers", "--role", "qs_agent")
        self.mirror()
        self.assertEqual(self.db.value("SELECT count(*) FROM qudra_sync.change"), 0)

    def test_the_interval_finds_what_notify_cannot_tell(self):
        running = self.agent.start()
        running.log_contains("NOTIFY is not heard through a pool")
        self.fill(5)
        eventually(self.is_mirrored)
        running.stop()

    def test_nothing_of_ours_stays_with_the_pool(self):
        """Each of its connections is asked, by clients that all hold one at a time."""
        self.fill(50)
        running = self.agent.start()
        eventually(self.is_mirrored)
        running.stop()
        clients = [self.pooled_session() for _ in range(3)]
        for client in clients:
            client.run("BEGIN")
        pids = {client.run("SELECT pg_backend_pid()") for client in clients}
        self.assertEqual(len(pids), 3)
        for client in clients:
            self.assertEqual(client.run("SHOW default_transaction_read_only"), "off")
            self.assertEqual(client.run("SHOW search_path"), '"$user", public')
            self.assertEqual(client.run("SHOW statement_timeout"), "0")
            self.assertEqual(client.run("SHOW lock_timeout"), "0")
            self.assertEqual(client.run("SELECT count(*) FROM pg_listening_channels()"), "0")
            self.assertEqual(client.run("SELECT count(*) FROM pg_prepared_statements"), "0")
            self.assertEqual(client.run("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"), "0")

    def pooled_session(self):
        session = Session(self.pooler.url(self.db.name))
        self.addCleanup(session.close)
        return session

    def test_a_pool_that_goes_away_and_comes_back(self):
        running = self.agent.start()
        self.fill(5)
        eventually(self.is_mirrored)
        self.pooler.stop()
        running.log_contains("database away")
        self.edit()
        self.pooler.start()
        running.log_contains("database is back")
        eventually(lambda: any(job["title"] == "Edited" for job in self.sandbox.live()))
        running.stop()

    def test_a_statement_that_takes_too_long_is_ended_from_here(self):
        self.fill(5)
        self.agent.configure(database={"statement_timeout": "1s"})
        self.agent.write("mappings/jobs.yaml", self.MAPPING.replace(
            "  key: id\n", "  key: id\n  where: pg_sleep(5) IS NOT NULL\n"))
        self.assertIn("statement_timeout", self.agent.run("once", expect=AWAY).stderr)
        still = ("SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query ~ 'pg_sleep' "
                 "AND datname = current_database() AND pid <> pg_backend_pid()")
        eventually(lambda: self.db.value(still) == 0)

    def test_the_other_commands_work_through_it(self):
        self.fill(60)
        self.sync()
        for command in ("status", "rows", "reconcile", "plan", "migrate", "release"):
            self.agent.run(command, expect=OK)
        self.agent.run("explain", "jobs", "7", expect=OK)
        self.agent.run("introspect", "job", expect=OK)

    def test_check_says_what_is_lost(self):
        done = self.agent.run("check", "--offline")
        self.assertRegex(done.stdout, "note .*through a pool.*NOTIFY")


class BeforeBothWhereOptionsAreDropped(BeforeBoth):
    """As many set it up: the options of our sessions are taken and never reach the server."""
    settings = {"ignore_startup_parameters": "extra_float_digits,options"}


class BeforeTheState(PoolerCase):
    before = ("state",)

    def test_it_mirrors(self):
        self.mirror()


class BeforeTheSource(PoolerCase):
    before = ("source",)

    def test_it_mirrors(self):
        self.mirror()


if __name__ == "__main__":
    unittest.main()
