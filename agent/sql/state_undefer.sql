-- Puts deferred creates back in line, the most urgent first: the month has turned or the plan has
-- grown.
-- $1::text account, $2::bigint fence, $3::bigint how many at most
-- One row: fenced, how many.
WITH fence AS MATERIALIZED (
    SELECT FROM qudra_sync.account WHERE name = $1::text AND fence = $2::bigint FOR SHARE),
best AS MATERIALIZED (
    SELECT mapping, source_key
      FROM qudra_sync.queue
     WHERE account = $1::text AND state = 'deferred' AND EXISTS (SELECT FROM fence)
     ORDER BY priority, mapping, source_key
     LIMIT $3::bigint),
undeferred AS (
    UPDATE qudra_sync.job j
       SET state = 'pending', operation = 'create', attempts = 0, next_attempt_at = NULL,
           error_code = NULL, error_message = NULL, error_message_ar = NULL, request_id = NULL
      FROM best b
     WHERE j.mapping = b.mapping AND j.source_key = b.source_key AND j.state = 'deferred'
    RETURNING 1),
open AS (
    UPDATE qudra_sync.quota
       SET exceeded_at = NULL
     WHERE account = $1::text AND exceeded_at IS NOT NULL AND EXISTS (SELECT FROM fence))
SELECT EXISTS (SELECT FROM fence) AS fenced, (SELECT count(*) FROM undeferred) AS count
