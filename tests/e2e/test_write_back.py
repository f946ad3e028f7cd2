"""`source.write_back`: the partner's own columns follow the state, and the partner never feels it.

His table may lock a row, refuse a write by a trigger or take a right away: the sync goes on, and
what could not be written is written when it can be. His trigger `touch` moves updated_at at every
write of ours, and still nothing is sent for it.
"""

import unittest

from harness import CONFIG, MirrorCase, eventually


class WriteBackCase(MirrorCase):
    apart = False
    TABLE = MirrorCase.TABLE + """
        ALTER TABLE job ADD qudra_id text, ADD qudra_at text, ADD qudra_state varchar(20);
        GRANT UPDATE (qudra_id, qudra_at, qudra_state) ON job TO qs_agent;
    """
    MAPPING = MirrorCase.MAPPING.replace(
        "  removed:",
        "  write_back: {job_id: qudra_id, qudra_url: qudra_at, status: qudra_state}\n  removed:")

    def setUp(self):
        super().setUp()
        if self.apart:
            self.agent.configure(database={"source_url": self.url()})

    def wrong(self):
        """Rows whose columns do not say what the state says."""
        return [row["id"] for row in self.db.rows(
            "SELECT id FROM job LEFT JOIN qudra_sync.job s ON s.source_key = id::text WHERE "
            "(qudra_id, qudra_at, qudra_state) IS DISTINCT FROM (job_id, qudra_url, job_status) "
            "ORDER BY id")]

    def unwritten(self):
        return [row["id"] for row in self.db.rows("SELECT id FROM job WHERE qudra_id IS NULL "
                                                  "ORDER BY id")]

    def noted(self):
        return self.db.value("SELECT count(*) FROM qudra_sync.write_back")

    def sync(self):
        self.agent.run("once")
        self.assertEqual(self.wrong(), [])
        self.assertEqual(self.noted(), 0)

    def versions(self):
        return self.db.rows("SELECT id, xmin::text FROM job ORDER BY id")


class WhatIsWritten(WriteBackCase):
    def test_the_columns_follow_creates_updates_closes_and_removals(self):
        self.fill(5)
        self.sync()
        self.assertEqual(self.unwritten(), [])
        self.db.psql("UPDATE job SET title = 'Edited' WHERE id = 1; "
                     "UPDATE job SET open = false WHERE id = 2; "
                     "UPDATE job SET deleted_at = now() WHERE id = 3; "
                     "INSERT INTO job (id, title) VALUES (6, 'New one')")
        self.sync()
        self.assertEqual(self.db.value("SELECT json_agg(qudra_state ORDER BY id) FROM job"),
                         ["active", "closed", "closed", "active", "active", "active"])

    def test_rows_mirrored_before_it_was_asked_for_are_filled_with_their_next_update(self):
        self.agent.write("mappings/jobs.yaml", MirrorCase.MAPPING)
        self.fill(5)
        self.agent.run("once")
        self.agent.write("mappings/jobs.yaml", self.MAPPING)
        self.agent.run("backfill")
        self.db.psql("UPDATE job SET title = 'Edited' WHERE id = 1; DELETE FROM job WHERE id = 2; "
                     "UPDATE job SET deleted_at = now() WHERE id = 3")
        self.agent.run("once")
        self.assertEqual(self.unwritten(), [4, 5])

    def test_a_deleted_job_leaves_no_id_behind(self):
        self.agent.write("mappings/jobs.yaml",
                         self.MAPPING.replace("fields:", "  on_removed: delete\nfields:"))
        self.fill(2)
        self.sync()
        self.db.psql("UPDATE job SET deleted_at = now() WHERE id = 1")
        self.sync()
        self.assertEqual(self.unwritten(), [1])

    def test_an_answer_that_says_little_takes_nothing_away(self):
        self.fill(2)
        self.sync()
        self.sandbox.options(update_answer="204")
        self.db.psql("UPDATE job SET title = 'Edited' WHERE id = 1")
        self.sync()
        self.assertEqual(self.db.value("SELECT count(*) FROM job WHERE qudra_at IS NULL"), 0)

    def test_a_create_whose_answer_was_lost_is_written_when_it_is_found(self):
        self.sandbox.fault("reset_after", match={"method": "POST"}, times=1)
        self.fill(3)
        self.sync()
        self.assertEqual(self.unwritten(), [])

    def test_a_job_that_is_adopted_is_written(self):
        self.fill(3)
        self.sync()
        self.db.psql("DELETE FROM qudra_sync.job; UPDATE job SET qudra_id = NULL")
        self.agent.run("reconcile", "--adopt")
        self.assertEqual(self.wrong(), [])

    def test_names_without_a_schema_are_found_as_the_partners_role_finds_them(self):
        self.db.psql("CREATE SCHEMA ats; ALTER TABLE job SET SCHEMA ats; "
                     "GRANT USAGE ON SCHEMA ats TO qs_agent; "
                     f'ALTER ROLE qs_agent IN DATABASE "{self.db.name}" SET search_path = ats; '
                     f'ALTER DATABASE "{self.db.name}" SET search_path = ats, public')
        self.agent.write("mappings/jobs.yaml", self.MAPPING.replace("public.job", "job"))
        self.fill(3)
        self.sync()


