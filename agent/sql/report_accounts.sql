-- The accounts: who works on them, what they complain of, the month's quota (UTC: assumed, Part B).
-- $1::text[] their names; NULL: all
-- Rows: name, environment, holder, trouble, since when, limits, ms left of the lease (NULL: nobody
-- holds it), jobs created this month, whether a create was put off for quota, whether
-- the row itself names a key and is enabled.
SELECT a.name, a.environment, a.holder, a.trouble,
       to_char(a.trouble_since AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
           AS trouble_since,
       a.limits,
       (extract(epoch FROM g.alive_until - clock_timestamp()) * 1000)::bigint AS lease_left_ms,
       coalesce(q.created, 0) AS created, q.exceeded_at IS NOT NULL AS exceeded,
       a.enabled AND num_nonnulls(a.api_key_file, a.api_key_env) > 0 AS listed
  FROM qudra_sync.account a
  LEFT JOIN qudra_sync.agent g ON g.name = a.holder
  LEFT JOIN qudra_sync.quota q
    ON q.account = a.name AND q.month = date_trunc('month', now() AT TIME ZONE 'UTC')::date
 WHERE $1::text[] IS NULL OR a.name = ANY ($1::text[])
 ORDER BY a.name
