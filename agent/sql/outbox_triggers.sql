-- What is missing before a table and its partitions tell a function of every change, as statements to
-- run in this order. A trigger that is there and right is left alone, so that a second run takes no
-- lock on the partner's table.
--
-- By row: partitions, those to come too, take over such triggers alone, a write by way of a parent
-- table or a subscription fires them alone, and a single row costs a third of what a statement's
-- transition tables cost. TRUNCATE knows no rows, and fires the trigger of each table that it empties.
-- ENABLE ALWAYS, for writes under session_replication_role = replica, is the owner's right alone.
-- $1::text table, $2::text function, $3::text what the triggers' names begin with
-- Rows: statement (NULL: nothing to do), relation, always (false: the trigger misses such writes).
WITH RECURSIVE target AS (
    SELECT pg_catalog.to_regclass($1::text)::oid AS oid),
tree (oid) AS (
    SELECT oid FROM target
     UNION
    SELECT i.inhrelid FROM pg_catalog.pg_inherits i JOIN tree ON i.inhparent = tree.oid),
relation AS (
    SELECT c.oid, c.relkind, pg_catalog.format('%I.%I', n.nspname, c.relname) AS name,
           c.relispartition AND c.oid <> target.oid AS is_partition,
           pg_catalog.pg_has_role(c.relowner, 'USAGE') AS is_ours
      FROM tree
      JOIN pg_catalog.pg_class c ON c.oid = tree.oid
      JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     CROSS JOIN target),
kind (event, clause) AS (
    VALUES ('row', 'INSERT OR UPDATE OR DELETE ON %s FOR EACH ROW'),
           ('truncate', 'TRUNCATE ON %s FOR EACH STATEMENT')),
wanted AS (
    SELECT r.oid, r.name AS relation, r.is_ours, $3::text || '_' || k.event AS name,
           pg_catalog.format('CREATE TRIGGER %I AFTER ' || k.clause
                             || ' EXECUTE FUNCTION qudra_sync.%I();',
                             $3::text || '_' || k.event, r.name, $2::text) AS statement
      FROM relation r
     CROSS JOIN kind k
     WHERE CASE k.event WHEN 'row' THEN NOT r.is_partition ELSE r.relkind IN ('r', 'p') END),
existing AS (
    SELECT t.tgrelid AS oid, t.tgname AS name, t.tgenabled, r.name AS relation
      FROM pg_catalog.pg_trigger t
      JOIN relation r ON r.oid = t.tgrelid
      JOIN pg_catalog.pg_proc p ON p.oid = t.tgfoid
     WHERE t.tgparentid = 0 AND p.proname = $2::text
       AND p.pronamespace = pg_catalog.to_regnamespace('qudra_sync'))
SELECT pg_catalog.format('DROP TRIGGER %I ON %s;', e.name, e.relation) AS statement, e.relation,
       true AS always
  FROM existing e
 WHERE NOT EXISTS (SELECT FROM wanted w WHERE w.oid = e.oid AND w.name = e.name)
UNION ALL
SELECT nullif(concat(CASE WHEN e.oid IS NULL THEN w.statement END,
                     CASE WHEN w.is_ours AND e.tgenabled IS DISTINCT FROM 'A'
                          THEN pg_catalog.format(' ALTER TABLE %s ENABLE ALWAYS TRIGGER %I;',
                                                 w.relation, w.name)
                          WHEN e.tgenabled = 'D'
                          THEN pg_catalog.format('ALTER TABLE %s ENABLE TRIGGER %I;',
                                                 w.relation, w.name) END), '') AS statement,
       w.relation, w.is_ours OR e.tgenabled IS NOT DISTINCT FROM 'A' AS always
  FROM wanted w
  LEFT JOIN existing e ON e.oid = w.oid AND e.name = w.name
