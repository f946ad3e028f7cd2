-- describe
SELECT source."_id",
    false,
    (urgent 
),
    least((to_timestamp((data ->> 'dueTo')::bigint / 1000.0)
)),
    source."modifiedOn",
    NULL::text,
    (data ->> 'name'
),
    (data ->> 'location'
),
    (CASE WHEN archived THEN 'closed' ELSE 'active' END
)
FROM "space" AS source
LIMIT 0;

-- scan
SELECT source."_id"::text,
    false,
    -((urgent 
)::integer)::float8,
    (SELECT ceil(extract(epoch FROM min(due.at)) * 1000)::bigint
        FROM (VALUES ((to_timestamp((data ->> 'dueTo')::bigint / 1000.0)
))) AS due (at)
        WHERE due.at > now() AND isfinite(due.at)),
    source."modifiedOn"::text,
    NULL::text,
    (data ->> 'name'
)::text,
    (data ->> 'location'
)::text,
    (CASE WHEN archived THEN 'closed' ELSE 'active' END
)::text
FROM "space" AS source
WHERE source."_id" IS NOT NULL
ORDER BY source."_id"
LIMIT $1::bigint;

-- scan_after
SELECT source."_id"::text,
    false,
    -((urgent 
)::integer)::float8,
    (SELECT ceil(extract(epoch FROM min(due.at)) * 1000)::bigint
        FROM (VALUES ((to_timestamp((data ->> 'dueTo')::bigint / 1000.0)
))) AS due (at)
        WHERE due.at > now() AND isfinite(due.at)),
    source."modifiedOn"::text,
    NULL::text,
    (data ->> 'name'
)::text,
    (data ->> 'location'
)::text,
    (CASE WHEN archived THEN 'closed' ELSE 'active' END
)::text
FROM "space" AS source
WHERE source."_id" IS NOT NULL
    AND (source."_id") > ($2::text)
ORDER BY source."_id"
LIMIT $1::bigint;

-- by_key
SELECT source."_id"::text,
    false,
    -((urgent 
)::integer)::float8,
    (SELECT ceil(extract(epoch FROM min(due.at)) * 1000)::bigint
        FROM (VALUES ((to_timestamp((data ->> 'dueTo')::bigint / 1000.0)
))) AS due (at)
        WHERE due.at > now() AND isfinite(due.at)),
    source."modifiedOn"::text,
    NULL::text
FROM "space" AS source
WHERE source."_id" IS NOT NULL
ORDER BY source."_id"
LIMIT $1::bigint;

-- present
SELECT source."_id"::text,
    false,
    -((urgent 
)::integer)::float8,
    (SELECT ceil(extract(epoch FROM min(due.at)) * 1000)::bigint
        FROM (VALUES ((to_timestamp((data ->> 'dueTo')::bigint / 1000.0)
))) AS due (at)
        WHERE due.at > now() AND isfinite(due.at)),
    source."modifiedOn"::text,
    NULL::text
FROM "space" AS source
WHERE source."_id" IS NOT NULL
    AND (source."_id") > ($2::text)
ORDER BY source."_id"
LIMIT $1::bigint;

-- changed
SELECT source."_id"::text,
    false,
    -((urgent 
)::integer)::float8,
    (SELECT ceil(extract(epoch FROM min(due.at)) * 1000)::bigint
        FROM (VALUES ((to_timestamp((data ->> 'dueTo')::bigint / 1000.0)
))) AS due (at)
        WHERE due.at > now() AND isfinite(due.at)),
    source."modifiedOn"::text,
    NULL::text,
    (data ->> 'name'
)::text,
    (data ->> 'location'
)::text,
    (CASE WHEN archived THEN 'closed' ELSE 'active' END
)::text
FROM "space" AS source
WHERE source."_id" = ANY ($1::text[]::text[]);

-- changed_after
SELECT source."_id"::text
FROM "space" AS source
WHERE source."_id" = ANY ($1::text[]::text[]);

-- null_keys
SELECT source."_id"::text,
    false,
    -((urgent 
)::integer)::float8,
    (SELECT ceil(extract(epoch FROM min(due.at)) * 1000)::bigint
        FROM (VALUES ((to_timestamp((data ->> 'dueTo')::bigint / 1000.0)
))) AS due (at)
        WHERE due.at > now() AND isfinite(due.at)),
    source."modifiedOn"::text,
    NULL::text,
    (data ->> 'name'
)::text,
    (data ->> 'location'
)::text,
    (CASE WHEN archived THEN 'closed' ELSE 'active' END
)::text
FROM "space" AS source
WHERE source."_id" IS NOT NULL
    AND source."modifiedOn" >= floor(extract(epoch FROM CASE WHEN $1::timestamptz <= pg_catalog.now() THEN $1::timestamptz
        ELSE '1970-01-01Z' END) * 1000)::bigint
ORDER BY source."modifiedOn", source."_id"
LIMIT $2::bigint;

-- write_back
SELECT source."_id"::text,
    false,
    -((urgent 
)::integer)::float8,
    (SELECT ceil(extract(epoch FROM min(due.at)) * 1000)::bigint
        FROM (VALUES ((to_timestamp((data ->> 'dueTo')::bigint / 1000.0)
))) AS due (at)
        WHERE due.at > now() AND isfinite(due.at)),
    source."modifiedOn"::text,
    NULL::text,
    (data ->> 'name'
)::text,
    (data ->> 'location'
)::text,
    (CASE WHEN archived THEN 'closed' ELSE 'active' END
)::text
FROM "space" AS source
WHERE source."_id" IS NOT NULL
    AND (source."modifiedOn", source."_id") > ($1::bigint, $3::text)
ORDER BY source."modifiedOn", source."_id"
LIMIT $2::bigint;

-- watched
SELECT count(*)
FROM "space" AS source
WHERE (source."_id" IS NULL);

