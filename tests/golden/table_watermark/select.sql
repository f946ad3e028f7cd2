-- describe
SELECT source."id",
    (deleted_at IS NOT NULL
) IS TRUE,
    (posted_at 
),
    NULL::bigint,
    source."updatedAt",
    NULL::text,
    source."title",
    source."body_html",
    source."City, Name",
    source."contract",
    (least(pay_from, pay_to)
),
    source."pay_to",
    (CASE WHEN open THEN 'active' ELSE 'closed' END
)
FROM "hr"."Job Postings" AS source
WHERE (published AND company_id = 42 -- the demo tenant is 43
)
LIMIT 0;

-- scan
SELECT source."id"::text,
    (deleted_at IS NOT NULL
) IS TRUE,
    -(extract(epoch FROM (posted_at 
)))::float8,
    NULL::bigint,
    source."updatedAt"::text,
    NULL::text,
    source."title"::text,
    source."body_html"::text,
    source."City, Name"::text,
    source."contract"::text,
    (least(pay_from, pay_to)
)::text,
    source."pay_to"::text,
    (CASE WHEN open THEN 'active' ELSE 'closed' END
)::text
FROM "hr"."Job Postings" AS source
WHERE source."id" IS NOT NULL
    AND (published AND company_id = 42 -- the demo tenant is 43
)
ORDER BY source."id"
LIMIT $1::bigint;

-- scan_after
SELECT source."id"::text,
    (deleted_at IS NOT NULL
) IS TRUE,
    -(extract(epoch FROM (posted_at 
)))::float8,
    NULL::bigint,
    source."updatedAt"::text,
    NULL::text,
    source."title"::text,
    source."body_html"::text,
    source."City, Name"::text,
    source."contract"::text,
    (least(pay_from, pay_to)
)::text,
    source."pay_to"::text,
    (CASE WHEN open THEN 'active' ELSE 'closed' END
)::text
FROM "hr"."Job Postings" AS source
WHERE source."id" IS NOT NULL
    AND (source."id") > ($2::bigint)
    AND (published AND company_id = 42 -- the demo tenant is 43
)
ORDER BY source."id"
LIMIT $1::bigint;

-- by_key
SELECT source."id"::text,
    (deleted_at IS NOT NULL
) IS TRUE,
    -(extract(epoch FROM (posted_at 
)))::float8,
    NULL::bigint,
    source."updatedAt"::text,
    NULL::text
FROM "hr"."Job Postings" AS source
WHERE source."id" IS NOT NULL
    AND (published AND company_id = 42 -- the demo tenant is 43
)
ORDER BY source."id"
LIMIT $1::bigint;

-- present
SELECT source."id"::text,
    (deleted_at IS NOT NULL
) IS TRUE,
    -(extract(epoch FROM (posted_at 
)))::float8,
    NULL::bigint,
    source."updatedAt"::text,
    NULL::text
FROM "hr"."Job Postings" AS source
WHERE source."id" IS NOT NULL
    AND (source."id") > ($2::bigint)
    AND (published AND company_id = 42 -- the demo tenant is 43
)
ORDER BY source."id"
LIMIT $1::bigint;

-- changed
SELECT source."id"::text,
    (deleted_at IS NOT NULL
) IS TRUE,
    -(extract(epoch FROM (posted_at 
)))::float8,
    NULL::bigint,
    source."updatedAt"::text,
    NULL::text,
    source."title"::text,
    source."body_html"::text,
    source."City, Name"::text,
    source."contract"::text,
    (least(pay_from, pay_to)
)::text,
    source."pay_to"::text,
    (CASE WHEN open THEN 'active' ELSE 'closed' END
)::text
FROM "hr"."Job Postings" AS source
WHERE source."id" = ANY ($1::text[]::bigint[])
    AND (published AND company_id = 42 -- the demo tenant is 43
);

-- changed_after
SELECT source."id"::text
FROM "hr"."Job Postings" AS source
WHERE source."id" = ANY ($1::text[]::bigint[])
    AND (published AND company_id = 42 -- the demo tenant is 43
)
    AND (deleted_at IS NOT NULL
) IS NOT TRUE;

