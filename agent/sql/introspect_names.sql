-- Tables and views that this role may read, for the nearest name to a mistyped one.
-- No parameters.
SELECT n.nspname || '.' || c.relname AS name,
       c.relname::text AS bare
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
   AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'qudra_sync')
   AND n.nspname NOT LIKE 'pg_toast%'
   AND pg_catalog.has_table_privilege(c.oid, 'SELECT')
 ORDER BY 1
 LIMIT 2000
