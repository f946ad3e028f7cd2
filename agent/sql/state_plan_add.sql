-- These rows are planned: they may be picked. One that another account's plan left behind moves.
-- $1::text account, $2::bigint fence, $3::text mapping, $4::text[] keys, all different
-- One row: fenced.
WITH fence AS MATERIALIZED (
    SELECT FROM qudra_sync.account WHERE name = $1::text AND fence = $2::bigint FOR SHARE),
added AS (
    INSERT INTO qudra_sync.planned (mapping, source_key, account)
    SELECT $3::text, source_key, $1::text
      FROM unnest($4::text[]) AS k (source_key)
     WHERE EXISTS (SELECT FROM fence)
    ON CONFLICT (mapping, source_key) DO UPDATE SET account = excluded.account)
SELECT EXISTS (SELECT FROM fence) AS fenced
