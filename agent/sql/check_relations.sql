-- How big relations are, whether row level security hides rows of them from this role, and what the
-- planner thinks that reading one from end to end costs. A table that was never analysed is estimated
-- by its size, at a hundred bytes a row.
-- $1::text[] schemas, $2::text[] names
-- One row for each that exists.
SELECT n.nspname::text AS schema,
       c.relname::text AS name,
       CASE WHEN c.reltuples >= 0 THEN c.reltuples
            ELSE pg_catalog.pg_relation_size(c.oid) / 100 END::bigint AS rows,
       pg_catalog.row_security_active(c.oid) AS filtered,
       (pg_catalog.pg_relation_size(c.oid) / 8192)::float8
           + greatest(c.reltuples, 0) * pg_catalog.current_setting('cpu_tuple_cost')::float8 AS cost
  FROM (SELECT DISTINCT schema, name
          FROM ROWS FROM (pg_catalog.unnest($1::text[]),
                          pg_catalog.unnest($2::text[])) AS w (schema, name)) AS wanted
  JOIN pg_catalog.pg_namespace AS n ON n.nspname = wanted.schema
  JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid AND c.relname = wanted.name
 ORDER BY n.nspname, c.relname
