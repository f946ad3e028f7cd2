-- The columns of a table, each with the column of another table that it refers to, if it does so
-- alone, and the column there that most likely names a row.
-- $1::bigint oid
SELECT a.attname::text AS name,
       pg_catalog.format_type(a.atttypid, a.atttypmod) AS type,
       t.typtype = 'e' AS is_enum,
       r.quoted AS reference,
       r.key AS reference_key,
       r.label AS reference_label,
       r.name AS reference_name
  FROM pg_catalog.pg_attribute AS a
  JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
  LEFT JOIN LATERAL (
       SELECT pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) AS quoted,
              c.relname::text AS name,
              pg_catalog.quote_ident(k.attname) AS key,
              pg_catalog.quote_ident(l.attname) AS label
         FROM pg_catalog.pg_constraint AS f
         JOIN pg_catalog.pg_class AS c ON c.oid = f.confrelid
         JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
         JOIN pg_catalog.pg_attribute AS k ON k.attrelid = c.oid AND k.attnum = f.confkey[1]
         JOIN pg_catalog.pg_attribute AS l ON l.attrelid = c.oid AND l.attnum > 0
          AND NOT l.attisdropped
          AND l.attname IN ('name_en', 'name', 'city', 'title', 'label', 'code', 'name_ar', 'town')
        WHERE f.contype = 'f' AND f.conrelid = a.attrelid AND f.conkey = ARRAY[a.attnum]
        ORDER BY pg_catalog.array_position(ARRAY['name_en', 'name', 'city', 'title', 'label', 'code',
                                                 'name_ar', 'town'], l.attname::text)
        LIMIT 1) AS r ON true
 WHERE a.attrelid = $1::bigint::oid
   AND a.attnum > 0
   AND NOT a.attisdropped
 ORDER BY a.attnum
