-- Keeps what the last answer's headers said, for `status`.
-- $1::text account, $2::bigint fence, $3::jsonb limits (NULL: nothing is known)
-- One row: fenced.
WITH written AS (
    UPDATE qudra_sync.account
       SET limits = $3::jsonb
     WHERE name = $1::text AND fence = $2::bigint
    RETURNING 1)
SELECT EXISTS (SELECT FROM written) AS fenced
