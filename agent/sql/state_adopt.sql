-- Binds rows to jobs that were found at Qudra, or notes that a person must tell which job is a row's.
-- A row that has a job, or a create in flight, is left alone; so is one whose lost create said something
-- else than the row does now (promise 2: settling looks for that). No job is bound twice.
--
-- $1::text account, $2::bigint fence, $3::text mapping, $4::text[] keys, $5::float8[] priorities,
-- $6::timestamptz[] due times, $7::bytea[] desired hashes, $8::bytea[] hashes of their fields,
-- $9::bytea[] of the job's fields (NULL: the same), $10::boolean[] the job says what the row says,
-- $11::text[] job ids (NULL: undecided), $12::text[] URLs, $13::text[] job statuses,
-- $14::text[] embedding statuses, $15::boolean[] match ready (NULL: not told), $16::text[] messages for
-- undecided rows, $17::text[] the same in Arabic
-- Rows: fenced, places (from 1) of those written.
WITH fence AS MATERIALIZED (
    SELECT FROM qudra_sync.account WHERE name = $1::text AND fence = $2::bigint FOR SHARE),
given AS (
    SELECT *
      FROM unnest($4::text[], $5::float8[], $6::timestamptz[], $7::bytea[], $8::bytea[], $9::bytea[],
                  $10::boolean[], $11::text[], $12::text[], $13::text[], $14::text[], $15::boolean[],
                  $16::text[], $17::text[]) WITH ORDINALITY
           AS s (source_key, priority, due_at, hash, fields, answered, same, job_id, qudra_url,
                 job_status, embedding_status, match_ready, message, message_ar, i)),
adopted AS (
    INSERT INTO qudra_sync.job AS j (
           account, mapping, source_key, priority, due_at, desired_hash, state, operation,
           job_id, qudra_url, job_status, embedding_status, match_ready,
           synced_hash, synced_fields, answered_fields, synced_at,
           error_code, error_message, error_message_ar)
    SELECT $1::text, $3::text, g.source_key, g.priority,
           CASE WHEN g.due_at > now() - interval '1 minute' THEN g.due_at END, g.hash,
           CASE WHEN g.job_id IS NULL THEN 'uncertain'
                WHEN g.same THEN 'synced'
                ELSE 'pending' END::qudra_sync.row_state,
           CASE WHEN g.job_id IS NOT NULL AND NOT g.same THEN 'update' END::qudra_sync.operation,
           g.job_id, g.qudra_url, g.job_status, g.embedding_status, g.match_ready,
           CASE WHEN g.same THEN g.hash END, CASE WHEN g.same THEN g.fields END,
           CASE WHEN g.same THEN g.answered END, CASE WHEN g.same THEN now() END,
           CASE WHEN g.job_id IS NULL THEN 'adopt.ambiguous' END, g.message, g.message_ar
      FROM given g
     WHERE EXISTS (SELECT FROM fence)
       AND NOT EXISTS (SELECT FROM qudra_sync.job other WHERE other.job_id = g.job_id)
       AND NOT EXISTS (SELECT
                         FROM qudra_sync.create_attempt c
                        WHERE c.mapping = $3::text AND c.source_key = g.source_key
                          AND (g.job_id IS NULL OR c.payload_hash <> g.hash))
    ON CONFLICT (mapping, source_key) DO UPDATE
       SET (account, priority, due_at, desired_hash, state, operation, job_id, qudra_url, job_status,
            embedding_status, match_ready, synced_hash, synced_fields, answered_fields, synced_at,
            error_code, error_message, error_message_ar) = (
               SELECT excluded.account, excluded.priority, excluded.due_at, excluded.desired_hash,
                      excluded.state, excluded.operation, excluded.job_id, excluded.qudra_url,
                      excluded.job_status, excluded.embedding_status, excluded.match_ready,
                      excluded.synced_hash, excluded.synced_fields, excluded.answered_fields,
                      excluded.synced_at, excluded.error_code, excluded.error_message,
                      excluded.error_message_ar),
           request_id = NULL,
           attempts = 0,
           next_attempt_at = NULL,
           gone_at = NULL,
           changed_at = now()
     WHERE j.job_id IS NULL AND j.state <> 'sending'
       AND (j.account = excluded.account OR j.state <> 'uncertain')
    RETURNING j.source_key, j.job_id),
settled AS (
    DELETE FROM qudra_sync.create_attempt c
     USING adopted a
     WHERE c.mapping = $3::text AND c.source_key = a.source_key AND a.job_id IS NOT NULL)
SELECT EXISTS (SELECT FROM fence) AS fenced, g.i FROM adopted a JOIN given g USING (source_key)
 UNION ALL
SELECT EXISTS (SELECT FROM fence), NULL
