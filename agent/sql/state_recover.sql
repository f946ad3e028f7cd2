-- At start: what an agent had under way is uncertain, since the account was last held: later it cannot
-- have sent anything. A journalled row counts whatever its state says. Where the agent died and did not
-- give its lease back, a row that is sending without a journal never left and waits again; and updates
-- may have been on their way: of pending rows with a job nothing is known as confirmed any more.
-- $1::text account, $2::bigint fence, $3::boolean the agent died
-- One row: fenced, how many became uncertain.
WITH fence AS MATERIALIZED (
    SELECT held_until FROM qudra_sync.account WHERE name = $1::text AND fence = $2::bigint FOR SHARE),
journalled AS MATERIALIZED (
    SELECT mapping, source_key
      FROM qudra_sync.create_attempt
     WHERE account = $1::text AND EXISTS (SELECT FROM fence)),
uncertain AS (
    UPDATE qudra_sync.job j
       SET state = 'uncertain', operation = NULL, next_attempt_at = NULL
      FROM journalled a
     WHERE j.mapping = a.mapping AND j.source_key = a.source_key AND j.account = $1::text
       AND j.job_id IS NULL AND j.state <> 'uncertain'
    RETURNING j.mapping, j.source_key),
since AS (
    UPDATE qudra_sync.create_attempt c
       SET uncertain_since = greatest(c.sent_at, coalesce(f.held_until, now()))
      FROM journalled a, fence f
     WHERE c.mapping = a.mapping AND c.source_key = a.source_key AND c.uncertain_since IS NULL),
doubtful AS (
    UPDATE qudra_sync.job j
       SET synced_hash = NULL, synced_fields = NULL
      FROM qudra_sync.queue q
     WHERE q.account = $1::text AND q.state = 'pending'
       AND j.mapping = q.mapping AND j.source_key = q.source_key
       AND j.state = 'pending' AND j.job_id IS NOT NULL
       AND $3::boolean AND EXISTS (SELECT FROM fence)),
waiting AS (
    UPDATE qudra_sync.job j
       SET state = 'pending', operation = 'create'
     WHERE $3::boolean AND j.account = $1::text AND j.state = 'sending'
       AND NOT EXISTS (SELECT
                         FROM journalled a
                        WHERE a.mapping = j.mapping AND a.source_key = j.source_key)
       AND EXISTS (SELECT FROM fence))
SELECT EXISTS (SELECT FROM fence) AS fenced, (SELECT count(*) FROM uncertain) AS count
