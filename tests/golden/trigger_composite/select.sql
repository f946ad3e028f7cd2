-- describe
SELECT source."companyId", source."ref",
    (deleted_at IS NOT NULL
) IS TRUE,
    (posted_at 
),
    NULL::bigint,
    NULL::text,
    NULL::text,
    source."title",
    (coalesce(body, '')
),
    source."status"
FROM "hr"."Posting" AS source
WHERE source."published"
LIMIT 0;

-- scan
SELECT source."companyId"::text, source."ref"::text,
    (deleted_at IS NOT NULL
) IS TRUE,
    -(extract(epoch FROM (posted_at 
)))::float8,
    NULL::bigint,
    NULL::text,
    NULL::text,
    source."title"::text,
    (coalesce(body, '')
)::text,
    source."status"::text
FROM "hr"."Posting" AS source
WHERE source."companyId" IS NOT NULL AND source."ref" IS NOT NULL
    AND source."published"
ORDER BY source."companyId", source."ref"
LIMIT $1::bigint;

-- scan_after
SELECT source."companyId"::text, source."ref"::text,
    (deleted_at IS NOT NULL
) IS TRUE,
    -(extract(epoch FROM (posted_at 
)))::float8,
    NULL::bigint,
    NULL::text,
    NULL::text,
    source."title"::text,
    (coalesce(body, '')
)::text,
    source."status"::text
FROM "hr"."Posting" AS source
WHERE source."companyId" IS NOT NULL AND source."ref" IS NOT NULL
    AND (source."companyId", source."ref") > ($2::integer, $3::text)
    AND source."published"
ORDER BY source."companyId", source."ref"
LIMIT $1::bigint;

-- by_key
SELECT source."companyId"::text, source."ref"::text,
    (deleted_at IS NOT NULL
) IS TRUE,
    -(extract(epoch FROM (posted_at 
)))::float8,
    NULL::bigint,
    NULL::text,
    NULL::text
FROM "hr"."Posting" AS source
WHERE source."companyId" IS NOT NULL AND source."ref" IS NOT NULL
    AND source."published"
ORDER BY source."companyId", source."ref"
LIMIT $1::bigint;

-- present
SELECT source."companyId"::text, source."ref"::text,
    (deleted_at IS NOT NULL
) IS TRUE,
    -(extract(epoch FROM (posted_at 
)))::float8,
    NULL::bigint,
    NULL::text,
    NULL::text
FROM "hr"."Posting" AS source
WHERE source."companyId" IS NOT NULL AND source."ref" IS NOT NULL
    AND (source."companyId", source."ref") > ($2::integer, $3::text)
    AND source."published"
ORDER BY source."companyId", source."ref"
LIMIT $1::bigint;

-- changed
SELECT source."companyId"::text, source."ref"::text,
    (deleted_at IS NOT NULL
) IS TRUE,
    -(extract(epoch FROM (posted_at 
)))::float8,
    NULL::bigint,
    NULL::text,
    NULL::text,
    source."title"::text,
    (coalesce(body, '')
)::text,
    source."status"::text
FROM "hr"."Posting" AS source
WHERE (source."companyId", source."ref") IN (SELECT wanted.key1::integer, wanted.key2::text
    FROM unnest($1::text[], $2::text[]) AS wanted (key1, key2))
    AND source."published";

-- changed_after
SELECT source."companyId"::text, source."ref"::text
FROM "hr"."Posting" AS source
WHERE (source."companyId", source."ref") IN (SELECT wanted.key1::integer, wanted.key2::text
    FROM unnest($1::text[], $2::text[]) AS wanted (key1, key2))
    AND source."published"
    AND (deleted_at IS NOT NULL
) IS NOT TRUE;

-- watched
SELECT count(*)
FROM "hr"."Posting" AS source
WHERE (source."companyId" IS NULL OR source."ref" IS NULL)
    AND source."published";

