-- Puts off pending creates of an account, in no order: the month's quota is used up.
-- $1::text account, $2::bigint fence, $3::bigint how many at most
-- One row: fenced, how many.
WITH fence AS MATERIALIZED (
    SELECT FROM qudra_sync.account WHERE name = $1::text AND fence = $2::bigint FOR SHARE),
part AS MATERIALIZED (
    SELECT mapping, source_key
      FROM qudra_sync.queue
     WHERE account = $1::text AND state = 'pending' AND operation = 'create'
       AND EXISTS (SELECT FROM fence)
     LIMIT $3::bigint),
deferred AS (
    UPDATE qudra_sync.job j
       SET state = 'deferred',
           next_attempt_at = NULL,
           error_code = 'quota.used_up',
           error_message = 'the month''s quota of new jobs is used up: this one waits for the next',
           error_message_ar = 'نفدت حصة الشهر من الوظائف الجديدة: تنتظر هذه الوظيفة الشهر القادم',
           request_id = NULL
      FROM part s
     WHERE j.mapping = s.mapping AND j.source_key = s.source_key
       AND j.state = 'pending' AND j.operation = 'create' AND j.job_id IS NULL
    RETURNING 1)
SELECT EXISTS (SELECT FROM fence) AS fenced, (SELECT count(*) FROM deferred) AS count
