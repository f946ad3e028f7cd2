-- The last runs, newest first; before them the mappings that cannot be read now.
-- $1::bigint limit
SELECT id, kind, mapping,
       to_char(started_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS started_at,
       to_char(ended_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS ended_at,
       outcome, counts, error
  FROM qudra_sync.run
 ORDER BY outcome IS NOT DISTINCT FROM 'failed' AND ended_at IS NULL DESC, started_at DESC, id DESC
 LIMIT $1::bigint
