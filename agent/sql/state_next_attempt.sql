-- How long until the next pending row's time comes, in ms: 0 now, NULL nothing waits. The rows that
-- back off are looked through only when none is ready. What state_pick leaves out does not count.
-- $1::text account, $2::qudra_sync.operation the last that is wanted,
-- $3::boolean only rows that a plan names, $4::text[] mappings that can be read now
WITH waiting AS NOT MATERIALIZED (
    SELECT j.next_attempt_at
      FROM qudra_sync.queue q
     CROSS JOIN LATERAL (
           SELECT next_attempt_at, gone_at
             FROM qudra_sync.job
            WHERE mapping = q.mapping AND source_key = q.source_key
            LIMIT 1) j
     WHERE q.account = $1::text AND q.state = 'pending' AND q.mapping = ANY ($4::text[])
       AND q.operation <= $2::qudra_sync.operation
       AND (j.gone_at IS NULL OR q.operation <= 'delete')
       AND (NOT $3::boolean OR EXISTS (
            SELECT FROM qudra_sync.planned p
             WHERE p.mapping = q.mapping AND p.source_key = q.source_key)))
SELECT coalesce(
       (SELECT 0 FROM waiting WHERE next_attempt_at IS NULL OR next_attempt_at <= now() LIMIT 1),
       (SELECT ceil(extract(epoch FROM min(next_attempt_at) - now()) * 1000)::bigint
          FROM waiting)) AS in_ms
