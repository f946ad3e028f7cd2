-- The time before which no transaction that still runs can have begun. A transaction shows its start
-- in pg_stat_activity an instant after it began: hence a second of margin. Backends that we may not
-- look at, and the primary's seen from a standby, are covered by the overlap alone; so is the time
-- between begin and PREPARE TRANSACTION. Vacuum and replication senders write no rows.
-- $1::bigint overlap in milliseconds
-- One row: the horizon, RFC 3339 or "-infinity" (a standby that has replayed nothing yet).
WITH given AS (
    SELECT $1::bigint * interval '1 millisecond' AS overlap),
others AS (
    SELECT min(xact_start) AS oldest,
           coalesce(bool_or(query = '<insufficient privilege>' OR state = 'disabled'), false) AS hidden
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
                           coalesce(pg_catalog.pg_last_xact_replay_timestamp(), '-infinity')) - overlap
                ELSE least(pg_catalog.now()
                               - CASE WHEN hidden THEN overlap ELSE interval '1 second' END,
                           others.oldest,
                           prepared.oldest - overlap)
           END AS at
      FROM given, others, prepared)
SELECT CASE WHEN isfinite(at)
            THEN pg_catalog.to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
            ELSE at::text END AS horizon
  FROM horizon
