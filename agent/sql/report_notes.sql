-- Rows of which the partner's columns (source.write_back) have still to be told.
-- $1::text[] accounts, $2::text[] mappings; NULL: all
-- One row: rows, of them those that could not be written so far.
SELECT count(*) AS rows, count(*) FILTER (WHERE attempts > 0) AS failed
  FROM qudra_sync.write_back
 WHERE ($1::text[] IS NULL OR account = ANY ($1::text[]))
   AND ($2::text[] IS NULL OR mapping = ANY ($2::text[]))
