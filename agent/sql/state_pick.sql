-- The most urgent pending rows of an account whose time has come, in the order of index queue_order.
-- The bound on the operation is part of the index range: creates left out cost nothing. A row that
-- is gone waits for the guard, unless its removal is what is pending.
-- $1::text account, $2::bigint limit, $3::qudra_sync.operation the last that is wanted,
-- $4::bigint ms: creates found since then are left out (NULL: none), $5::boolean only rows that a
-- plan names, $6::text[] mappings that can be read now
-- Rows: mapping, key, ms since the change was found, us at which this intention began (a change, or
-- what became of the one before), fields as last answered (NULL: as sent), then what struct recorded
-- holds.
SELECT j.mapping, j.source_key,
       (extract(epoch FROM now() - j.changed_at) * 1000)::bigint AS changed_ago_ms,
       (extract(epoch FROM greatest(j.changed_at, j.synced_at)) * 1000000)::bigint AS intended_us,
       j.answered_fields,
       j.account, j.state, j.operation, j.job_id, j.job_status, j.desired_hash, j.synced_hash,
       j.synced_fields, j.attempts, j.gone_at IS NOT NULL AS gone
  FROM qudra_sync.queue q
 CROSS JOIN LATERAL (
       SELECT *
         FROM qudra_sync.job
        WHERE mapping = q.mapping AND source_key = q.source_key
        LIMIT 1) j
 WHERE q.account = $1::text AND q.state = 'pending' AND q.mapping = ANY ($6::text[])
   AND q.operation <= $3::qudra_sync.operation
   AND (j.next_attempt_at IS NULL OR j.next_attempt_at <= now())
   AND (j.gone_at IS NULL OR q.operation <= 'delete')
   AND ($4::bigint IS NULL OR q.operation < 'create'
        OR j.changed_at < now() - $4::bigint * interval '1 ms')
   AND (NOT $5::boolean OR EXISTS (
        SELECT FROM qudra_sync.planned p
         WHERE p.mapping = q.mapping AND p.source_key = q.source_key))
 ORDER BY q.operation, q.priority, q.mapping, q.source_key
 LIMIT $2::bigint
