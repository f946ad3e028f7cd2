-- Journals creates before they leave (promise 2) and marks their rows sending. A row that has a
-- job, is not pending, has an attempt that is not settled, or has come to want something else since
-- it was picked (promise 1) is not taken. LIMIT 1 keeps the
-- look-up by primary key: a join would be tempted by the queue, which may be as long as the table.
-- The arrays come by way of SELECT, so that the planner does not see how long they are: a few
-- hundred rows would tempt it to read the whole table, where each is to be looked up.
-- $1::text account, $2::bigint fence, $3::text[] mappings, $4::text[] keys,
-- $5::text[] idempotency keys, $6::bytea[] payload hashes, $7::bytea[] hashes of their fields,
-- $8::bytea[] hashes of their texts' words, $9::bytea[] what the rows wanted when they were picked
-- One row: fenced, places (from 1) of those taken.
WITH fence AS MATERIALIZED (
    SELECT FROM qudra_sync.account WHERE name = $1::text AND fence = $2::bigint FOR SHARE),
free AS MATERIALIZED (
    SELECT s.*
      FROM unnest((SELECT $3::text[]), (SELECT $4::text[]), (SELECT $5::text[]),
                  (SELECT $6::bytea[]), (SELECT $7::bytea[]), (SELECT $8::bytea[]),
                  (SELECT $9::bytea[]))
           WITH ORDINALITY AS s (mapping, source_key, idempotency_key, hash, fields, words, wanted, i)
     CROSS JOIN LATERAL (
           SELECT account, state, job_id, desired_hash
             FROM qudra_sync.job
            WHERE mapping = s.mapping AND source_key = s.source_key
            LIMIT 1) j
     WHERE j.account = $1::text AND j.state = 'pending' AND j.job_id IS NULL
       AND j.desired_hash IS NOT DISTINCT FROM s.wanted
       AND NOT EXISTS (SELECT
                         FROM qudra_sync.create_attempt c
                        WHERE c.mapping = s.mapping AND c.source_key = s.source_key)
       AND EXISTS (SELECT FROM fence)),
taken AS (
    UPDATE qudra_sync.job j
       SET state = 'sending', operation = NULL, next_attempt_at = NULL, desired_hash = f.hash
      FROM free f
     WHERE j.mapping = f.mapping AND j.source_key = f.source_key
    RETURNING f.*),
journalled AS (
    INSERT INTO qudra_sync.create_attempt (
           mapping, source_key, account, idempotency_key, payload_hash, payload_fields, payload_words,
           sent_at)
    SELECT mapping, source_key, $1::text, idempotency_key, hash, fields, words, clock_timestamp()
      FROM taken)
SELECT EXISTS (SELECT FROM fence) AS fenced, i FROM taken
 UNION ALL
SELECT EXISTS (SELECT FROM fence), NULL
