-- Rows with their state and errors, by mapping and key, a page at a time.
-- $1::text[] accounts, $2::text[] mappings, $3::text state, $4::text key, $5::text error code,
-- $6::text embedding status; NULL: any. $7::text mapping and $8::text key of the row before the
-- first (NULL: from the start), $9::bigint limit
SELECT account, mapping, source_key, state, operation, job_id, qudra_url, job_status,
       embedding_status, match_ready::integer, attempts, error_code, error_message,
       error_message_ar, request_id,
       to_char(first_seen_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS first_seen_at,
       to_char(changed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS changed_at,
       to_char(synced_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS synced_at,
       to_char(next_attempt_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
           AS next_attempt_at,
       to_char(gone_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS gone_at,
       to_char(due_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS due_at
  FROM qudra_sync.job
 WHERE ($1::text[] IS NULL OR account = ANY ($1::text[]))
   AND ($2::text[] IS NULL OR mapping = ANY ($2::text[]))
   AND ($3::text IS NULL OR state = $3::text::qudra_sync.row_state)
   AND ($4::text IS NULL OR source_key = $4::text)
   AND ($5::text IS NULL OR error_code = $5::text)
   AND ($6::text IS NULL OR embedding_status = $6::text AND state <> 'removed')
   AND ($7::text IS NULL OR (mapping, source_key) > ($7::text, $8::text))
 ORDER BY mapping, source_key
 LIMIT $9::bigint
