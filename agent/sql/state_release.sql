-- Lets held removals go.
-- $1::text account, $2::bigint fence, $3::text mapping, $4::text key; NULL: all
-- One row: fenced, how many.
WITH fence AS MATERIALIZED (
    SELECT FROM qudra_sync.account WHERE name = $1::text AND fence = $2::bigint FOR SHARE),
released AS (
    UPDATE qudra_sync.job j
       SET state = 'pending',
           operation = coalesce(j.operation, 'close'),
           changed_at = now(),
           attempts = 0,
           next_attempt_at = NULL
      FROM qudra_sync.queue q
     WHERE q.account = $1::text AND q.state = 'held'
       AND j.mapping = q.mapping AND j.source_key = q.source_key AND j.state = 'held'
       AND ($3::text IS NULL OR j.mapping = $3::text)
       AND ($4::text IS NULL OR j.source_key = $4::text)
       AND EXISTS (SELECT FROM fence)
    RETURNING 1)
SELECT EXISTS (SELECT FROM fence) AS fenced, (SELECT count(*) FROM released) AS count
