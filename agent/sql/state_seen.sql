-- How far an agent has looked at the rows of the accounts that it holds.
-- $1::text its name, $2::text how far (NULL: not known), $3::bigint the last fence that it holds for
UPDATE qudra_sync.agent
   SET seen = $2::text, seen_fence = $3::bigint
 WHERE name = $1::text