class NoOtherSync(WriteBackCase):
    """Each write-back moves updated_at; it is looked at, and nothing follows from it."""

    def mirror_quietly(self):
        self.fill(5)
        self.sync()
        before = self.versions()
        with self.no_requests():
            for command in ("once", "once", "backfill"):
                self.agent.run(command)
        self.assertEqual(self.versions(), before)

    def test_by_watermark(self):
        self.mirror_quietly()

    def test_by_scan(self):
        self.agent.write("mappings/jobs.yaml", self.MAPPING.replace(
            "  updated_at: updated_at\n", "  detect: scan\n"))
        self.mirror_quietly()

    def test_by_triggers(self):
        mapping = self.MAPPING.replace("  updated_at: updated_at\n", "  detect: trigger\n")
        self.agent.write("mappings/jobs.yaml", mapping)
        owner = self.new_agent()
        owner.write("mappings/jobs.yaml", mapping)
        owner.configure(database={"url": self.url("postgres")})
        owner.run("migrate", "--triggers")
        self.mirror_quietly()
        self.assertEqual(self.db.value("SELECT count(*) FROM qudra_sync.change"), 0)


class ThePartnersTable(WriteBackCase):
    """Whatever it does, the mirror is exact at once, and the columns as soon as they can be."""

    def mirror_meanwhile(self, unwritten):
        self.agent.run("once")
        self.assert_mirrored()
        self.assertEqual(self.unwritten(), unwritten)
        self.assertEqual(self.noted(), len(unwritten))

    def caught_up(self):
        """The time of those that failed alone comes a second later."""
        def is_written():
            self.agent.run("once")
            return not self.wrong()
        with self.no_requests():
            eventually(is_written)
        self.assertEqual(self.noted(), 0)

    def test_a_row_that_somebody_locks(self):
        self.fill(20)
        busy = self.db.session()
        self.addCleanup(busy.close)
        busy.run("BEGIN")
        busy.run("SELECT FROM job WHERE id = 7 FOR UPDATE")
        self.mirror_meanwhile([7])
        busy.run("COMMIT")
        self.caught_up()

    def test_a_table_that_somebody_locks(self):
        self.fill(3)
        busy = self.db.session()
        self.addCleanup(busy.close)
        busy.run("BEGIN")
        busy.run("LOCK job IN SHARE MODE")
        self.mirror_meanwhile([1, 2, 3])
        busy.run("COMMIT")
        self.caught_up()

    FAIL = """CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS
        $$BEGIN IF NEW.id = 3 THEN RAISE 'not this row'; END IF; RETURN NEW; END$$;"""

    def test_a_trigger_that_fails(self):
        self.fill(20)
        self.db.psql(self.FAIL + "CREATE TRIGGER fail BEFORE UPDATE ON job FOR EACH ROW "
                     "EXECUTE FUNCTION fail()")
        self.mirror_meanwhile([3])
        self.assertIn("your table has still to be told: 1", self.agent.run("status").stdout)
        self.assertEqual(self.agent.run("status", "--json").json["write_back"],
                         {"rows": 1, "failed": 1})
        self.db.psql("DROP TRIGGER fail ON job")
        self.caught_up()
        self.assertNotIn("still to be told", self.agent.run("status").stdout)

    def test_a_deferred_constraint_that_fails(self):
        self.fill(20)
        self.db.psql(self.FAIL + "CREATE CONSTRAINT TRIGGER fail AFTER UPDATE ON job DEFERRABLE "
                     "INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION fail()")
        self.mirror_meanwhile([3])
        self.db.psql("DROP TRIGGER fail ON job")
        self.caught_up()

    def test_a_right_that_is_missing(self):
        self.fill(3)
        self.db.psql("REVOKE UPDATE (qudra_id) ON job FROM qs_agent")
        self.mirror_meanwhile([1, 2, 3])
        done = self.agent.run("check", "--offline", expect=CONFIG)
        self.assertIn('GRANT SELECT ("qudra_id"', done.stdout)
        self.db.psql("GRANT UPDATE (qudra_id) ON job TO qs_agent")
        self.caught_up()

    def test_the_reason_is_told_once_and_the_agent_catches_up_by_itself(self):
        self.fill(3)
        busy = self.db.session()
        self.addCleanup(busy.close)
        busy.run("BEGIN")
        busy.run("SELECT FROM job WHERE id = 2 FOR UPDATE")
        running = self.agent.start()
        running.log_contains("write-back put off.*lock timeout")
        eventually(self.is_mirrored)
        busy.run("COMMIT")
        eventually(lambda: not self.wrong())
        running.stop()


class ThePartnersTableApart(ThePartnersTable):
    apart = True


class WhatIsWrittenApart(WhatIsWritten):
    apart = True


if __name__ == "__main__":
    unittest.main()
