-- Rows that belong to another account now: what they have at the old one is left there under a key of
-- its own, as gone, so that it is closed there (or held by the guard) while the row begins anew here.
-- Neither waits for the other: the old account's key may be dead. One whose create is in flight or lost
-- is looked at again, when that is known. The fence is that of the account that the row goes to, or
-- comes from.
-- $1::text account, $2::bigint fence, $3::text mapping, $4::text[] keys
-- One row: fenced.
WITH fence AS MATERIALIZED (
    SELECT FROM qudra_sync.account WHERE name = $1::text AND fence = $2::bigint FOR SHARE),
moved AS (
    UPDATE qudra_sync.job
       SET source_key = '\M' || job_id || ' ' || source_key,
           gone_at = coalesce(gone_at, now()), due_at = NULL
     WHERE mapping = $3::text AND source_key = ANY ($4::text[])
       AND job_id IS NOT NULL AND state NOT IN ('sending', 'uncertain', 'removed')
       AND EXISTS (SELECT FROM fence)),
later AS (
    UPDATE qudra_sync.job
       SET due_at = now() + interval '10 seconds'
     WHERE mapping = $3::text AND source_key = ANY ($4::text[])
       AND state IN ('sending', 'uncertain')
       AND EXISTS (SELECT FROM fence))
SELECT EXISTS (SELECT FROM fence) AS fenced
