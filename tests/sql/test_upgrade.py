"""A state that an earlier version filled comes up to date, and loses nothing."""

import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "e2e"))
from harness import ServerCase  # noqa: E402

MIGRATIONS = sorted((ROOT / "migrations").glob("*.sql"))
STATES = ("pending", "sending", "synced", "refused", "uncertain", "deferred", "held", "removed")
WAITING = ("pending", "refused", "uncertain", "deferred", "held")
# Eight field hashes of eight bytes, and what is left of them: the last six bytes of each.
WIDE = "".join(f"{field:02x}{field:02x}a1b2c3d4e5f{field}" for field in range(8))
NARROW = "".join(f"a1b2c3d4e5f{field}" for field in range(8))
FILL = f"""
    INSERT INTO qudra_sync.job (account, mapping, source_key, state, operation, priority, job_id,
                                gone_at, synced_fields, answered_fields)
    SELECT 'acme', 'jobs', state || i, state::qudra_sync.row_state,
           CASE WHEN state IN ('pending', 'deferred') THEN 'create'
                WHEN state = 'held' THEN 'close' END::qudra_sync.operation,
           nullif(i % 3, 0), CASE WHEN i % 2 = 0 THEN 'job_' || state || i END,
           CASE WHEN state IN ('held', 'removed') THEN now() END,
           CASE WHEN state = 'synced' THEN '\\x{WIDE}'::bytea END,
           CASE WHEN state = 'synced' AND i = 1 THEN '\\x{WIDE}'::bytea END
      FROM unnest('{{{",".join(STATES)}}}'::text[]) AS state, generate_series(1, 50) AS i;
    INSERT INTO qudra_sync.create_attempt (mapping, source_key, account, idempotency_key,
                                           payload_hash, payload_fields)
    SELECT mapping, source_key, account, 'k', '\\x00', '\\x{WIDE}'
      FROM qudra_sync.job WHERE state = 'sending';
    INSERT INTO qudra_sync.job (account, mapping, source_key, state)
    VALUES ('acme', 'never', 'left', 'sending');
    INSERT INTO qudra_sync.watermark (mapping, changed_to, shape)
    VALUES ('jobs', '2026-01-01Z', 7);
    GRANT SELECT ON qudra_sync.job TO PUBLIC;
"""
KEPT = "SELECT account, mapping, source_key, state, operation, priority, job_id, changed_at " \
       "FROM qudra_sync.job WHERE mapping = 'jobs' ORDER BY source_key"
QUEUED = "SELECT account, state, operation, priority, mapping, source_key " \
         "FROM qudra_sync.queue ORDER BY source_key"
DUE_IN_QUEUE = f"""
    SELECT account, state, coalesce(operation, 'create') AS operation,
           coalesce(priority, 'Infinity') AS priority, mapping, source_key
      FROM qudra_sync.job WHERE state IN {WAITING} ORDER BY source_key"""


