-- Takes out of the outbox what a scan has seen: the changes of all transactions that were over before
-- it began.
-- $1::text mapping, $2::pg_snapshot as it was before the scan began
DELETE FROM qudra_sync.change
 WHERE mapping = $1::text AND pg_catalog.pg_visible_in_snapshot(noted_by, $2::pg_catalog.pg_snapshot)
