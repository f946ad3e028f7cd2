-- Jobs created in this month (UTC: assumed, Part B), and whether a create was put off for quota.
-- $1::text account
SELECT created, exceeded_at IS NOT NULL AS exceeded
  FROM qudra_sync.quota
 WHERE account = $1::text AND month = date_trunc('month', now() AT TIME ZONE 'UTC')::date
