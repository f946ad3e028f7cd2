-- The columns of the mapping's table that its SQL reads: those that the view qudra_sync.watched, which
-- stands for the time of this transaction, depends on. Those of a fixed length come first.
-- $1::text table
-- Rows: column, is_short (of a fixed length).
SELECT a.attname AS column, a.attlen > 0 AS is_short
  FROM pg_catalog.pg_rewrite r
  JOIN pg_catalog.pg_depend d
       ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.objid = r.oid
          AND d.refclassid = 'pg_catalog.pg_class'::regclass
          AND d.refobjid = pg_catalog.to_regclass($1::text)
  JOIN pg_catalog.pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
 WHERE r.ev_class = pg_catalog.to_regclass('qudra_sync.watched') AND a.attnum > 0
 ORDER BY a.attlen <= 0, a.attnum
