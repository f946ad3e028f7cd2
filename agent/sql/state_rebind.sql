-- Hands the jobs of rows that are gone to new rows that want exactly what those jobs say: a repost
-- under a new key costs no quota and keeps its matches. A removal that has been let go may be on its
-- way and is left alone. A new row goes on as an update: push looks at it once more, and mostly finds
-- nothing to send. That the old row goes first keeps index job_id_once content.
-- $1::text account, $2::bigint fence, $3::boolean have it confirmed by an update all the same
-- One row: fenced, how many.
WITH fence AS MATERIALIZED (
    SELECT FROM qudra_sync.account WHERE name = $1::text AND fence = $2::bigint FOR SHARE),
leaving AS MATERIALIZED (
    SELECT *, row_number() OVER (PARTITION BY synced_hash ORDER BY mapping, source_key) AS nth
      FROM qudra_sync.job
     WHERE account = $1::text AND gone_at IS NOT NULL AND state IN ('synced', 'held')
       AND job_id > '' -- as index job_of_account has it
       AND synced_hash IS NOT NULL AND job_status IS DISTINCT FROM 'closed'
       AND EXISTS (SELECT FROM fence)),
coming AS MATERIALIZED (
    SELECT j.mapping, j.source_key, j.desired_hash,
           row_number() OVER (PARTITION BY j.desired_hash
                                  ORDER BY q.priority, j.mapping, j.source_key) AS nth
      FROM qudra_sync.queue q
      JOIN qudra_sync.job j USING (mapping, source_key)
     WHERE q.account = $1::text AND q.state IN ('pending', 'deferred') AND q.operation = 'create'
       AND j.job_id IS NULL AND j.gone_at IS NULL
       AND EXISTS (SELECT FROM leaving)
       AND j.desired_hash IN (SELECT synced_hash FROM leaving)),
freed AS (
    DELETE FROM qudra_sync.job j
     USING leaving l, coming c
     WHERE c.desired_hash = l.synced_hash AND c.nth = l.nth
       AND j.mapping = l.mapping AND j.source_key = l.source_key
    RETURNING l.*, c.mapping AS to_mapping, c.source_key AS to_key),
bound AS (
    UPDATE qudra_sync.job j
       SET state = 'pending', operation = 'update', attempts = 0, next_attempt_at = NULL,
           error_code = NULL, error_message = NULL, error_message_ar = NULL, request_id = NULL,
           job_id = f.job_id, qudra_url = f.qudra_url, job_status = f.job_status,
           embedding_status = f.embedding_status, match_ready = f.match_ready,
           synced_at = f.synced_at,
           synced_hash = CASE WHEN NOT $3::boolean THEN f.synced_hash END,
           synced_fields = CASE WHEN NOT $3::boolean THEN f.synced_fields END,
           answered_fields = CASE WHEN NOT $3::boolean THEN f.answered_fields END
      FROM freed f
     WHERE j.mapping = f.to_mapping AND j.source_key = f.to_key
    RETURNING 1)
SELECT EXISTS (SELECT FROM fence) AS fenced, (SELECT count(*) FROM bound) AS count
