-- Rows of these mappings that need a person or another month, by state.
-- $1::text[] mappings
-- Rows: state, rows.
SELECT state, count(*) AS rows
  FROM qudra_sync.queue
 WHERE state IN ('refused', 'uncertain', 'deferred', 'held') AND mapping = ANY ($1::text[])
 GROUP BY state
