-- What decides how a table is watched. A partition or a child table is also written by way of its
-- parent, which fires the triggers of rows alone; a subscription fires those alone too; and a new
-- partition takes over those alone. Everywhere else triggers of statements see every INSERT and DELETE,
-- and make bulk loads cheap; for an UPDATE, comparing row by row is cheaper than joining old and new.
-- $1::text table, $2::text[] key columns
-- One row: kind, by_row, fixed_key (no setting of a session changes the text of the key), whole_row
-- (the mapping's SQL takes the row as a whole).
WITH target AS (
    SELECT oid, relkind
      FROM pg_catalog.pg_class
     WHERE oid = pg_catalog.to_regclass($1::text))
SELECT relkind AS kind,
       relkind = 'p'
       OR EXISTS (SELECT FROM pg_catalog.pg_inherits WHERE target.oid IN (inhrelid, inhparent))
       OR EXISTS (SELECT FROM pg_catalog.pg_subscription_rel WHERE srrelid = target.oid) AS by_row,
       (SELECT bool_and(t.typname IN ('int2', 'int4', 'int8', 'oid', 'uuid', 'numeric', 'text',
                                      'varchar', 'bpchar'))
          FROM pg_catalog.pg_attribute a
          JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
         WHERE a.attrelid = target.oid AND a.attname = ANY ($2::text[])) AS fixed_key,
       pg_catalog.pg_get_viewdef(pg_catalog.to_regclass('qudra_sync.watched')) ~ '\msource\.\*'
           AS whole_row
  FROM target