class TheFirstVersion(ServerCase):
    def setUp(self):
        super().setUp()
        self.run_migration(MIGRATIONS[0])
        self.db.psql(FILL)
        self.before = self.db.rows(KEPT)
        for migration in MIGRATIONS[1:]:
            self.run_migration(migration)

    def run_migration(self, file):
        self.db.psql("BEGIN;\n" + file.read_text() + "\nCOMMIT;")

    def count(self, sql):
        return self.db.value(f"SELECT count(*) FROM qudra_sync.{sql}")

    def assert_queue_follows(self):
        self.assertEqual(self.db.rows(QUEUED), self.db.rows(DUE_IN_QUEUE))

    def test_keeps_its_rows_and_who_may_read_them(self):
        self.assertEqual(self.db.rows(KEPT), self.before)
        self.assertTrue(self.db.value(
            "SELECT has_table_privilege('qs_agent', 'qudra_sync.job', 'SELECT')::int"))
        self.assertEqual(self.count("watermark WHERE changed_to = '2026-01-01Z' AND shape = 7"), 1)

    def test_has_its_field_hashes_shortened(self):
        self.assertEqual(self.count(rf"job WHERE synced_fields = '\x{NARROW}'"), 50)
        self.assertEqual(self.count(rf"job WHERE answered_fields = '\x{NARROW}'"), 1)
        self.assertEqual(self.count(rf"create_attempt WHERE payload_fields = '\x{NARROW}'"), 50)

    def test_has_what_waits_in_the_queue(self):
        self.assertEqual(self.count("queue"), 50 * len(WAITING) + 1)
        self.assert_queue_follows()

    def test_puts_back_in_line_what_was_sending_and_is_not_journalled(self):
        self.assertEqual(self.count("job WHERE state = 'sending'"), 50)
        self.assertEqual(self.count("queue WHERE mapping = 'never' AND state = 'pending' "
                                    "AND operation = 'create'"), 1)

    def test_forgets_since_when_removed_rows_have_been_gone(self):
        self.assertEqual(self.count("job WHERE gone_at IS NOT NULL"), 50)
        self.assertEqual(self.count("job WHERE gone_at IS NOT NULL AND state = 'removed'"), 0)

    def test_still_binds_a_job_only_once(self):
        with self.assertRaisesRegex(AssertionError, "job_id_once"):
            self.db.psql("UPDATE qudra_sync.job SET job_id = 'job_synced2' "
                         "WHERE source_key = 'synced1'")

    def test_has_a_queue_that_follows_every_write(self):
        for write in ("UPDATE qudra_sync.job SET state = 'pending', operation = 'update' "
                      "WHERE state = 'synced'",
                      "UPDATE qudra_sync.job SET priority = 5",
                      "UPDATE qudra_sync.job SET attempts = 1",
                      "UPDATE qudra_sync.job SET account = 'other' WHERE state = 'held'",
                      "INSERT INTO qudra_sync.job (account, mapping, source_key, state, operation) "
                      "VALUES ('acme', 'jobs', 'pending1', 'synced', NULL), "
                      "('acme', 'jobs', 'new', 'pending', 'create') "
                      "ON CONFLICT (mapping, source_key) DO UPDATE SET state = excluded.state",
                      "WITH gone AS (DELETE FROM qudra_sync.job WHERE state = 'deferred') "
                      "UPDATE qudra_sync.job SET state = 'synced' WHERE state = 'refused'",
                      "DELETE FROM qudra_sync.job WHERE state = 'uncertain'"):
            with self.subTest(write):
                self.db.psql(write)
                self.assert_queue_follows()
        self.assertGreater(self.count("queue"), 0)
        self.db.psql("TRUNCATE qudra_sync.job")
        self.assertEqual(self.count("queue"), 0)


class TheQueue(ServerCase):
    def setUp(self):
        super().setUp()
        for migration in MIGRATIONS:
            self.db.psql(migration.read_text())

    def grow(self):
        self.db.psql("INSERT INTO qudra_sync.job (account, mapping, source_key, state, operation) "
                     "SELECT 'acme', 'jobs', md5(i::text), 'pending', 'create' "
                     "FROM generate_series(1, 60000) AS i")

    def trimmed(self):
        self.db.psql("SELECT qudra_sync.queue_trim()")
        return self.db.value("SELECT pg_total_relation_size('qudra_sync.queue')") < 100_000

    def test_gives_its_room_back_when_it_is_empty_and_not_before(self):
        self.grow()
        self.assertFalse(self.trimmed())
        self.db.psql("UPDATE qudra_sync.job SET state = 'synced' WHERE source_key > '1'")
        self.assertFalse(self.trimmed())
        self.assertGreater(self.db.value("SELECT count(*) FROM qudra_sync.queue"), 0)
        self.db.psql("UPDATE qudra_sync.job SET state = 'synced'")
        self.assertTrue(self.trimmed())

    def test_waits_with_that_while_someone_reads_it(self):
        self.grow()
        self.db.psql("UPDATE qudra_sync.job SET state = 'synced'")
        reader = self.db.session()
        reader.run("BEGIN; SELECT count(*) FROM qudra_sync.queue")
        self.assertFalse(self.trimmed())
        reader.run("COMMIT")
        reader.close()
        self.assertTrue(self.trimmed())

    def test_is_not_in_the_way_of_updates_in_place(self):
        self.db.psql("INSERT INTO qudra_sync.job (account, mapping, source_key, state, job_id) "
                     "VALUES ('acme', 'jobs', '1', 'synced', 'job_1')")
        for i in range(10):
            self.db.psql("UPDATE qudra_sync.job SET state = 'pending', operation = 'update', "
                         f"priority = {i}, changed_at = now()")
            self.db.psql("UPDATE qudra_sync.job SET state = 'synced', operation = NULL, "
                         "priority = NULL, synced_at = now(), synced_hash = '\\x01'")
        self.db.psql("SELECT pg_stat_force_next_flush()")
        self.assertEqual(self.db.rows("SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables "
                                      "WHERE relname = 'job'"),
                         [{"n_tup_upd": 20, "n_tup_hot_upd": 20}])


if __name__ == "__main__":
    unittest.main()
