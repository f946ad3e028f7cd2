-- Writes what detection decided about a page of rows; the keys are all different.
--
-- A row that is sending or uncertain keeps its state and all that belongs to its attempt (promise
-- 2): it only learns what is wanted now, and state_record sees by that that it changed meanwhile. A
-- row that is as it was, or comes without a state ("leave it"), takes priority and due time and
-- keeps its errors, attempts and waiting time. `synced` is believed only where it is true, and not
-- of a row that is pending: what it wanted may be on its way, so push looks once more. A row of
-- another account is left to the holder of that account's lease, unless it has nothing at Qudra any
-- more: then it moves here and begins anew.
--
-- Rows of accounts whose fence has grown are not written.
--
-- $1::text mapping, $2::text[] accounts held, $3::bigint[] their fences, $4::text[] keys,
-- $5::text[] accounts, $6::text[] states (NULL: leave), $7::text[] operations, $8::float8[] priorities,
-- $9::timestamptz[] due times, $10::bytea[] desired hashes (NULL: gone), $11::text[] error codes,
-- $12::text[] error messages, $13::text[] the same in Arabic
-- One row: fenced (all of them).
WITH fence AS MATERIALIZED (
    SELECT a.name
      FROM qudra_sync.account a
      JOIN unnest($2::text[], $3::bigint[]) AS l (name, fence) USING (name, fence)
       FOR SHARE OF a),
marked AS (
    INSERT INTO qudra_sync.job AS j (
           account, mapping, source_key, priority, due_at, desired_hash,
           state, operation, attempts, next_attempt_at, changed_at,
           error_code, error_message, error_message_ar, request_id)
    SELECT s.account, $1::text, s.source_key, s.priority,
           CASE WHEN s.due_at > now() - interval '1 minute' THEN s.due_at END,
           CASE WHEN s.state IS NULL AND NOT x.in_flight THEN old.desired_hash ELSE s.hash END, n.*
      FROM unnest($4::text[], $5::text[], $6::text[]::qudra_sync.row_state[],
                  $7::text[]::qudra_sync.operation[], $8::float8[], $9::timestamptz[],
                  $10::bytea[], $11::text[], $12::text[], $13::text[])
           AS s (source_key, account, state, operation, priority, due_at, hash, code, message,
                 message_ar)
      LEFT JOIN LATERAL (
           SELECT *
             FROM qudra_sync.job
            WHERE mapping = $1::text AND source_key = s.source_key
            LIMIT 1) old ON true
     CROSS JOIN LATERAL (
           SELECT coalesce(old.state IN ('sending', 'uncertain'), false) AS in_flight,
                  s.state = 'synced'
                  AND (old.job_id IS NULL OR old.state = 'pending'
                       OR old.synced_hash IS DISTINCT FROM s.hash) AS untrue) x
     CROSS JOIN LATERAL (
           SELECT CASE WHEN x.untrue THEN 'pending' ELSE s.state END AS state,
                  CASE WHEN NOT x.untrue THEN s.operation
                       WHEN old.job_id IS NULL THEN 'create'
                       ELSE 'update' END AS operation) w
     CROSS JOIN LATERAL (
           SELECT x.in_flight OR s.state IS NULL
                  OR coalesce(old.account = s.account AND old.state = w.state
                              AND old.desired_hash IS NOT DISTINCT FROM s.hash
                              AND (w.state <> 'pending' OR old.operation = w.operation),
                              false) AS unchanged) y
     CROSS JOIN LATERAL (
           SELECT old.state, old.operation, old.attempts, old.next_attempt_at, old.changed_at,
                  old.error_code, old.error_message, old.error_message_ar, old.request_id
            WHERE y.unchanged
            UNION ALL
           SELECT w.state, w.operation, 0, NULL, now(), s.code, s.message, s.message_ar, NULL
            WHERE NOT y.unchanged) n
     WHERE s.account IN (SELECT name FROM fence)
       AND CASE WHEN x.in_flight THEN old.account = s.account
                WHEN old.account = s.account THEN true
                WHEN s.state IS NULL THEN false
                ELSE old.job_id IS NULL OR old.state = 'removed' END
    ON CONFLICT (mapping, source_key) DO UPDATE
       SET account = excluded.account,
           priority = excluded.priority,
           due_at = excluded.due_at,
           desired_hash = excluded.desired_hash,
           gone_at = NULL,
           state = excluded.state,
           operation = excluded.operation,
           attempts = excluded.attempts,
           next_attempt_at = excluded.next_attempt_at,
           changed_at = excluded.changed_at,
           error_code = excluded.error_code,
           error_message = excluded.error_message,
           error_message_ar = excluded.error_message_ar,
           request_id = excluded.request_id,
           (job_id, qudra_url, job_status, embedding_status, match_ready, synced_at, synced_hash,
            synced_fields, answered_fields) = (
               SELECT j.job_id, j.qudra_url, j.job_status, j.embedding_status, j.match_ready,
                      j.synced_at, j.synced_hash, j.synced_fields, j.answered_fields
                WHERE j.account = excluded.account)
     WHERE j.account = excluded.account OR j.state NOT IN ('sending', 'uncertain'))
SELECT (SELECT count(*) FROM fence) = cardinality($2::text[]) AS fenced
