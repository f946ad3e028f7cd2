-- Whether any migration has ever been recorded.
-- No parameters. One row: exists.
SELECT pg_catalog.to_regclass('qudra_sync.migration') IS NOT NULL AS exists
