-- When Qudra last refused a create for quota in this month (UTC: assumed, Part B), and what quota was
-- configured when the account's limits were last written.
-- $1::text account
-- One row: ms since then (NULL: never), quota (NULL: not known; -1: unlimited).
SELECT (SELECT (extract(epoch FROM now() - exceeded_at) * 1000)::bigint
          FROM qudra_sync.quota
         WHERE account = $1::text
           AND month = date_trunc('month', now() AT TIME ZONE 'UTC')::date) AS refused_ago_ms,
       (SELECT (limits ->> 'configured_quota')::bigint
          FROM qudra_sync.account
         WHERE name = $1::text) AS configured
