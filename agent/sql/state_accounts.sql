-- The accounts of the table that were added, changed or removed since the last look.
-- $1::xid8 what was begun before this transaction has been seen
-- Rows: where the next look begins, name, enabled, file of the key, variable of the key, plan, headroom,
-- quota, concurrency. The first has the first column alone.
SELECT pg_catalog.pg_snapshot_xmin(pg_catalog.pg_current_snapshot())::text AS next, NULL AS name,
       NULL::boolean AS enabled, NULL AS api_key_file, NULL AS api_key_env, NULL AS plan,
       NULL AS headroom, NULL AS quota, NULL AS concurrency
 UNION ALL
(SELECT NULL, name, enabled, api_key_file, api_key_env, plan, headroom, quota, concurrency::text
   FROM qudra_sync.account
  WHERE configured_by >= $1::xid8
  ORDER BY name)
