-- Writes how far a mapping's source has been read. What is not given stays as it is; the time of
-- the last whole scan moves only when one has ended.
-- $1::text account, $2::bigint fence, $3::text mapping, $4::timestamptz changed to,
-- $5::text fingerprint, $6::text source, $7::bigint shape (0: not given), $8::boolean a whole scan has
-- ended
-- One row: fenced.
WITH fence AS MATERIALIZED (
    SELECT FROM qudra_sync.account WHERE name = $1::text AND fence = $2::bigint FOR SHARE),
written AS (
    INSERT INTO qudra_sync.watermark AS w (
           mapping, changed_to, fingerprint, source, shape, scanned_at)
    SELECT $3::text, $4::timestamptz, $5::text, $6::text, nullif($7::bigint, 0),
           CASE WHEN $8::boolean THEN now() END
     WHERE EXISTS (SELECT FROM fence)
    ON CONFLICT (mapping) DO UPDATE
       SET changed_to = coalesce(excluded.changed_to, w.changed_to),
           fingerprint = coalesce(excluded.fingerprint, w.fingerprint),
           source = coalesce(excluded.source, w.source),
           shape = coalesce(excluded.shape, w.shape),
           scanned_at = coalesce(excluded.scanned_at, w.scanned_at))
SELECT EXISTS (SELECT FROM fence) AS fenced
