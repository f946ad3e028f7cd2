-- Rows that the partner's columns have still to be told of, those that wait longest first.
-- $1::text account, $2::bigint limit
-- Rows: mapping, source_key.
SELECT mapping, source_key
  FROM qudra_sync.write_back
 WHERE account = $1::text AND next_attempt_at <= now()
 ORDER BY next_attempt_at
 LIMIT $2::bigint
