-- Adds to what is known of how an account's fields come back.
-- $1::text account, $2::bigint fence, $3::bigint fields that came as sent, $4::bigint changed ones
-- One row: fenced.
WITH fence AS MATERIALIZED (
    SELECT coalesce(fields_as_sent, 0) AS as_sent, coalesce(fields_changed, 0) AS changed
      FROM qudra_sync.account
     WHERE name = $1::text AND fence = $2::bigint
       FOR UPDATE),
learnt AS (
    UPDATE qudra_sync.account a
       SET fields_as_sent = f.as_sent | $3::bigint::integer,
           fields_changed = f.changed | $4::bigint::integer
      FROM fence f
     WHERE a.name = $1::text
       AND (f.as_sent | $3::bigint::integer, f.changed | $4::bigint::integer)
           <> (f.as_sent, f.changed))
SELECT EXISTS (SELECT FROM fence) AS fenced
