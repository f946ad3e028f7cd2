-- How big relations are, and whether row level security hides rows of them from this role. A table
-- that was never analysed is estimated by its pages, at a hundred bytes a row.
-- $1::text[] schemas, $2::text[] names
-- One row for each that exists.
SELECT n.nspname::text AS schema,
       c.relname::text AS name,
       CASE WHEN c.reltuples >= 0 THEN c.reltuples
            ELSE pg_catalog.pg_relation_size(c.oid) / 100 END::bigint AS rows,
       pg_catalog.row_security_active(c.oid) AS filtered
  FROM (SELECT DISTINCT schema, name
          FROM pg_catalog.unnest($1::text[], $2::text[]) AS w (schema, name)) AS wanted
  JOIN pg_catalog.pg_namespace AS n ON n.nspname = wanted.schema
  JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid AND c.relname = wanted.name
 ORDER BY n.nspname, c.relname
