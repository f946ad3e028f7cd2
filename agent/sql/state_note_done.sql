-- The partner's columns say what they should of these rows.
-- $1::text account, $2::bigint fence, $3::text[] mappings, $4::text[] keys
-- One row: fenced.
WITH fence AS MATERIALIZED (
    SELECT FROM qudra_sync.account WHERE name = $1::text AND fence = $2::bigint FOR SHARE),
done AS (
    DELETE FROM qudra_sync.write_back w
     USING unnest($3::text[], $4::text[]) AS s (mapping, source_key)
     WHERE w.mapping = s.mapping AND w.source_key = s.source_key
       AND EXISTS (SELECT FROM fence))
SELECT EXISTS (SELECT FROM fence) AS fenced
