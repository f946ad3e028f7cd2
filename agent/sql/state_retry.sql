-- Puts refused rows back in line. A removal that was refused is tried again as the removal it was. A
-- row that adoption left to a person is created anew: nothing of it is on its way. What a person asks
-- for is an intention of its own (state_pick.sql), so it begins now.
-- $1::text account, $2::bigint fence, $3::text mapping, $4::text key, $5::text error code; NULL:
-- all
-- One row: fenced, how many.
WITH fence AS MATERIALIZED (
    SELECT FROM qudra_sync.account WHERE name = $1::text AND fence = $2::bigint FOR SHARE),
retried AS (
    UPDATE qudra_sync.job j
       SET state = 'pending',
           operation = CASE WHEN j.job_id IS NULL THEN 'create'
                            WHEN j.desired_hash IS NULL THEN coalesce(j.operation, 'close')
                            ELSE 'update' END::qudra_sync.operation,
           attempts = 0,
           next_attempt_at = NULL,
           changed_at = now()
      FROM qudra_sync.queue q
     WHERE q.account = $1::text AND q.state IN ('refused', 'uncertain')
       AND j.mapping = q.mapping AND j.source_key = q.source_key
       AND (j.state = 'refused'
            OR j.state = 'uncertain' AND j.job_id IS NULL AND j.error_code = 'adopt.ambiguous')
       AND ($3::text IS NULL OR j.mapping = $3::text)
       AND ($4::text IS NULL OR j.source_key = $4::text)
       AND ($5::text IS NULL OR j.error_code = $5::text)
       AND EXISTS (SELECT FROM fence)
    RETURNING 1)
SELECT EXISTS (SELECT FROM fence) AS fenced, (SELECT count(*) FROM retried) AS count
