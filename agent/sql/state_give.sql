-- Gives accounts back: nothing of them is under way any more.
-- $1::text[] accounts, $2::bigint[] their fences
UPDATE qudra_sync.account a
   SET holder = NULL, held_until = clock_timestamp(), torn = false
  FROM unnest($1::text[], $2::bigint[]) AS l (name, fence)
 WHERE a.name = l.name AND a.fence = l.fence AND a.holder IS NOT NULL
