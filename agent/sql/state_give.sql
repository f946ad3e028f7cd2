-- Gives accounts back: nothing of them is under way any more.
-- $1::text[] accounts, $2::bigint[] their fences
UPDATE qudra_sync.account a
   SET holder = NULL, held_until = clock_timestamp(), torn = false,
       seen = CASE WHEN a.fence <= g.seen_fence THEN g.seen ELSE a.seen END
  FROM unnest($1::text[], $2::bigint[]) AS l (name, fence), qudra_sync.agent g
 WHERE a.name = l.name AND a.fence = l.fence AND g.name = a.holder
