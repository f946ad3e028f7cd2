-- Which rows of an account have these jobs.
-- $1::text account, $2::text[] job ids
-- Rows: i (from 1), mapping, key; jobs that no row has are left out.
SELECT s.i, j.mapping, j.source_key
  FROM unnest($2::text[]) WITH ORDINALITY AS s (job_id, i)
 CROSS JOIN LATERAL (
       SELECT mapping, source_key, account
         FROM qudra_sync.job
        WHERE job_id = s.job_id
        LIMIT 1) j
 WHERE j.account = $1::text
