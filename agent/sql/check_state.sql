-- Tables of the schema that this role may not both read and write.
-- No parameters. A row for each.
SELECT c.relname::text AS name
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE n.nspname = 'qudra_sync'
   AND c.relkind = 'r'
   AND NOT (pg_catalog.has_table_privilege(c.oid, 'SELECT')
            AND pg_catalog.has_table_privilege(c.oid, 'INSERT')
            AND pg_catalog.has_table_privilege(c.oid, 'UPDATE')
            AND pg_catalog.has_table_privilege(c.oid, 'DELETE'))
 ORDER BY c.relname
