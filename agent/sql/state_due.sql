-- Keys of a mapping whose due time has passed.
-- $1::text mapping, $2::bigint limit
SELECT source_key
  FROM qudra_sync.job
 WHERE due_at <= now() AND mapping = $1::text AND gone_at IS NULL AND state <> 'removed'
 ORDER BY due_at
 LIMIT $2::bigint
