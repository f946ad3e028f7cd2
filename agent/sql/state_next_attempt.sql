-- How long until the next pending row's time comes, in ms: 0 now, NULL nothing waits. The rows that
-- back off are looked through only when none is ready. What state_pick leaves out does not count.
-- The order of the first look-up is there to have it read index job_queue and not the table.
-- $1::text account, $2::qudra_sync.operation the last that is wanted,
-- $3::boolean only rows that a plan names, $4::text[] mappings that can be read now
SELECT coalesce(
       (SELECT 0
          FROM qudra_sync.job
         WHERE account = $1::text AND state = 'pending' AND mapping = ANY ($4::text[])
           AND operation <= $2::qudra_sync.operation
           AND (next_attempt_at IS NULL OR next_attempt_at <= now())
           AND (gone_at IS NULL OR operation <= 'delete')
           AND (NOT $3::boolean OR EXISTS (
                SELECT FROM qudra_sync.planned p
                 WHERE p.mapping = job.mapping AND p.source_key = job.source_key))
         ORDER BY operation, priority, mapping, source_key
         LIMIT 1),
       (SELECT ceil(extract(epoch FROM min(next_attempt_at) - now()) * 1000)::bigint
          FROM qudra_sync.job
         WHERE account = $1::text AND state = 'pending' AND mapping = ANY ($4::text[])
           AND operation <= $2::qudra_sync.operation
           AND (gone_at IS NULL OR operation <= 'delete')
           AND (NOT $3::boolean OR EXISTS (
                SELECT FROM qudra_sync.planned p
                 WHERE p.mapping = job.mapping AND p.source_key = job.source_key)))) AS in_ms
