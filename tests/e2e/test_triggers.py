"""`detect: trigger`: what an outbox hears of, what it costs nobody, and that it leaves without a trace.

The agent's role has SELECT on the table and nothing else; the triggers are put there by the owner.
The sweep is far away and updated_at is not mapped, so that whatever is found was found by a trigger.
"""

import unittest

from harness import CONFIG, OK, MirrorCase, eventually

TRIGGER_MAPPING = MirrorCase.MAPPING.replace("  updated_at: updated_at\n", "  detect: trigger\n")


class TriggerCase(MirrorCase):
    MAPPING = TRIGGER_MAPPING
    triggers = True

    def setUp(self):
        super().setUp()
        self.owner = self.new_owner()
        if self.triggers:
            self.owner.run("migrate", "--triggers")

    def new_owner(self):
        """Whoever may put triggers on the partner's table."""
        owner = self.new_agent()
        owner.configure(database={"url": self.url("postgres")})
        return owner

    def noted(self):
        """The keys that wait in the outbox, once each."""
        rows = self.db.rows("SELECT DISTINCT source_key FROM qudra_sync.change")
        return sorted(row["source_key"] or "scan" for row in rows)

    def note_none(self):
        self.db.psql("DELETE FROM qudra_sync.change")

    def assert_notes(self, expected, sql, role="postgres"):
        self.note_none()
        self.db.psql(sql, role)
        self.assertEqual(self.noted(), sorted(expected))

    def sync(self):
        self.agent.run("once")
        self.assert_mirrored()
        self.assertEqual(self.noted(), [], "the outbox is not empty")


class WhatIsNoted(TriggerCase):
    def test_insert_update_delete_and_truncate(self):
        self.fill(3)
        self.assert_notes(["4"], "INSERT INTO job (id, title) VALUES (4, 'x')")
        self.assert_notes(["2", "3"], "UPDATE job SET title = 'y' WHERE id IN (2, 3)")
        self.assert_notes(["4"], "DELETE FROM job WHERE id = 4")
        self.assert_notes(["scan"], "TRUNCATE job")

    def test_only_updates_of_what_the_mapping_reads(self):
        self.db.psql("ALTER TABLE job ADD COLUMN views integer DEFAULT 0")
        self.fill(3)
        self.assert_notes([], "UPDATE job SET views = views + 1")
        self.assert_notes([], "UPDATE job SET title = title, updated_at = now()")
        self.assert_notes([], "DELETE FROM job WHERE id = 99")
        self.assert_notes(["1"], "UPDATE job SET open = false WHERE id = 1")  # within an expression
        self.assert_notes(["2"], "UPDATE job SET deleted_at = now() WHERE id = 2")  # `removed`

    def test_a_key_that_changes_is_two_keys(self):
        self.fill(3)
        self.assert_notes(["3", "33"], "UPDATE job SET id = 33 WHERE id = 3")

    def test_what_a_before_trigger_makes_of_an_update(self):
        self.db.psql("""CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS
                        $$BEGIN NEW.title := upper(NEW.title); RETURN NEW; END$$;
                        ALTER TABLE job ADD COLUMN other integer""")
        self.fill(1)
        self.db.psql("CREATE TRIGGER shout BEFORE UPDATE ON job FOR EACH ROW EXECUTE FUNCTION shout()")
        self.assert_notes(["1"], "UPDATE job SET other = 1")

    def test_copy_upsert_and_merge_into(self):
        self.assert_notes(["1", "2"], "COPY job (id, title) FROM stdin;\n1\ta\n2\tb\n\\.\n")
        self.assert_notes(["2", "3"], "INSERT INTO job (id, title) VALUES (1, 'a'), (2, 'n'), (3, 'c') "
                                      "ON CONFLICT (id) DO UPDATE SET title = excluded.title")

    def test_writes_under_session_replication_role(self):
        self.assert_notes(["1"], "SET session_replication_role = replica; "
                                 "INSERT INTO job (id, title) VALUES (1, 'x')")

    def test_a_rolled_back_write_is_none(self):
        self.assert_notes([], "BEGIN; INSERT INTO job (id, title) VALUES (1, 'x'); ROLLBACK")

    def test_a_writer_needs_no_right_on_the_outbox(self):
        self.db.psql("""DROP ROLE IF EXISTS qs_writer; CREATE ROLE qs_writer LOGIN;
                        GRANT ALL ON job TO qs_writer""")
        self.assert_notes(["1"], "SET search_path = public; CREATE TEMP TABLE pg_attribute (x int); "
                                 "INSERT INTO job (id, title) VALUES (1, 'x')", role="qs_writer")

    def test_a_renamed_column_fails_no_write_and_asks_for_a_scan(self):
        self.fill(1)
        self.db.psql("ALTER TABLE job RENAME body TO text")
        self.assert_notes(["scan"], "UPDATE job SET title = 'still works'")
        self.db.psql("ALTER TABLE job DROP COLUMN text; ALTER TABLE job RENAME id TO number")
        self.assert_notes(["scan"], "INSERT INTO job (number, title) VALUES (2, 'this too')")
        self.assert_notes(["scan"], "DELETE FROM job WHERE number = 2")


