-- The identifier of the cluster, the same on a primary and its standbys.
-- No parameters. One row.
SELECT system_identifier FROM pg_catalog.pg_control_system()
