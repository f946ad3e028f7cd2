-- The last runs, newest first.
-- $1::bigint limit
SELECT id, kind, mapping,
       to_char(started_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS started_at,
       to_char(ended_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS ended_at,
       outcome, counts, error
  FROM qudra_sync.run
 ORDER BY started_at DESC, id DESC
 LIMIT $1::bigint
