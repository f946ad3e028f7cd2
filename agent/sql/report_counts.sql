-- Rows by account, mapping, state and operation; whoever reads adds up what he wants to see.
-- $1::text[] accounts, $2::text[] mappings; NULL: all
-- Rows: account, mapping, state, operation, rows, of them waiting for their next attempt, with a job,
-- embedding failed, embedding processing, ms since the oldest pending change was found.
SELECT account, mapping, state, operation, count(*) AS rows,
       count(*) FILTER (WHERE state = 'pending' AND next_attempt_at > now()) AS waiting,
       count(*) FILTER (WHERE job_id IS NOT NULL AND state <> 'removed') AS at_qudra,
       count(*) FILTER (WHERE embedding_status = 'failed' AND state <> 'removed') AS failed,
       count(*) FILTER (WHERE embedding_status = 'processing' AND state <> 'removed') AS processing,
       (extract(epoch FROM now() - min(changed_at) FILTER (WHERE state = 'pending')) * 1000)::bigint
           AS oldest_ms
  FROM qudra_sync.job
 WHERE ($1::text[] IS NULL OR account = ANY ($1::text[]))
   AND ($2::text[] IS NULL OR mapping = ANY ($2::text[]))
 GROUP BY account, mapping, state, operation
 ORDER BY account, mapping
