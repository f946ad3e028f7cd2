-- Marks rows as gone from the source since now, where they are not marked yet.
-- $1::text account, $2::bigint fence, $3::text mapping, $4::text[] keys
-- One row: fenced.
WITH fence AS MATERIALIZED (
    SELECT FROM qudra_sync.account WHERE name = $1::text AND fence = $2::bigint FOR SHARE),
marked AS (
    UPDATE qudra_sync.job
       SET gone_at = now(), due_at = NULL
     WHERE mapping = $3::text AND source_key = ANY ($4::text[]) AND account = $1::text
       AND gone_at IS NULL AND state <> 'removed'
       AND EXISTS (SELECT FROM fence))
SELECT EXISTS (SELECT FROM fence) AS fenced
