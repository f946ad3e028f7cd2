-- What is recorded of these keys of a mapping.
-- $1::text mapping, $2::text[] keys
-- Rows: i (from 1), then what struct recorded holds; keys without a row are left out.
SELECT s.i, j.account, j.state, j.operation, j.job_id, j.job_status, j.desired_hash, j.synced_hash,
       j.synced_fields, j.attempts, j.gone_at IS NOT NULL AS gone
  FROM unnest($2::text[]) WITH ORDINALITY AS s (source_key, i)
 CROSS JOIN LATERAL (
       SELECT *
         FROM qudra_sync.job
        WHERE mapping = $1::text AND source_key = s.source_key
        LIMIT 1) j
