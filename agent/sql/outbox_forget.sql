-- Takes changes out of the outbox that have been looked at.
-- $1::text mapping, $2::bigint[] ids
DELETE FROM qudra_sync.change
 WHERE mapping = $1::text AND id = ANY ($2::bigint[])
