-- The migrations that have been applied, oldest first.
-- No parameters.
SELECT version,
       name,
       checksum,
       pg_catalog.to_char(applied_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS applied_at
  FROM qudra_sync.migration
 ORDER BY version
