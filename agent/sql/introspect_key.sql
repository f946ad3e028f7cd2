-- The columns that name a row: the primary key's, else those of the shortest unique index without
-- NULLs.
-- $1::bigint oid
SELECT a.attname::text AS name
  FROM (SELECT i.indkey::smallint[] AS columns
          FROM pg_catalog.pg_index AS i
         WHERE i.indrelid = $1::bigint::oid
           AND i.indisunique AND i.indpred IS NULL AND i.indexprs IS NULL
           AND NOT EXISTS (SELECT FROM pg_catalog.pg_attribute AS n
                            WHERE n.attrelid = i.indrelid AND n.attnum = ANY (i.indkey)
                              AND NOT n.attnotnull)
         ORDER BY i.indisprimary DESC, i.indnkeyatts, i.indexrelid
         LIMIT 1) AS k
 CROSS JOIN LATERAL pg_catalog.unnest(k.columns) WITH ORDINALITY AS c (number, place)
  JOIN pg_catalog.pg_attribute AS a ON a.attrelid = $1::bigint::oid AND a.attnum = c.number
 ORDER BY c.place
