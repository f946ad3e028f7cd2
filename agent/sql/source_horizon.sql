-- The time before which no change can still come to light: no transaction that still runs began before
-- it, less the overlap, which covers what cannot be seen: backends that we may not look at, the
-- primary's seen from a standby, the time between begin and PREPARE TRANSACTION, the instant before a
-- transaction shows its start, and writers whose own clock, by which they set updated_at, is behind.
-- Vacuum and replication senders write no rows.
-- $1::bigint overlap in milliseconds
-- One row: the horizon, RFC 3339 or "-infinity" (a standby that has replayed nothing yet).
WITH running AS (
    SELECT min(xact_start) AS oldest
      FROM pg_catalog.pg_stat_activity
     WHERE datname = pg_catalog.current_database()
       AND pid <> pg_catalog.pg_backend_pid()
       AND (backend_type IS NULL OR backend_type NOT IN ('autovacuum worker', 'walsender'))),
prepared AS (
    SELECT min(prepared) AS oldest
      FROM pg_catalog.pg_prepared_xacts
     WHERE database = pg_catalog.current_database()),
horizon AS (
    SELECT CASE WHEN pg_catalog.pg_is_in_recovery()
                THEN least(pg_catalog.now(),
                           coalesce(pg_catalog.pg_last_xact_replay_timestamp(), '-infinity'))
                ELSE least(pg_catalog.now(), running.oldest, prepared.oldest)
           END - $1::bigint * interval '1 millisecond' AS at
      FROM running, prepared)
SELECT CASE WHEN isfinite(at)
            THEN pg_catalog.to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
            ELSE at::text END AS horizon
  FROM horizon
