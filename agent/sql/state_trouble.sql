-- Records what needs a person, or that it is over.
-- $1::text account, $2::bigint fence, $3::text trouble (NULL: over)
-- One row: fenced, whether this is new.
WITH fence AS MATERIALIZED (
    SELECT trouble FROM qudra_sync.account WHERE name = $1::text AND fence = $2::bigint FOR UPDATE),
changed AS (
    UPDATE qudra_sync.account
       SET trouble = $3::text, trouble_since = CASE WHEN $3::text IS NOT NULL THEN now() END
     WHERE name = $1::text
       AND EXISTS (SELECT FROM fence f WHERE f.trouble IS DISTINCT FROM $3::text)
    RETURNING 1)
SELECT EXISTS (SELECT FROM fence) AS fenced, EXISTS (SELECT FROM changed) AS changed
