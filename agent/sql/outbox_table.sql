-- How a mapping's table is watched.
-- $1::text table, $2::text[] key columns
-- One row: kind, fixed_key (no setting of a session changes the text of the key), whole_row
-- (the mapping's SQL takes the row as a whole).
WITH target AS (
    SELECT oid, relkind
      FROM pg_catalog.pg_class
     WHERE oid = pg_catalog.to_regclass($1::text))
SELECT relkind AS kind,
       (SELECT bool_and(t.typname IN ('int2', 'int4', 'int8', 'oid', 'uuid', 'numeric', 'text',
                                      'varchar', 'bpchar'))
          FROM pg_catalog.pg_attribute a
          JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
         WHERE a.attrelid = target.oid AND a.attname = ANY ($2::text[])) AS fixed_key,
       pg_catalog.pg_get_viewdef(pg_catalog.to_regclass('qudra_sync.watched')) ~ '\msource\.\*'
           AS whole_row
  FROM target
