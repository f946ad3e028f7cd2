-- The environment that an account's ids were made in; recorded when none is yet.
-- $1::text account, $2::bigint fence, $3::text environment
-- One row: fenced (the lease still holds), environment that was recorded before (NULL: none).
WITH fence AS MATERIALIZED (
    SELECT environment
      FROM qudra_sync.account
     WHERE name = $1::text AND fence = $2::bigint
       FOR UPDATE),
first AS (
    UPDATE qudra_sync.account
       SET environment = $3::text
     WHERE name = $1::text AND EXISTS (SELECT FROM fence WHERE environment IS NULL))
SELECT EXISTS (SELECT FROM fence) AS fenced, (SELECT environment FROM fence) AS environment
