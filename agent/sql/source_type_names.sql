-- Names of types, fit for a cast in this session. -1 is "no modifier given": with NULL, character(10)
-- would come out as "character", which casts to one character.
-- $1::bigint[] oids of types
-- One row for each, in the same order.
SELECT pg_catalog.format_type(t.type::oid, -1) AS name
  FROM pg_catalog.unnest($1::bigint[]) WITH ORDINALITY AS t (type, n)
 ORDER BY t.n
