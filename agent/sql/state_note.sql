-- Notes that the partner's columns have still to be told of these rows.
-- $1::text account, $2::bigint fence, $3::text[] mappings, $4::text[] keys
-- One row: fenced.
WITH fence AS MATERIALIZED (
    SELECT FROM qudra_sync.account WHERE name = $1::text AND fence = $2::bigint FOR SHARE),
noted AS (
    INSERT INTO qudra_sync.write_back AS w (mapping, source_key, account)
    SELECT mapping, source_key, $1::text
      FROM unnest($3::text[], $4::text[]) AS s (mapping, source_key)
     WHERE EXISTS (SELECT FROM fence)
    ON CONFLICT (mapping, source_key) DO UPDATE
       SET account = excluded.account, attempts = 0, next_attempt_at = excluded.next_attempt_at)
SELECT EXISTS (SELECT FROM fence) AS fenced
