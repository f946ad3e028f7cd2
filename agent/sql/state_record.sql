-- Records what became of a batch of rows, journal and quota included.
--
-- A row may have changed while its request was under way. It then wants something else than was
-- sent (`stale`), and a verdict that would end it puts it back in line instead; what was sent
-- becomes its desired_hash, so that push looks once more and not for ever. A row that was let go
-- (`unwanted`) is not called back by a late answer, but by push finding it there again when nothing
-- had to be sent; it is no longer gone then, unless that was noted just now, perhaps after push had
-- looked. One that the guard holds stays held, whatever its update came to. A row that was marked
-- unread (op_unread) wants what push has found. A job that another row has is not bound twice
-- (promise 2); what its row wants counts as found anew then, or a server that honours
-- Idempotency-Key would give the same answer for ever. The arrays come by way of SELECT for the
-- reason that state_journal.sql gives.
--
-- $1::text account, $2::bigint fence, $3::text[] mappings, $4::text[] keys, $5::text[] operations
-- sent (NULL: none), $6::text[] states, $7::text[] operations to wait for, $8::bigint[] flags (1:
-- what was sent is confirmed, 2: forget the job, 4: counts as an attempt, 8: keep the journal, 16:
-- forget what was confirmed), $9::bigint[] ms to wait, $10::bytea[] hashes of what was sent,
-- $11::bytea[] of its fields, $12::bytea[] of the fields answered (NULL: as sent), $13::text[]
-- error codes, $14::text[] error messages, $15::text[] the same in Arabic, $16::text[] request ids,
-- $17::text[] job ids, $18::text[] URLs, $19::text[] job statuses, $20::text[] embedding statuses,
-- $21::boolean[] match ready (NULL: not told)
-- One row: fenced.
WITH fence AS MATERIALIZED (
    SELECT FROM qudra_sync.account WHERE name = $1::text AND fence = $2::bigint FOR SHARE),
result AS (
    SELECT r.*, flags & 1 <> 0 AS confirmed, flags & 2 <> 0 AS forget, flags & 4 <> 0 AS attempt,
           flags & 8 <> 0 AS keep_journal, flags & 16 <> 0 AS unsynced,
           row_number() OVER (PARTITION BY job_id) AS nth
      FROM unnest((SELECT $3::text[]), (SELECT $4::text[]),
                  (SELECT $5::text[]::qudra_sync.operation[]),
                  (SELECT $6::text[]::qudra_sync.row_state[]),
                  (SELECT $7::text[]::qudra_sync.operation[]), (SELECT $8::bigint[]),
                  (SELECT $9::bigint[]), (SELECT $10::bytea[]), (SELECT $11::bytea[]),
                  (SELECT $12::bytea[]), (SELECT $13::text[]), (SELECT $14::text[]),
                  (SELECT $15::text[]), (SELECT $16::text[]), (SELECT $17::text[]),
                  (SELECT $18::text[]), (SELECT $19::text[]), (SELECT $20::text[]),
                  (SELECT $21::boolean[]))
           AS r (mapping, source_key, sent_op, verdict, next_op, flags, wait_ms, sent, sent_fields,
                 answered_fields, code, message, message_ar, request_id, job_id, qudra_url,
                 job_status, embedding_status, match_ready)),
decided AS MATERIALIZED (
    SELECT r.*, x.*, y.*, old.job_id IS NULL AND r.job_id IS NOT NULL AS binds
      FROM result r
      LEFT JOIN LATERAL (
           SELECT state, operation, desired_hash, job_id
             FROM qudra_sync.job
            WHERE mapping = r.mapping AND source_key = r.source_key
            LIMIT 1) old ON true
     CROSS JOIN LATERAL (
           SELECT r.job_id IS NOT NULL AND old.job_id IS NULL AND NOT r.forget
                  AND (r.nth > 1
                       OR EXISTS (SELECT
                                    FROM qudra_sync.job other
                                   WHERE other.job_id = r.job_id)) AS taken,
                  CASE WHEN NOT r.forget THEN coalesce(old.job_id, r.job_id) END AS bound_id,
                  coalesce(old.desired_hash IS NULL AND old.operation IN ('close', 'delete'),
                           false) AS unwanted,
                  old.state IN ('pending', 'sending', 'uncertain', 'refused')
                  AND r.verdict IN ('synced', 'refused', 'removed')
                  AND CASE WHEN r.sent IS NULL
                           THEN coalesce(r.sent_op IN ('close', 'delete'), false)
                                AND old.desired_hash IS NOT NULL
                           WHEN old.desired_hash IS NULL AND old.operation IN ('close', 'delete')
                           THEN r.sent_op IS NOT NULL
                           ELSE old.desired_hash IS DISTINCT FROM r.sent
                                AND old.desired_hash IS DISTINCT FROM
                                    '\xffffffffffffffffffffffffffffffff' END AS stale
            OFFSET 0) x -- reckoned once, not wherever it is used
     CROSS JOIN LATERAL (
           SELECT CASE WHEN x.taken THEN 'uncertain'
                       WHEN old.state = 'held' AND r.sent_op = 'update' AND NOT r.forget
                       THEN 'held'
                       WHEN x.stale AND x.unwanted AND x.bound_id IS NULL THEN 'removed'
                       WHEN x.stale THEN 'pending'
                       ELSE r.verdict END AS state,
                  x.stale OR r.verdict IN ('synced', 'removed') AS cleared,
                  r.confirmed AND r.sent IS NOT NULL AS synced) y
     WHERE EXISTS (SELECT FROM fence)
       AND (NOT x.taken OR r.sent_op = 'create')),
