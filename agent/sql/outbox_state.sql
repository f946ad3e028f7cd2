-- Whether the triggers of a mapping are all there, and the shape of what they watch: the table with its
-- partitions and files, and the triggers themselves. When the shape has changed, rows may have come or
-- gone without a trigger: a partition attached, a table rewritten, a trigger switched off and on again.
-- Where transactions can be prepared (two-phase commit), a NOTIFY in one would fail the partner's.
-- $1::text table, $2::text function
-- One row: whole, usable (the outbox), made_for (what the function was made for), shape, may_notify.
WITH RECURSIVE target AS (
    SELECT pg_catalog.to_regclass($1::text)::oid AS oid),
tree (oid) AS (
    SELECT oid FROM target
     UNION
    SELECT i.inhrelid FROM pg_catalog.pg_inherits i JOIN tree ON i.inhparent = tree.oid),
outbox AS (
    SELECT pg_catalog.to_regclass('qudra_sync.change')::oid AS oid,
           pg_catalog.to_regnamespace('qudra_sync')::oid AS schema),
trigger AS (
    SELECT t.oid, t.xmin::text AS version, t.tgrelid, t.tgtype, t.tgenabled, t.tgfoid
      FROM pg_catalog.pg_trigger t
      JOIN tree ON tree.oid = t.tgrelid
      JOIN pg_catalog.pg_proc p ON p.oid = t.tgfoid
     CROSS JOIN outbox
     WHERE p.pronamespace = outbox.schema
       AND p.proname = $2::text),
found AS (
    SELECT bool_or(tgtype & 1 <> 0) AND bool_or(tgtype & 32 <> 0) AS whole, -- by row, on TRUNCATE
           max(tgfoid) AS function
      FROM trigger JOIN target ON tgrelid = target.oid
     WHERE tgenabled IN ('O', 'A')),
shape AS (
    SELECT string_agg(part, ' ' ORDER BY part) AS shape
      FROM (SELECT 'table ' || c.oid || ' ' || c.relfilenode
              FROM tree JOIN pg_catalog.pg_class c ON c.oid = tree.oid
             UNION ALL
            SELECT 'trigger ' || oid || ' ' || version FROM trigger) AS parts (part))
SELECT coalesce(whole, false) AS whole,
       coalesce(has_schema_privilege(outbox.schema, 'USAGE')
                AND has_table_privilege(outbox.oid, 'SELECT')
                AND has_table_privilege(outbox.oid, 'INSERT')
                AND has_table_privilege(outbox.oid, 'DELETE'), false) AS usable,
       coalesce(pg_catalog.obj_description(function, 'pg_proc'), '') AS made_for,
       pg_catalog.hashtextextended(shape, 0) | 1 AS shape,
       current_setting('max_prepared_transactions')::integer = 0 AS may_notify
  FROM found, shape, outbox
