-- describe
SELECT source."tenant", source."code",
    false,
    NULL::float8,
    least(source."publish_on", source."closes_on"),
    NULL::text,
    source."tenant"::text,
    (coalesce(nullif(title_ar, ''), title)
),
    (concat_ws(E'\n\n', summary,
          '## Tasks' || E'\n\n' || nullif(tasks, 'nan'))

),
    source."office_city",
    source."kind",
    source."benefits",
    source."benefits",
    source."status"
FROM (SELECT c.*, o.city AS office_city
FROM careers c
LEFT JOIN offices o ON o.id = c.office_id -- the office may be gone

) AS source
LIMIT 0;

-- scan
SELECT source."tenant"::text, source."code"::text,
    false,
    NULL::float8,
    (SELECT ceil(extract(epoch FROM min(due.at)) * 1000)::bigint
        FROM (VALUES (((source."publish_on")::timestamp AT TIME ZONE 'Asia/Riyadh')), (((source."publish_on" + 1)::timestamp AT TIME ZONE 'Asia/Riyadh')),
            (((source."closes_on")::timestamp AT TIME ZONE 'Asia/Riyadh')), (((source."closes_on" + 1)::timestamp AT TIME ZONE 'Asia/Riyadh'))) AS due (at)
        WHERE due.at > now() AND isfinite(due.at)),
    NULL::text,
    source."tenant"::text,
    (coalesce(nullif(title_ar, ''), title)
)::text,
    (concat_ws(E'\n\n', summary,
          '## Tasks' || E'\n\n' || nullif(tasks, 'nan'))

)::text,
    source."office_city"::text,
    source."kind"::text,
    source."benefits"::text,
    source."benefits"::text,
    source."status"::text
FROM (SELECT c.*, o.city AS office_city
FROM careers c
LEFT JOIN offices o ON o.id = c.office_id -- the office may be gone

) AS source
WHERE source."tenant" IS NOT NULL AND source."code" IS NOT NULL
ORDER BY source."tenant", source."code"
LIMIT $1::bigint;

-- scan_after
SELECT source."tenant"::text, source."code"::text,
    false,
    NULL::float8,
    (SELECT ceil(extract(epoch FROM min(due.at)) * 1000)::bigint
        FROM (VALUES (((source."publish_on")::timestamp AT TIME ZONE 'Asia/Riyadh')), (((source."publish_on" + 1)::timestamp AT TIME ZONE 'Asia/Riyadh')),
            (((source."closes_on")::timestamp AT TIME ZONE 'Asia/Riyadh')), (((source."closes_on" + 1)::timestamp AT TIME ZONE 'Asia/Riyadh'))) AS due (at)
        WHERE due.at > now() AND isfinite(due.at)),
    NULL::text,
    source."tenant"::text,
    (coalesce(nullif(title_ar, ''), title)
)::text,
    (concat_ws(E'\n\n', summary,
          '## Tasks' || E'\n\n' || nullif(tasks, 'nan'))

)::text,
    source."office_city"::text,
    source."kind"::text,
    source."benefits"::text,
    source."benefits"::text,
    source."status"::text
FROM (SELECT c.*, o.city AS office_city
FROM careers c
LEFT JOIN offices o ON o.id = c.office_id -- the office may be gone

) AS source
WHERE source."tenant" IS NOT NULL AND source."code" IS NOT NULL
    AND (source."tenant", source."code") > ($2::integer, $3::text)
ORDER BY source."tenant", source."code"
LIMIT $1::bigint;

-- by_key
SELECT source."tenant"::text, source."code"::text,
    false,
    NULL::float8,
    (SELECT ceil(extract(epoch FROM min(due.at)) * 1000)::bigint
        FROM (VALUES (((source."publish_on")::timestamp AT TIME ZONE 'Asia/Riyadh')), (((source."publish_on" + 1)::timestamp AT TIME ZONE 'Asia/Riyadh')),
            (((source."closes_on")::timestamp AT TIME ZONE 'Asia/Riyadh')), (((source."closes_on" + 1)::timestamp AT TIME ZONE 'Asia/Riyadh'))) AS due (at)
        WHERE due.at > now() AND isfinite(due.at)),
    NULL::text,
    source."tenant"::text
