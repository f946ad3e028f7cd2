-- A page of the rows that have a job which should be at Qudra, in the order of the job's id. Removed
-- rows, and those whose removal is pending, may miss theirs.
-- $1::text account, $2::text after this job id (NULL: from the first), $3::bigint limit
-- Rows: i (from 1), mapping, key, fields as last answered (NULL: as sent), ms since they were synced,
-- then what struct recorded holds.
SELECT row_number() OVER (ORDER BY job_id) AS i, mapping, source_key, answered_fields,
       (extract(epoch FROM now() - synced_at) * 1000)::bigint AS synced_ago_ms,
       account, state, operation, job_id, job_status, desired_hash, synced_hash, synced_fields,
       attempts, gone_at IS NOT NULL AS gone
  FROM qudra_sync.job
 WHERE account = $1::text AND job_id IS NOT NULL AND job_id > coalesce($2::text, '')
   AND state <> 'removed'
   AND NOT (state = 'pending' AND operation IN ('close', 'delete'))
 ORDER BY job_id
 LIMIT $3::bigint
