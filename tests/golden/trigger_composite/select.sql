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
    NULL::text,
    source."title"::text,
    (coalesce(body, '')
)::text,
    source."status"::text
FROM "hr"."Posting" AS source
WHERE (source."companyId", source."ref") IN (SELECT wanted.key1::integer, wanted.key2::text
    FROM unnest($1::text[], $2::text[]) AS wanted (key1, key2))
    AND source."published";

-- present
SELECT source."companyId"::text, source."ref"::text
FROM "hr"."Posting" AS source
WHERE (source."companyId", source."ref") IN (SELECT wanted.key1::integer, wanted.key2::text
    FROM unnest($1::text[], $2::text[]) AS wanted (key1, key2))
    AND source."published"
    AND (deleted_at IS NOT NULL
) IS NOT TRUE;

-- null_keys
SELECT count(*)
FROM "hr"."Posting" AS source
WHERE (source."companyId" IS NULL OR source."ref" IS NULL)
    AND source."published";

-- watched
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
    SET search_path = pg_catalog, pg_temp
    SET "DateStyle" = 'ISO' SET "TimeZone" = 'UTC'
    SET "IntervalStyle" = 'postgres' SET bytea_output = 'hex'
    SET extra_float_digits = 1
AS '
DECLARE
    was text;
    is_now text;
    all_rows boolean := false;
    is_first boolean;
BEGIN
    IF TG_OP <> ''TRUNCATE'' THEN
        BEGIN
            IF TG_OP = ''UPDATE'' THEN
                IF ROW(OLD."ref", OLD."it''s")::record
                   OPERATOR(pg_catalog.*=) ROW(NEW."ref", NEW."it''s")::record THEN
                    RETURN NULL;
                END IF;
            END IF;
            IF TG_OP <> ''DELETE'' THEN
                is_now := replace(replace(NEW."companyId"::text, E''\\'', E''\\\\''), '','', E''\\,'') || '','' || replace(replace(NEW."ref"::text, E''\\'', E''\\\\''), '','', E''\\,'');
            END IF;
            IF TG_OP <> ''INSERT'' THEN
                was := replace(replace(OLD."companyId"::text, E''\\'', E''\\\\''), '','', E''\\,'') || '','' || replace(replace(OLD."ref"::text, E''\\'', E''\\\\''), '','', E''\\,'');
            END IF;
        EXCEPTION WHEN undefined_column THEN
            all_rows := true;
        END;
    END IF;
    is_first := CASE WHEN current_setting(''transaction_isolation'') <> ''read committed'' THEN true
        ELSE NOT EXISTS (SELECT FROM qudra_sync.change WHERE mapping = ''postings'') END;
    IF TG_OP = ''TRUNCATE'' OR all_rows THEN
        INSERT INTO qudra_sync.change (mapping, source_key) SELECT ''postings'', NULL;
    ELSE
        INSERT INTO qudra_sync.change (mapping, source_key) SELECT ''postings'', k.key FROM (VALUES (is_now), (nullif(was, is_now))) AS k (key)
         WHERE k.key IS NOT NULL;
    END IF;
    IF FOUND AND is_first THEN
        PERFORM pg_notify(''qudra_sync'', '''');
    END IF;
    RETURN NULL;
END ';

