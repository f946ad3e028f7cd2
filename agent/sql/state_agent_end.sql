-- An agent ends. What it still holds was not given back: its next holder looks after what was under
-- way.
-- $1::text its name
WITH gone AS (
    DELETE FROM qudra_sync.agent WHERE name = $1::text RETURNING name, seen, seen_fence)
UPDATE qudra_sync.account a
   SET holder = NULL, fence = nextval('qudra_sync.fence'), held_until = clock_timestamp(),
       seen = CASE WHEN a.fence <= g.seen_fence THEN g.seen ELSE a.seen END
  FROM gone g
 WHERE a.holder = g.name
