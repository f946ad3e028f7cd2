-- Which transactions are over: whatever they have noted, a scan that begins now sees done.
-- No parameters. One row.
SELECT pg_catalog.pg_current_snapshot()::text AS snapshot
