-- Takes an account's lease when it is free, given back, run out, the holder's own, or a dead agent's;
-- else says who holds it. The lease's end is reckoned after any wait for the row, hence
-- clock_timestamp().
-- $1::text account, $2::text holder, $3::bigint length in ms, $4::text holder known to be dead (NULL:
-- none)
-- One row: fence (NULL: not taken), who held it last and did not give it back (NULL: nobody), ms until
-- the other's lease runs out.
WITH before AS MATERIALIZED (
    SELECT holder FROM qudra_sync.account WHERE name = $1::text),
taken AS (
    INSERT INTO qudra_sync.account AS a (name, holder, fence, lease_until)
    VALUES ($1::text, $2::text, 1, clock_timestamp() + $3::bigint * interval '1 ms')
    ON CONFLICT (name) DO UPDATE
       SET holder = excluded.holder,
           fence = a.fence + 1,
           lease_until = clock_timestamp() + $3::bigint * interval '1 ms'
     WHERE a.lease_until IS NULL OR a.lease_until < clock_timestamp()
        OR a.holder IN (excluded.holder, $4::text)
    RETURNING fence)
SELECT fence, (SELECT holder FROM before) AS holder, NULL AS left_ms FROM taken
UNION ALL
SELECT NULL, a.holder, (extract(epoch FROM a.lease_until - clock_timestamp()) * 1000)::bigint
  FROM qudra_sync.account a
 WHERE a.name = $1::text AND NOT EXISTS (SELECT FROM taken)