class OtherTables(TriggerCase):
    triggers = False

    def install(self, table, mapping=TRIGGER_MAPPING):
        self.db.psql("DROP TABLE job; " + table + "; GRANT SELECT ON job TO qs_agent")
        self.owner.write("mappings/jobs.yaml", mapping)
        self.owner.run("migrate", "--triggers")

    def test_partitions_old_and_new_and_rows_that_move_between_them(self):
        columns = self.TABLE[self.TABLE.index("("):self.TABLE.index(");") + 1]
        self.install(f"""CREATE TABLE job {columns.replace('PRIMARY KEY', 'NOT NULL')}
                             PARTITION BY RANGE (id);
                         CREATE TABLE job_a PARTITION OF job FOR VALUES FROM (0) TO (100);
                         CREATE TABLE job_b (pad text, LIKE job_a INCLUDING DEFAULTS);
                         ALTER TABLE job_b DROP COLUMN pad;
                         ALTER TABLE job ATTACH PARTITION job_b FOR VALUES FROM (100) TO (200)""")
        self.fill(3)
        self.assert_notes(["4"], "INSERT INTO job (id, title) VALUES (4, 'Baker 4')")
        self.assert_notes(["104"], "INSERT INTO job_b (id, title) VALUES (104, 'Baker 104')")
        self.assert_notes(["150", "3"], "UPDATE job SET id = 150 WHERE id = 3")
        self.assert_notes(["150"], "DELETE FROM job_b WHERE id = 150")
        self.db.psql("CREATE TABLE job_c PARTITION OF job FOR VALUES FROM (200) TO (300)")
        self.assert_notes(["201"], "SET session_replication_role = replica; "
                                   "INSERT INTO job_c (id, title) VALUES (201, 'Baker 201')")
        self.assert_notes(["201"], "UPDATE job SET title = 'Head baker' WHERE id = 201")
        self.assert_notes(["scan"], "TRUNCATE job_a")
        self.sync()

    def test_a_partition_that_comes_or_goes_is_found_though_no_trigger_fires(self):
        columns = self.TABLE[self.TABLE.index("("):self.TABLE.index(");") + 1]
        self.install(f"""CREATE TABLE job {columns.replace('PRIMARY KEY', 'NOT NULL')}
                             PARTITION BY RANGE (id);
                         CREATE TABLE job_a PARTITION OF job FOR VALUES FROM (0) TO (100);
                         CREATE TABLE job_b PARTITION OF job FOR VALUES FROM (100) TO (200)""")
        self.fill(20, first=90)
        self.sync()
        self.note_none()
        self.db.psql("ALTER TABLE job DETACH PARTITION job_b; DELETE FROM job_b WHERE id > 105;"
                     "ALTER TABLE job ATTACH PARTITION job_b FOR VALUES FROM (100) TO (200)")
        self.sync()

    def test_children_of_an_inherited_table(self):
        self.install("CREATE TABLE parent (id integer, title text);"
                     "CREATE TABLE job (LIKE parent, body text DEFAULT 'A job.', city text DEFAULT "
                     "'Riyadh', contract text DEFAULT 'full_time', pay numeric DEFAULT 1, open boolean "
                     "DEFAULT true, deleted_at timestamptz); ALTER TABLE job INHERIT parent;"
                     "CREATE TABLE child () INHERITS (job)")
        self.assert_notes(["1"], "INSERT INTO child (id, title) VALUES (1, 'x')")
        self.assert_notes(["1"], "UPDATE parent SET title = 'y'")
        self.assert_notes(["1"], "DELETE FROM parent")

    def test_keys_of_several_parts_and_of_types_that_settings_change(self):
        self.install("CREATE TABLE job (id text, day date, at timestamptz, title text, body text, "
                     "city text, contract text, pay numeric, open boolean, deleted_at timestamptz)",
                     TRIGGER_MAPPING.replace("key: id", "key: [id, day, at]"))
        self.assert_notes([r"a\,b\\c,2026-02-01,2026-02-01 00:00:00+00"],
                          r"""SET datestyle = 'SQL, DMY'; SET timezone = 'Asia/Riyadh';
                          SET standard_conforming_strings = off;
                          INSERT INTO job (id, day, at) VALUES (E'a,b\\c', '01/02/2026',
                                                                '01/02/2026 03:00')""")
        self.assert_notes([], "INSERT INTO job (id, day, at) VALUES (NULL, now(), now())")

    def test_columns_that_know_no_equality_and_the_row_as_a_whole(self):
        self.install("CREATE TABLE job (id integer, title text, extra json, place point, body text, "
                     "city text, contract text, pay numeric, open boolean, deleted_at timestamptz, "
                     "other text)",
                     TRIGGER_MAPPING.replace("{column: body}", "{sql: \"to_jsonb(source)->>'extra'\"}"))
        self.assert_notes(["1"], "INSERT INTO job (id, extra, place) VALUES (1, '{}', '(1,2)')")
        self.assert_notes([], "UPDATE job SET extra = '{}', place = '(1,2)'")
        self.assert_notes(["1"], "UPDATE job SET other = 'x'")
        self.db.psql("ALTER TABLE job ADD COLUMN later text")
        self.assert_notes(["1"], "UPDATE job SET later = 'x'")

    def test_a_view_is_refused(self):
        self.db.psql("ALTER TABLE job RENAME TO base; CREATE VIEW job AS SELECT * FROM base")
        done = self.owner.run("migrate", "--triggers", expect=CONFIG)
        self.assertIn("is no table", done.stderr)