-- null_keys
SELECT source."id"::text,
    NOT qudra_sync_row.qudra_sync_included OR (deleted_at IS NOT NULL
) IS TRUE,
    CASE WHEN qudra_sync_row.qudra_sync_included THEN -(extract(epoch FROM (posted_at 
)))::float8 END,
    CASE WHEN qudra_sync_row.qudra_sync_included THEN NULL::bigint END,
    source."updatedAt"::text,
    NULL::text,
    CASE WHEN qudra_sync_row.qudra_sync_included THEN source."title"::text END,
    CASE WHEN qudra_sync_row.qudra_sync_included THEN source."body_html"::text END,
    CASE WHEN qudra_sync_row.qudra_sync_included THEN source."City, Name"::text END,
    CASE WHEN qudra_sync_row.qudra_sync_included THEN source."contract"::text END,
    CASE WHEN qudra_sync_row.qudra_sync_included THEN (least(pay_from, pay_to)
)::text END,
    CASE WHEN qudra_sync_row.qudra_sync_included THEN source."pay_to"::text END,
    CASE WHEN qudra_sync_row.qudra_sync_included THEN (CASE WHEN open THEN 'active' ELSE 'closed' END
)::text END
FROM "hr"."Job Postings" AS source
CROSS JOIN LATERAL (SELECT (published AND company_id = 42 -- the demo tenant is 43
) IS TRUE AS qudra_sync_included OFFSET 0) AS qudra_sync_row
WHERE source."id" IS NOT NULL
    AND source."updatedAt" >= (CASE WHEN $1::timestamptz <= pg_catalog.now() THEN $1::timestamptz
        ELSE '1970-01-01Z' END AT TIME ZONE 'UTC')
ORDER BY source."updatedAt", source."id"
LIMIT $2::bigint;

-- write_back
SELECT source."id"::text,
    NOT qudra_sync_row.qudra_sync_included OR (deleted_at IS NOT NULL
) IS TRUE,
    CASE WHEN qudra_sync_row.qudra_sync_included THEN -(extract(epoch FROM (posted_at 
)))::float8 END,
    CASE WHEN qudra_sync_row.qudra_sync_included THEN NULL::bigint END,
    source."updatedAt"::text,
    NULL::text,
    CASE WHEN qudra_sync_row.qudra_sync_included THEN source."title"::text END,
    CASE WHEN qudra_sync_row.qudra_sync_included THEN source."body_html"::text END,
    CASE WHEN qudra_sync_row.qudra_sync_included THEN source."City, Name"::text END,
    CASE WHEN qudra_sync_row.qudra_sync_included THEN source."contract"::text END,
    CASE WHEN qudra_sync_row.qudra_sync_included THEN (least(pay_from, pay_to)
)::text END,
    CASE WHEN qudra_sync_row.qudra_sync_included THEN source."pay_to"::text END,
    CASE WHEN qudra_sync_row.qudra_sync_included THEN (CASE WHEN open THEN 'active' ELSE 'closed' END
)::text END
FROM "hr"."Job Postings" AS source
CROSS JOIN LATERAL (SELECT (published AND company_id = 42 -- the demo tenant is 43
) IS TRUE AS qudra_sync_included OFFSET 0) AS qudra_sync_row
WHERE source."id" IS NOT NULL
    AND (source."updatedAt", source."id") > ($1::timestamp(3) without time zone, $3::bigint)
ORDER BY source."updatedAt", source."id"
LIMIT $2::bigint;

-- watched
SELECT count(*)
FROM "hr"."Job Postings" AS source
WHERE (source."id" IS NULL)
    AND (published AND company_id = 42 -- the demo tenant is 43
);

-- (null)
UPDATE "hr"."Job Postings" AS source
SET "qudra_job_id" = outcome.job_id, "qudra_status" = outcome.status
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS outcome (key1, job_id, url, status)
WHERE source."id" = outcome.key1::bigint
    AND (source."qudra_job_id"::text IS DISTINCT FROM outcome.job_id OR source."qudra_status"::text IS DISTINCT FROM outcome.status);

