-- Whether the triggers of a mapping, which are there, work for whoever writes to the table.
-- $1::text table, $2::text function
-- One row: the function may write into the outbox, some trigger is silent under session_replication_role.
SELECT coalesce(bool_and(p.prosecdef
                         AND has_schema_privilege(p.proowner, 'qudra_sync', 'USAGE')
                         AND has_table_privilege(p.proowner, 'qudra_sync.change', 'INSERT')),
                false) AS works,
       coalesce(bool_or(t.tgenabled = 'O'), false) AS partial
  FROM pg_catalog.pg_trigger t
  JOIN pg_catalog.pg_proc p ON p.oid = t.tgfoid
 WHERE t.tgrelid = pg_catalog.to_regclass($1::text)
   AND p.pronamespace = pg_catalog.to_regnamespace('qudra_sync')
   AND p.proname = $2::text
