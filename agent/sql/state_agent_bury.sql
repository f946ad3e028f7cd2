-- Declares agents dead whose time is over, or of whom it is known: what they held is free, and no
-- write of theirs gets through any more. A heartbeat that comes first wins: the row is looked at
-- once more behind its lock.
-- $1::text[] names of agents known to be dead
-- One row: how many.
WITH dead AS (
    DELETE FROM qudra_sync.agent
     WHERE alive_until < clock_timestamp() OR name = ANY ($1::text[])
    RETURNING name, alive_until, seen, seen_fence),
freed AS (
    UPDATE qudra_sync.account a
       SET holder = NULL, fence = nextval('qudra_sync.fence'),
           held_until = least(d.alive_until, clock_timestamp()),
           seen = CASE WHEN a.fence <= d.seen_fence THEN d.seen ELSE a.seen END
      FROM dead d
     WHERE a.holder = d.name)
SELECT count(*) FROM dead
