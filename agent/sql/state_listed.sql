-- What is recorded of the rows that have these jobs.
-- $1::text account, $2::text[] job ids
-- Rows: i (from 1), mapping, key, fields as last answered (NULL: as sent), ms since they were synced,
-- then what struct recorded holds; jobs that no row has are left out.
SELECT s.i, j.mapping, j.source_key, j.answered_fields,
       (extract(epoch FROM now() - j.synced_at) * 1000)::bigint AS synced_ago_ms,
       j.account, j.state, j.operation, j.job_id, j.job_status, j.desired_hash, j.synced_hash,
       j.synced_fields, j.attempts, j.gone_at IS NOT NULL AS gone
  FROM unnest($2::text[]) WITH ORDINALITY AS s (job_id, i)
 CROSS JOIN LATERAL (
       SELECT *
         FROM qudra_sync.job
        WHERE job_id = s.job_id
        LIMIT 1) j
 WHERE j.account = $1::text
