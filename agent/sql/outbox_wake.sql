-- Gives the lock of an agent that sleeps back.
-- $1::bigint lock
SELECT pg_catalog.pg_advisory_unlock($1::bigint)