recorded AS (
    UPDATE qudra_sync.job j
       SET state = d.state,
           operation = CASE d.state
               WHEN 'pending' THEN CASE WHEN d.unwanted AND d.bound_id IS NOT NULL THEN j.operation
                                        WHEN NOT d.stale THEN d.next_op
                                        WHEN d.bound_id IS NULL THEN 'create'
                                        ELSE 'update' END
               WHEN 'deferred' THEN 'create'
               WHEN 'held' THEN coalesce(j.operation, d.sent_op)
               WHEN 'refused' THEN d.sent_op END,
           priority = CASE WHEN d.state NOT IN ('synced', 'removed') THEN j.priority END,
           desired_hash = CASE
               WHEN d.unwanted AND d.state IN ('pending', 'held') THEN NULL
               WHEN d.verdict NOT IN ('synced', 'refused', 'removed') THEN j.desired_hash
               WHEN d.sent IS NOT NULL THEN d.sent
               WHEN d.state <> 'removed' THEN j.desired_hash END,
           synced_hash = CASE WHEN d.synced THEN d.sent
                              WHEN NOT d.unsynced THEN j.synced_hash END,
           synced_fields = CASE WHEN d.synced THEN d.sent_fields
                                WHEN NOT d.unsynced THEN j.synced_fields END,
           answered_fields = CASE WHEN d.synced AND d.sent_op IS NOT NULL THEN d.answered_fields
                                  WHEN NOT d.unsynced THEN j.answered_fields END,
           gone_at = CASE WHEN d.state = 'removed' THEN NULL
                          WHEN d.unwanted AND NOT d.stale AND d.sent IS NOT NULL
                               AND d.state <> 'held'
                               AND j.gone_at <= now() - interval '1 minute' THEN NULL
                          ELSE j.gone_at END,
           synced_at = CASE WHEN d.synced OR d.verdict = 'removed' THEN now() ELSE j.synced_at END,
           attempts = CASE WHEN d.cleared THEN 0 ELSE j.attempts + d.attempt::integer END,
           next_attempt_at = CASE WHEN NOT d.cleared AND d.wait_ms > 0
                                  THEN now() + d.wait_ms * interval '1 ms' END,
           job_id = d.bound_id,
           qudra_url = CASE WHEN NOT d.forget THEN coalesce(d.qudra_url, j.qudra_url) END,
           job_status = CASE WHEN d.forget THEN NULL
                             WHEN d.verdict = 'removed' AND d.sent_op = 'close' THEN 'closed'
                             ELSE coalesce(d.job_status, j.job_status) END,
           embedding_status = CASE WHEN NOT d.forget
                                   THEN coalesce(d.embedding_status, j.embedding_status) END,
           match_ready = CASE WHEN NOT d.forget THEN coalesce(d.match_ready, j.match_ready) END,
           (error_code, error_message, error_message_ar, request_id) = (
               SELECT d.code, d.message, d.message_ar, d.request_id
                WHERE NOT d.cleared AND d.code IS NOT NULL
                UNION ALL
               SELECT j.error_code, j.error_message, j.error_message_ar, j.request_id
                WHERE NOT d.cleared AND d.code IS NULL)
      FROM decided d
     WHERE NOT d.taken AND j.account = $1::text
       AND j.mapping = d.mapping AND j.source_key = d.source_key),
taken AS (
    UPDATE qudra_sync.job j
       SET state = 'uncertain',
           operation = NULL,
           changed_at = now(),
           error_code = 'job_bound_twice',
           error_message = 'Qudra answered with a job that another row is bound to: ' || d.job_id,
           error_message_ar = 'أجابت قدرة بوظيفة مرتبطة بصف آخر: ' || d.job_id,
           request_id = d.request_id
      FROM decided d
     WHERE d.taken AND j.account = $1::text
       AND j.mapping = d.mapping AND j.source_key = d.source_key),
settled AS (
    DELETE FROM qudra_sync.create_attempt c
     USING decided d
     WHERE c.mapping = d.mapping AND c.source_key = d.source_key AND c.account = $1::text
       AND NOT d.keep_journal AND NOT d.taken),
unsettled AS (
    UPDATE qudra_sync.create_attempt c
       SET uncertain_since = now()
      FROM decided d
     WHERE c.mapping = d.mapping AND c.source_key = d.source_key AND c.account = $1::text
       AND d.state = 'uncertain' AND (d.keep_journal OR d.taken) AND c.uncertain_since IS NULL),
counted AS (
    INSERT INTO qudra_sync.quota AS q (account, month, created, exceeded_at)
    SELECT $1::text, date_trunc('month', now() AT TIME ZONE 'UTC')::date, n.created, n.exceeded_at
      FROM (SELECT count(*) FILTER (WHERE sent_op = 'create' AND binds AND NOT taken) AS created,
                   CASE WHEN bool_or(verdict = 'deferred') THEN now() END AS exceeded_at
              FROM decided) n
     WHERE n.created > 0 OR n.exceeded_at IS NOT NULL
    ON CONFLICT (account, month) DO UPDATE
       SET created = q.created + excluded.created,
           exceeded_at = coalesce(excluded.exceeded_at, q.exceeded_at))
SELECT EXISTS (SELECT FROM fence) AS fenced
