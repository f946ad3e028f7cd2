-- Some jobs of an account that should be at Qudra, in no order: whichever index job_of_account, whose
-- condition this has, finds first. Removed rows, and those whose removal is pending, may miss theirs.
-- $1::text account, $2::bigint limit
-- Rows: job id.
SELECT job_id
  FROM qudra_sync.job
 WHERE account = $1::text AND job_id > ''
   AND state <> 'removed'
   AND NOT (state = 'pending' AND operation IN ('close', 'delete'))
 LIMIT $2::bigint
