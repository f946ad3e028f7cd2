-- The lock of an agent that sleeps: to be had only while no transaction under way has changed a row.
-- $1::bigint lock
-- One row: held.
SELECT pg_catalog.pg_try_advisory_lock($1::bigint) AS held
