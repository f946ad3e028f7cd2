-- The most urgent pending rows of an account whose time has come, in the order of index job_queue.
-- The bound on the operation is part of the index range: creates left out cost nothing. A row that
-- is gone waits for the guard, unless its removal is what is pending.
-- $1::text account, $2::bigint limit, $3::qudra_sync.operation the last that is wanted,
-- $4::bigint ms: creates found since then are left out (NULL: none), $5::boolean only rows that a
-- plan names, $6::text[] mappings that can be read now
-- Rows: mapping, key, ms since the change was found, us at which this intention began (a change, or
-- what became of the one before), then what struct recorded holds.
SELECT mapping, source_key,
       (extract(epoch FROM now() - changed_at) * 1000)::bigint AS changed_ago_ms,
       (extract(epoch FROM greatest(changed_at, synced_at)) * 1000000)::bigint AS intended_us,
       account, state, operation, job_id, job_status, desired_hash, synced_hash, synced_fields,
       attempts, gone_at IS NOT NULL AS gone
  FROM qudra_sync.job
 WHERE account = $1::text AND state = 'pending' AND mapping = ANY ($6::text[])
   AND operation <= $3::qudra_sync.operation
   AND (next_attempt_at IS NULL OR next_attempt_at <= now())
   AND (gone_at IS NULL OR operation <= 'delete')
   AND ($4::bigint IS NULL OR operation < 'create'
        OR changed_at < now() - $4::bigint * interval '1 ms')
   AND (NOT $5::boolean OR EXISTS (
        SELECT FROM qudra_sync.planned p
         WHERE p.mapping = job.mapping AND p.source_key = job.source_key))
 ORDER BY operation, priority, mapping, source_key
 LIMIT $2::bigint