class TheAgent(TriggerCase):
    def test_mirrors_every_kind_of_change(self):
        self.fill(20)
        self.sync()
        self.db.psql("""INSERT INTO job (id, title) VALUES (50, 'new');
                        UPDATE job SET title = 'other' WHERE id = 2;
                        UPDATE job SET id = 60, title = 'moved' WHERE id = 3;
                        UPDATE job SET deleted_at = now() WHERE id = 4;
                        DELETE FROM job WHERE id = 5""")
        self.sync()
        with self.no_requests():
            self.sync()

    def test_a_change_taken_back_sends_nothing(self):
        self.fill(5)
        self.sync()
        self.db.psql("UPDATE job SET title = 'x' || title; UPDATE job SET title = substr(title, 2)")
        with self.no_requests():
            self.sync()

    def test_a_transaction_that_commits_last_though_it_noted_first(self):
        self.fill(5)
        self.sync()
        late = self.db.session()
        self.addCleanup(late.close)
        late.run("BEGIN")
        late.run("UPDATE job SET title = 'late' WHERE id = 1")
        self.db.psql("UPDATE job SET title = 'early' WHERE id = 2")
        self.agent.run("once")
        self.assertEqual(self.sandbox.titled("early")["title"], "early")
        late.run("COMMIT")
        self.sync()

    def test_truncate_is_seen_and_held_by_the_guard(self):
        self.fill(20)
        self.sync()
        self.db.psql("CREATE TABLE kept AS SELECT * FROM job; TRUNCATE job")
        self.agent.run("once", expect=None)
        self.assertEqual(len(self.sandbox.open()), 20)
        self.db.psql("INSERT INTO job SELECT * FROM kept")
        self.sync()

    def test_more_changes_than_one_page_of_the_outbox(self):
        self.fill(1500)
        self.sync()
        self.db.psql("UPDATE job SET open = NOT open; UPDATE job SET open = true WHERE id <> 1500;"
                     "DELETE FROM job WHERE id = 7")
        self.sync()

    def test_what_happened_while_a_trigger_was_switched_off_is_found(self):
        self.fill(10)
        self.sync()
        self.db.psql("ALTER TABLE job DISABLE TRIGGER USER")
        self.agent.run("once", expect=CONFIG)
        self.db.psql("UPDATE job SET open = false WHERE id = 3; ALTER TABLE job ENABLE TRIGGER USER")
        self.sync()


