-- The partner's columns cannot be written for these rows now: they are tried again ever more rarely, in
-- the end once an hour.
-- $1::text account, $2::bigint fence, $3::text[] mappings, $4::text[] keys
-- One row: fenced.
WITH fence AS MATERIALIZED (
    SELECT FROM qudra_sync.account WHERE name = $1::text AND fence = $2::bigint FOR SHARE),
put_off AS (
    UPDATE qudra_sync.write_back w
       SET attempts = w.attempts + 1,
           next_attempt_at = now() + least(3600, 2 ^ least(w.attempts, 12)) * interval '1 second'
      FROM unnest($3::text[], $4::text[]) AS s (mapping, source_key)
     WHERE w.mapping = s.mapping AND w.source_key = s.source_key
       AND EXISTS (SELECT FROM fence))
SELECT EXISTS (SELECT FROM fence) AS fenced
