-- These rows want something else than was planned: they are not to be picked any more.
-- $1::text account, $2::bigint fence, $3::text mapping, $4::text[] keys
-- One row: fenced.
WITH fence AS MATERIALIZED (
    SELECT FROM qudra_sync.account WHERE name = $1::text AND fence = $2::bigint FOR SHARE),
dropped AS (
    DELETE FROM qudra_sync.planned
     WHERE mapping = $3::text AND source_key = ANY ($4::text[]) AND account = $1::text
       AND EXISTS (SELECT FROM fence))
SELECT EXISTS (SELECT FROM fence) AS fenced
