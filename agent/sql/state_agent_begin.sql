-- An agent says that it lives. One of the same name is the same process, begun anew: what it held then
-- and could not give back is free, or it would wait for itself for ever.
-- $1::text its name, $2::boolean takes its part of the accounts, $3::bigint ms it counts as living
WITH begun AS (
    INSERT INTO qudra_sync.agent (name, shares, alive_until)
    VALUES ($1::text, $2::boolean, clock_timestamp() + $3::bigint * interval '1 ms')
    ON CONFLICT (name) DO UPDATE
        SET shares = excluded.shares, alive_until = excluded.alive_until, seen = NULL,
            seen_fence = 0)
UPDATE qudra_sync.account a
   SET holder = NULL, fence = nextval('qudra_sync.fence'), held_until = clock_timestamp(),
       seen = CASE WHEN a.fence <= g.seen_fence THEN g.seen ELSE a.seen END
  FROM qudra_sync.agent g
 WHERE g.name = $1::text AND a.holder = g.name
