-- A page of the rows of a mapping that are known to be gone and wait for something, in key order.
-- $1::text mapping, $2::bigint ms that a row must have been gone, $3::text after this key (NULL: from
-- the first), $4::bigint limit
-- Rows: key, whether it has been gone for long enough.
SELECT source_key, gone_at <= now() - $2::bigint * interval '1 ms' AS due
  FROM qudra_sync.job
 WHERE mapping = $1::text AND ($3::text IS NULL OR source_key > $3::text)
   AND gone_at IS NOT NULL AND state NOT IN ('removed', 'sending', 'uncertain')
 ORDER BY source_key
 LIMIT $4::bigint
