-- A page of the keys of a mapping that are neither removed nor known to be gone, in key order.
-- $1::text mapping, $2::text after this key (NULL: from the first), $3::bigint limit
SELECT source_key
  FROM qudra_sync.job
 WHERE mapping = $1::text AND ($2::text IS NULL OR source_key > $2::text)
   AND state <> 'removed' AND gone_at IS NULL
 ORDER BY source_key
 LIMIT $3::bigint
