-- What stands in the way of rows that wait for a person, by error code, the most frequent first.
-- $1::text[] accounts, $2::text[] mappings; NULL: all. $3::text state
-- Rows: account, mapping, code (NULL: none), rows, a message of one of them, the same in Arabic.
SELECT j.account, j.mapping, j.error_code, count(*) AS rows, min(j.error_message) AS message,
       min(j.error_message_ar) AS message_ar
  FROM qudra_sync.queue q
  JOIN qudra_sync.job j USING (mapping, source_key)
 WHERE ($1::text[] IS NULL OR q.account = ANY ($1::text[]))
   AND ($2::text[] IS NULL OR q.mapping = ANY ($2::text[]))
   AND q.state = $3::text::qudra_sync.row_state
 GROUP BY j.account, j.mapping, j.error_code
 ORDER BY rows DESC, j.account, j.mapping, j.error_code
 LIMIT 100
