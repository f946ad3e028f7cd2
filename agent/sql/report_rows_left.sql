-- Rows that need a person or another month, by state.
-- $1::text[] accounts, $2::text[] mappings; NULL: all
-- Rows: state, rows.
SELECT state, count(*) AS rows
  FROM qudra_sync.queue
 WHERE state IN ('refused', 'uncertain', 'deferred', 'held')
   AND ($1::text[] IS NULL OR account = ANY ($1::text[]))
   AND ($2::text[] IS NULL OR mapping = ANY ($2::text[]))
 GROUP BY state
