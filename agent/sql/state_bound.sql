-- A page of the rows that have a job which should be at Qudra, by mapping and key. Removed rows, and
-- those whose removal is pending, may miss theirs.
-- $1::text account, $2::text mapping and $3::text key of the row before the first (NULL: from the
-- start), $4::bigint limit
-- Rows: i (from 1), mapping, key, fields as last answered (NULL: as sent), ms since they were synced,
-- then what struct recorded holds.
SELECT row_number() OVER (ORDER BY mapping, source_key) AS i, mapping, source_key, answered_fields,
       (extract(epoch FROM now() - synced_at) * 1000)::bigint AS synced_ago_ms,
       account, state, operation, job_id, job_status, desired_hash, synced_hash, synced_fields,
       attempts, gone_at IS NOT NULL AS gone
  FROM qudra_sync.job
 WHERE account = $1::text AND job_id > '' -- as index job_of_account has it
   AND (mapping, source_key) > (coalesce($2::text, ''), coalesce($3::text, ''))
   AND state <> 'removed'
   AND NOT (state = 'pending' AND operation IN ('close', 'delete'))
 ORDER BY mapping, source_key
 LIMIT $4::bigint
