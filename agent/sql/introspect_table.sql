-- The table that a person named: as it is written, or as PostgreSQL would fold it.
-- $1::text name, perhaps with a schema
-- One row, or none: quoted name, schema, name, estimated rows, whether it may be read.
WITH given AS (
    SELECT coalesce(
               pg_catalog.to_regclass((SELECT pg_catalog.string_agg(pg_catalog.quote_ident(part), '.')
                                         FROM pg_catalog.unnest(
                                              pg_catalog.string_to_array($1::text, '.')) AS p (part))),
               pg_catalog.to_regclass($1::text)) AS oid)
SELECT pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) AS quoted,
       n.nspname::text AS schema,
       c.relname::text AS name,
       greatest(c.reltuples, 0)::bigint AS rows,
       c.oid::bigint AS oid
  FROM given
  JOIN pg_catalog.pg_class AS c ON c.oid = given.oid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
