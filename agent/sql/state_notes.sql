-- What the partner's columns should say of these rows. A row that has been dropped has no job.
-- $1::text[] mappings, $2::text[] keys
-- Rows: i (from 1), job_id, qudra_url, job_status.
SELECT s.i, j.job_id, j.qudra_url, j.job_status
  FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS s (mapping, source_key, i)
  LEFT JOIN LATERAL (
       SELECT *
         FROM qudra_sync.job
        WHERE mapping = s.mapping AND source_key = s.source_key
        LIMIT 1) j ON true
