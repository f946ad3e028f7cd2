-- Takes the triggers of one mapping, or all, away again, as statements to run in this order; with the
-- last of them goes the outbox, and with that the schema when nothing else is in it.
-- $1::text function (NULL: all)
-- Rows: statement.
WITH function AS (
    SELECT p.oid, p.proname
      FROM pg_catalog.pg_proc p
     WHERE p.pronamespace = pg_catalog.to_regnamespace('qudra_sync')
       AND p.prorettype = 'pg_catalog.trigger'::regtype AND left(p.proname, 7) = 'change_'),
going AS (
    SELECT * FROM function WHERE $1::text IS NULL OR proname = $1::text),
rest AS (
    SELECT EXISTS (SELECT FROM function WHERE oid NOT IN (SELECT oid FROM going)) AS of_triggers,
           EXISTS (SELECT FROM pg_catalog.pg_class
                    WHERE relnamespace = pg_catalog.to_regnamespace('qudra_sync')
                      AND left(relname, 6) <> 'change') AS of_state)
SELECT statement
  FROM (
    SELECT 1 AS step, pg_catalog.format('DROP TRIGGER %I ON %I.%I', t.tgname, n.nspname, c.relname)
           AS statement
      FROM going g
      JOIN pg_catalog.pg_trigger t ON t.tgfoid = g.oid AND t.tgparentid = 0
      JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid
      JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     UNION ALL
    SELECT 2, pg_catalog.format('DROP FUNCTION qudra_sync.%I()', proname) FROM going
     UNION ALL
    SELECT 3, 'DROP TABLE qudra_sync.change' FROM rest
     WHERE NOT of_triggers AND pg_catalog.to_regclass('qudra_sync.change') IS NOT NULL
     UNION ALL
    SELECT 4, 'DROP SCHEMA qudra_sync' FROM rest
     WHERE NOT of_triggers AND NOT of_state
       AND pg_catalog.to_regnamespace('qudra_sync') IS NOT NULL) AS steps
 ORDER BY step
