-- Rows that an earlier adoption left to a person, and that this one found free of doubt, may be created.
-- $1::text account, $2::bigint fence, $3::text mapping, $4::bigint ms since this adoption began
-- One row: fenced, how many.
WITH fence AS MATERIALIZED (
    SELECT FROM qudra_sync.account WHERE name = $1::text AND fence = $2::bigint FOR SHARE),
freed AS (
    UPDATE qudra_sync.job j
       SET state = 'pending', operation = 'create', attempts = 0, next_attempt_at = NULL,
           error_code = NULL, error_message = NULL, error_message_ar = NULL, request_id = NULL
      FROM qudra_sync.queue q
     WHERE q.account = $1::text AND q.mapping = $3::text AND q.state = 'uncertain'
       AND j.mapping = q.mapping AND j.source_key = q.source_key AND j.state = 'uncertain'
       AND j.error_code = 'adopt.ambiguous' AND j.job_id IS NULL
       AND j.changed_at < now() - $4::bigint * interval '1 ms'
       AND NOT EXISTS (SELECT
                         FROM qudra_sync.create_attempt c
                        WHERE c.mapping = j.mapping AND c.source_key = j.source_key)
       AND EXISTS (SELECT FROM fence)
    RETURNING 1)
SELECT EXISTS (SELECT FROM fence) AS fenced, (SELECT count(*) FROM freed) AS count
