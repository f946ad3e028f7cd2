-- How far a mapping's source has been read.
-- $1::text mapping
SELECT CASE WHEN isfinite(changed_to)
            THEN to_char(changed_to AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
            ELSE changed_to::text END AS changed_to,
       fingerprint, source,
       (extract(epoch FROM now() - scanned_at) * 1000)::bigint AS scanned_ago_ms,
       shape
  FROM qudra_sync.watermark
 WHERE mapping = $1::text
