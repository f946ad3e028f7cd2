-- Keeps a second migrator waiting until this transaction ends; then it sees what was done. The number
-- is the one lock of qudra-sync that is not an account's.
-- No parameters. One row, of no value.
SELECT pg_catalog.pg_advisory_xact_lock(7165083941105)