FROM (SELECT c.*, o.city AS office_city
FROM careers c
LEFT JOIN offices o ON o.id = c.office_id -- the office may be gone

) AS source
WHERE source."tenant" IS NOT NULL AND source."code" IS NOT NULL
ORDER BY source."tenant", source."code"
LIMIT $1::bigint;

-- present
SELECT source."tenant"::text, source."code"::text,
    false,
    NULL::float8,
    (SELECT ceil(extract(epoch FROM min(due.at)) * 1000)::bigint
        FROM (VALUES (((source."publish_on")::timestamp AT TIME ZONE 'Asia/Riyadh')), (((source."publish_on" + 1)::timestamp AT TIME ZONE 'Asia/Riyadh')),
            (((source."closes_on")::timestamp AT TIME ZONE 'Asia/Riyadh')), (((source."closes_on" + 1)::timestamp AT TIME ZONE 'Asia/Riyadh'))) AS due (at)
        WHERE due.at > now() AND isfinite(due.at)),
    NULL::text,
    source."tenant"::text
FROM (SELECT c.*, o.city AS office_city
FROM careers c
LEFT JOIN offices o ON o.id = c.office_id -- the office may be gone

) AS source
WHERE source."tenant" IS NOT NULL AND source."code" IS NOT NULL
    AND (source."tenant", source."code") > ($2::integer, $3::text)
ORDER BY source."tenant", source."code"
LIMIT $1::bigint;

-- changed
SELECT source."tenant"::text, source."code"::text,
    false,
    NULL::float8,
    (SELECT ceil(extract(epoch FROM min(due.at)) * 1000)::bigint
        FROM (VALUES (((source."publish_on")::timestamp AT TIME ZONE 'Asia/Riyadh')), (((source."publish_on" + 1)::timestamp AT TIME ZONE 'Asia/Riyadh')),
            (((source."closes_on")::timestamp AT TIME ZONE 'Asia/Riyadh')), (((source."closes_on" + 1)::timestamp AT TIME ZONE 'Asia/Riyadh'))) AS due (at)
        WHERE due.at > now() AND isfinite(due.at)),
    NULL::text,
    source."tenant"::text,
    (coalesce(nullif(title_ar, ''), title)
)::text,
    (concat_ws(E'\n\n', summary,
          '## Tasks' || E'\n\n' || nullif(tasks, 'nan'))

)::text,
    source."office_city"::text,
    source."kind"::text,
    source."benefits"::text,
    source."benefits"::text,
    source."status"::text
FROM (SELECT c.*, o.city AS office_city
FROM careers c
LEFT JOIN offices o ON o.id = c.office_id -- the office may be gone

) AS source
WHERE (source."tenant", source."code") IN (SELECT wanted.key1::integer, wanted.key2::text
    FROM unnest($1::text[], $2::text[]) AS wanted (key1, key2));

-- changed_after
SELECT source."tenant"::text, source."code"::text
FROM (SELECT c.*, o.city AS office_city
FROM careers c
LEFT JOIN offices o ON o.id = c.office_id -- the office may be gone

) AS source
WHERE (source."tenant", source."code") IN (SELECT wanted.key1::integer, wanted.key2::text
    FROM unnest($1::text[], $2::text[]) AS wanted (key1, key2));

-- watched
SELECT count(*)
FROM (SELECT c.*, o.city AS office_city
FROM careers c
LEFT JOIN offices o ON o.id = c.office_id -- the office may be gone

) AS source
WHERE (source."tenant" IS NULL OR source."code" IS NULL);

