-- What the removal guard weighs: the open jobs of a mapping, and how many of them are going and
-- have not yet been let go or held. A row that was let go wants nothing: its desired_hash is NULL.
-- Jobs that are closed count on neither side, or an archive of them would let the open ones go
-- unnoticed.
-- $1::text account, $2::text mapping, $3::bigint ms that a row must have been gone
-- One row: mirrored (counted only when some are going), going.
WITH going AS MATERIALIZED (
    SELECT count(*) AS n
      FROM qudra_sync.job
     WHERE mapping = $2::text AND account = $1::text
       AND gone_at IS NOT NULL AND gone_at <= now() - $3::bigint * interval '1 ms'
       AND state NOT IN ('removed', 'sending', 'uncertain', 'held')
       AND job_id > '' -- as index job_of_account has it
       AND job_status IS DISTINCT FROM 'closed'
       AND NOT (state IN ('pending', 'refused') AND desired_hash IS NULL))
SELECT CASE WHEN n = 0 THEN 0 ELSE (
           SELECT count(*)
             FROM qudra_sync.job
            WHERE mapping = $2::text AND account = $1::text AND state <> 'removed'
              AND job_id > '' -- as index job_of_account has it
              AND job_status IS DISTINCT FROM 'closed') END AS mirrored,
       n AS going
  FROM going
