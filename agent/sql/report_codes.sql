-- What stands in the way of rows that wait for a person, by error code, the most frequent first.
-- $1::text[] accounts, $2::text[] mappings; NULL: all. $3::text state
-- Rows: account, mapping, code (NULL: none), rows, a message of one of them, the same in Arabic.
SELECT account, mapping, error_code, count(*) AS rows, min(error_message) AS message,
       min(error_message_ar) AS message_ar
  FROM qudra_sync.job
 WHERE ($1::text[] IS NULL OR account = ANY ($1::text[]))
   AND ($2::text[] IS NULL OR mapping = ANY ($2::text[]))
   AND state = $3::text::qudra_sync.row_state
 GROUP BY account, mapping, error_code
 ORDER BY rows DESC, account, mapping, error_code
 LIMIT 100
