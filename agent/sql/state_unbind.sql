-- Takes the job from rows that are to forget it, before the same batch gives that job to another
-- row.
-- $1::text account, $2::bigint fence, $3::text[] mappings, $4::text[] keys
-- One row: fenced.
WITH fence AS MATERIALIZED (
    SELECT FROM qudra_sync.account WHERE name = $1::text AND fence = $2::bigint FOR SHARE),
unbound AS (
    UPDATE qudra_sync.job j
       SET job_id = NULL
      FROM unnest($3::text[], $4::text[]) AS s (mapping, source_key)
     WHERE j.mapping = s.mapping AND j.source_key = s.source_key AND j.account = $1::text
       AND EXISTS (SELECT FROM fence))
SELECT EXISTS (SELECT FROM fence) AS fenced
