-- Puts off the end of a lease.
-- $1::text account, $2::bigint fence, $3::bigint length in ms
-- One row: fenced; none when the lease was taken over.
UPDATE qudra_sync.account
   SET lease_until = clock_timestamp() + $3::bigint * interval '1 ms'
 WHERE name = $1::text AND fence = $2::bigint
RETURNING true AS fenced
