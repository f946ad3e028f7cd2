-- An agent ends. What it still holds was not given back: its next holder looks after what was under
-- way.
-- $1::text its name
WITH gone AS (
    DELETE FROM qudra_sync.agent WHERE name = $1::text RETURNING name)
UPDATE qudra_sync.account a
   SET holder = NULL, fence = nextval('qudra_sync.fence'), held_until = clock_timestamp()
  FROM gone g
 WHERE a.holder = g.name
