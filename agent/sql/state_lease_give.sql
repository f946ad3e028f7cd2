-- Gives a lease back, so that a waiting agent may take it at once.
-- $1::text account, $2::bigint fence
UPDATE qudra_sync.account
   SET lease_until = NULL, holder = NULL
 WHERE name = $1::text AND fence = $2::bigint
