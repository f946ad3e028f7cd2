-- Whether the rows of a page are exactly what is recorded between its first key and its last. Most
-- pages of most scans are, and to read a range costs a third of looking up each key. False says
-- nothing: of a row that waits, or where other keys stand in between, state_compare.sql tells more.
--
-- Keys that are all of one length leave longer ones out (of numbers, '1000' to '1099' has '10000' in
-- it too); how many of those are read is bounded.
-- $1::text mapping, $2::text account, $3::text first key, $4::text last key, $5::bigint octets of
-- each key (NULL: they differ), $6::bigint rows to read at most, $7::text[] keys in ascending order,
-- $8::bytea[] desired hashes
-- One row: unchanged.
SELECT bool_and(account = $2::text AND state NOT IN ('pending', 'deferred', 'held', 'removed')
                AND gone_at IS NULL AND due_at IS NULL)
       AND array_agg(source_key) = $7::text[]
       AND array_agg(desired_hash) = $8::bytea[] AS unchanged
  FROM (SELECT account, source_key, state, desired_hash, gone_at, due_at
          FROM qudra_sync.job
         WHERE mapping = $1::text AND source_key BETWEEN $3::text AND $4::text
         ORDER BY source_key
         LIMIT $6::bigint) recorded
 WHERE $5::bigint IS NULL OR octet_length(source_key) = $5::bigint