class PuttingThemThere(TriggerCase):
    triggers = False

    def everything(self):
        """What the catalogue holds, that triggers leave traces in."""
        return self.db.value("""(SELECT json_build_array(
            (SELECT count(*) FROM pg_depend), (SELECT count(*) FROM pg_class),
            (SELECT count(*) FROM pg_proc), (SELECT count(*) FROM pg_trigger),
            (SELECT count(*) FROM pg_namespace), (SELECT relacl::text FROM pg_class
             WHERE oid = 'job'::regclass)))""")

    def test_without_them_the_agent_says_what_to_do(self):
        done = self.agent.run("once", expect=CONFIG)
        self.assertIn("qudra-sync migrate --triggers", done.stderr)

    def test_a_second_time_changes_nothing_and_takes_no_lock(self):
        self.owner.run("migrate", "--triggers")
        busy = self.db.session()
        self.addCleanup(busy.close)
        busy.run("BEGIN")
        busy.run("LOCK job IN ROW EXCLUSIVE MODE")
        done = self.owner.run("migrate", "--triggers")
        self.assertIn("already", done.stdout)

    def test_a_busy_table_is_waited_for_only_briefly(self):
        busy = self.db.session()
        self.addCleanup(busy.close)
        busy.run("BEGIN")
        busy.run("LOCK job IN ROW EXCLUSIVE MODE")
        done = self.owner.run("migrate", "--triggers", expect=None)
        self.assertNotEqual(done.status, OK)
        self.assertIn("quiet moment", done.stderr)

    def test_they_go_without_a_trace(self):
        before = self.everything()
        self.owner.run("migrate", "--triggers")
        self.assertNotEqual(self.everything(), before)
        self.owner.run("migrate", "--drop-triggers")
        self.assertEqual(self.everything(), before)

    def test_a_role_with_trigger_on_the_table_is_enough(self):
        self.db.psql("GRANT TRIGGER ON job TO qs_agent")
        done = self.agent.run("migrate", "--triggers")
        self.assertIn("session_replication_role", done.stderr)
        self.db.psql("REVOKE TRIGGER ON job FROM qs_agent")
        self.fill(3)
        self.sync()

    def test_the_function_runs_with_the_agents_rights_and_no_more(self):
        self.owner.run("migrate", "--triggers")
        self.assertEqual(self.db.rows("SELECT DISTINCT proowner::regrole::text AS owner FROM pg_proc "
                                      "WHERE pronamespace = 'qudra_sync'::regnamespace"),
                         [{"owner": "qs_agent"}])

    def test_another_form_of_the_mapping_needs_them_again(self):
        self.owner.run("migrate", "--triggers")
        self.fill(3)
        self.sync()
        self.db.psql("ALTER TABLE job ADD COLUMN heading text DEFAULT 'Heading'")
        changed = self.MAPPING.replace("{column: title}", "{column: heading}")
        self.agent.write("mappings/jobs.yaml", changed)
        done = self.agent.run("once", expect=CONFIG)
        self.assertIn("earlier form", done.stderr)
        self.owner.write("mappings/jobs.yaml", changed)
        self.owner.run("migrate", "--triggers")
        self.agent.run("once")
        self.db.psql("UPDATE job SET heading = 'Other' WHERE id = 1")
        self.agent.run("once")
        self.assertEqual(self.sandbox.titled("Other")["title"], "Other")

    def test_a_source_on_another_server_gets_the_outbox_and_nothing_else(self):
        other = self.server.database(self.db.name + "s")
        self.addCleanup(other.drop)
        other.create_agent_role()
        other.psql(self.TABLE)
        self.agent.configure(database={"source_url": other.url()})
        self.owner.configure(database={"source_url": other.url("postgres")})
        self.owner.run("migrate", "--triggers", "--role", "qs_agent")
        other.psql("INSERT INTO job (id, title) VALUES (1, 'there')")
        self.agent.run("once")
        self.assertEqual(self.sandbox.titled("there")["title"], "there")
        self.assertEqual(other.value("SELECT count(*) FROM qudra_sync.change"), 0)
        self.owner.run("migrate", "--drop-triggers")
        self.assertIsNone(other.value("SELECT to_regnamespace('qudra_sync')::text"))


if __name__ == "__main__":
    unittest.main()
