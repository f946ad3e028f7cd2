-- Whether clocks in a zone are put back within the year, so that an hour comes twice.
-- $1::text time zone
-- One row.
SELECT count(DISTINCT (t AT TIME ZONE $1::text) - (t AT TIME ZONE 'UTC')) > 1 AS changes
  FROM pg_catalog.generate_series(pg_catalog.now() - interval '6 months',
                                  pg_catalog.now() + interval '6 months',
                                  interval '1 month') AS t
