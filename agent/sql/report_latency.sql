-- Close latency of the last 30 days: from the change being found to Qudra's confirmation. A job that
-- was closed when it was first seen was never open at Qudra: it does not count.
-- $1::text[] accounts, $2::text[] mappings; NULL: all
-- Rows: account, mapping (both NULL: over all), p50, p95 and maximum in ms (NULL: none).
SELECT account, mapping,
       percentile_disc(0.5) WITHIN GROUP (ORDER BY ms) AS p50,
       percentile_disc(0.95) WITHIN GROUP (ORDER BY ms) AS p95,
       max(ms) AS max
  FROM (SELECT account, mapping,
               greatest(0, (extract(epoch FROM synced_at - changed_at) * 1000)::bigint) AS ms
          FROM qudra_sync.job
         WHERE ($1::text[] IS NULL OR account = ANY ($1::text[]))
           AND ($2::text[] IS NULL OR mapping = ANY ($2::text[]))
           AND synced_at > now() - interval '30 days'
           AND CASE state WHEN 'removed' THEN true
                          WHEN 'synced' THEN job_status = 'closed' AND changed_at > first_seen_at
                          ELSE false END) closed
 GROUP BY GROUPING SETS ((), (account, mapping))