-- (null)
SELECT source."companyId" AS qudra_sync_1,
    source."ref" AS qudra_sync_2,
    source."published" AS qudra_sync_3,
    (deleted_at IS NOT NULL
) AS qudra_sync_4,
    (posted_at 
) AS qudra_sync_5,
    source."title" AS qudra_sync_6,
    (coalesce(body, '')
) AS qudra_sync_7,
    source."status" AS qudra_sync_8
FROM "hr"."Posting" AS source;

-- function
CREATE OR REPLACE FUNCTION qudra_sync."change_postings"()
    RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET "DateStyle" = 'ISO' SET "TimeZone" = 'UTC'
    SET "IntervalStyle" = 'postgres' SET bytea_output = 'hex'
    SET extra_float_digits = 1
AS '
DECLARE
    was pg_catalog.text;
    is_now pg_catalog.text;
    all_rows boolean;
BEGIN
    BEGIN
        IF TG_OP OPERATOR(pg_catalog.=) ''UPDATE'' THEN
            IF ROW(OLD."ref")::pg_catalog.record
               OPERATOR(pg_catalog.*=) ROW(NEW."ref")::pg_catalog.record THEN
            IF ROW(OLD."it''s")::pg_catalog.record
               OPERATOR(pg_catalog.*=) ROW(NEW."it''s")::pg_catalog.record THEN
                RETURN NULL;
            END IF;
            END IF;
            is_now := pg_catalog.replace(pg_catalog.replace(NEW."companyId"::pg_catalog.text, E''\\'', E''\\\\''), '','', E''\\,'') OPERATOR(pg_catalog.||) '','' OPERATOR(pg_catalog.||) pg_catalog.replace(pg_catalog.replace(NEW."ref"::pg_catalog.text, E''\\'', E''\\\\''), '','', E''\\,'');
            was := pg_catalog.replace(pg_catalog.replace(OLD."companyId"::pg_catalog.text, E''\\'', E''\\\\''), '','', E''\\,'') OPERATOR(pg_catalog.||) '','' OPERATOR(pg_catalog.||) pg_catalog.replace(pg_catalog.replace(OLD."ref"::pg_catalog.text, E''\\'', E''\\\\''), '','', E''\\,'');
        ELSIF TG_OP OPERATOR(pg_catalog.=) ''INSERT'' THEN
            is_now := pg_catalog.replace(pg_catalog.replace(NEW."companyId"::pg_catalog.text, E''\\'', E''\\\\''), '','', E''\\,'') OPERATOR(pg_catalog.||) '','' OPERATOR(pg_catalog.||) pg_catalog.replace(pg_catalog.replace(NEW."ref"::pg_catalog.text, E''\\'', E''\\\\''), '','', E''\\,'');
        ELSIF TG_OP OPERATOR(pg_catalog.=) ''DELETE'' THEN
            was := pg_catalog.replace(pg_catalog.replace(OLD."companyId"::pg_catalog.text, E''\\'', E''\\\\''), '','', E''\\,'') OPERATOR(pg_catalog.||) '','' OPERATOR(pg_catalog.||) pg_catalog.replace(pg_catalog.replace(OLD."ref"::pg_catalog.text, E''\\'', E''\\\\''), '','', E''\\,'');
        ELSE
            all_rows := true;
        END IF;
    EXCEPTION WHEN undefined_column THEN
        is_now := NULL;
        was := NULL;
        all_rows := true;
    END;
    INSERT INTO qudra_sync.change (mapping, source_key) SELECT ''postings'', coalesce(is_now, was)
     WHERE coalesce(is_now, was) IS NOT NULL OR all_rows;
    IF was OPERATOR(pg_catalog.<>) is_now THEN
    INSERT INTO qudra_sync.change (mapping, source_key) SELECT ''postings'', was;
    END IF;
    IF NOT pg_catalog.pg_try_advisory_xact_lock_shared(-2981682690641852400) THEN
        PERFORM pg_catalog.pg_notify(''qudra_sync'', '''');
    END IF;
    RETURN NULL;
END ';

