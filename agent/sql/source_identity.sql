-- Which database this is, and whether we may ask which cluster it is in.
-- No parameters. One row: name/oid, may ask.
SELECT datname || '/' || oid AS database,
       pg_catalog.has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE') AS may_ask
  FROM pg_catalog.pg_database
 WHERE datname = pg_catalog.current_database()
