-- Rows of these mappings that need a person or another month, by state. Reads index job_attention.
-- $1::text[] mappings
-- Rows: state, rows.
SELECT state, count(*) AS rows
  FROM qudra_sync.job
 WHERE state IN ('refused', 'uncertain', 'deferred', 'held') AND mapping = ANY ($1::text[])
 GROUP BY state
