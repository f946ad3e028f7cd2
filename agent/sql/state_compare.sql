-- Those rows of a page that differ from what is recorded. LIMIT 1 keeps the look-up by primary key
-- from being turned into a join that reads the whole table for every page.
-- $1::text mapping, $2::text[] keys, $3::text[] accounts, $4::bytea[] desired hashes (NULL: gone),
-- $5::float8[] priorities, $6::timestamptz[] due times
-- Rows: i (from 1), then what struct recorded holds; state is NULL where nothing is recorded.
SELECT s.i, j.account, j.state, j.operation, j.job_id, j.job_status, j.desired_hash, j.synced_hash,
       j.synced_fields, j.attempts, j.gone_at IS NOT NULL AS gone
  FROM unnest($2::text[], $3::text[], $4::bytea[], $5::float8[], $6::timestamptz[])
       WITH ORDINALITY AS s (source_key, account, hash, priority, due_at, i)
  LEFT JOIN LATERAL (
       SELECT *
         FROM qudra_sync.job
        WHERE mapping = $1::text AND source_key = s.source_key
        LIMIT 1) j ON true
 WHERE CASE
       WHEN s.hash IS NULL THEN j.state <> 'removed' AND j.gone_at IS NULL
       WHEN j.state IS NULL THEN true
       ELSE j.desired_hash IS DISTINCT FROM s.hash
            OR j.account <> s.account
            OR j.state IN ('held', 'removed')
            OR j.gone_at IS NOT NULL
            OR j.due_at IS DISTINCT FROM
               CASE WHEN s.due_at > now() - interval '1 minute' THEN s.due_at END
            OR j.state IN ('pending', 'deferred') AND j.priority IS DISTINCT FROM s.priority
       END
