-- Ends a detection: gone rows are let go (pending removals that want nothing any more) or held.
-- Those that Qudra never got are dropped, those closed there already are done, unless an update
-- that opens them may be on its way. The three write different rows. What is sending or uncertain
-- waits until it is settled.
-- $1::text account, $2::bigint fence, $3::text mapping, $4::bigint ms that a row must have been
-- gone, $5::text close or delete, $6::boolean hold
-- One row: fenced, rows let go or newly held.
WITH fence AS MATERIALIZED (
    SELECT FROM qudra_sync.account WHERE name = $1::text AND fence = $2::bigint FOR SHARE),
gone AS MATERIALIZED (
    SELECT source_key,
           CASE WHEN job_id IS NULL THEN 'drop'
                WHEN job_status = 'closed' AND synced_hash IS NOT NULL AND $5::text = 'close'
                     AND state <> 'pending'
                THEN 'done'
                WHEN state = 'held' THEN 'stays'
                WHEN state IN ('pending', 'refused') AND desired_hash IS NULL THEN 'stays'
                ELSE 'go' END AS fate
      FROM qudra_sync.job
     WHERE mapping = $3::text AND account = $1::text
       AND gone_at IS NOT NULL AND gone_at <= now() - $4::bigint * interval '1 ms'
       AND state NOT IN ('removed', 'sending', 'uncertain')
       AND EXISTS (SELECT FROM fence)),
dropped AS (
    DELETE FROM qudra_sync.job j
     USING gone g
     WHERE g.fate = 'drop' AND j.mapping = $3::text AND j.source_key = g.source_key),
let_go AS (
    UPDATE qudra_sync.job j
       SET state = CASE WHEN g.fate = 'done' THEN 'removed'
                        WHEN $6::boolean THEN 'held'
                        ELSE 'pending' END::qudra_sync.row_state,
           operation = CASE WHEN g.fate = 'go' THEN $5::text::qudra_sync.operation END,
           desired_hash = NULL,
           gone_at = CASE WHEN g.fate = 'go' THEN j.gone_at END,
           changed_at = now(),
           attempts = 0,
           next_attempt_at = NULL,
           error_code = NULL,
           error_message = NULL,
           error_message_ar = NULL,
           request_id = NULL
      FROM gone g
     WHERE g.fate IN ('go', 'done') AND j.mapping = $3::text AND j.source_key = g.source_key
    RETURNING g.fate)
SELECT EXISTS (SELECT FROM fence) AS fenced,
       (SELECT count(*) FROM let_go WHERE fate = 'go') AS count
