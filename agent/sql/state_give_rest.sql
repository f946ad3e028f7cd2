-- Frees what an agent holds and does not know of: the answer was lost that would have told it.
-- $1::text its name, $2::text[] the accounts that it knows it holds
UPDATE qudra_sync.account a
   SET holder = NULL, fence = nextval('qudra_sync.fence'), held_until = clock_timestamp(),
       seen = CASE WHEN a.fence <= g.seen_fence THEN g.seen ELSE a.seen END
  FROM qudra_sync.agent g
 WHERE g.name = $1::text AND a.holder = g.name AND a.name <> ALL ($2::text[])
