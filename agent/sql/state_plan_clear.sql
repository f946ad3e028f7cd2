-- Forgets the planned rows of an account.
-- $1::text account, $2::bigint fence
-- One row: fenced.
WITH fence AS MATERIALIZED (
    SELECT FROM qudra_sync.account WHERE name = $1::text AND fence = $2::bigint FOR SHARE),
cleared AS (
    DELETE FROM qudra_sync.planned
     WHERE account = $1::text AND EXISTS (SELECT FROM fence))
SELECT EXISTS (SELECT FROM fence) AS fenced
