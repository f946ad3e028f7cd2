-- Marks rows as gone from the source since now, where they are not marked yet.
-- $1::text mapping, $2::text[] accounts held, $3::bigint[] their fences, $4::text[] keys
-- One row: fenced (all of them), count of rows marked.
WITH fence AS MATERIALIZED (
    SELECT a.name
      FROM qudra_sync.account a
      JOIN unnest($2::text[], $3::bigint[]) AS l (name, fence) USING (name, fence)
       FOR SHARE OF a),
marked AS (
    UPDATE qudra_sync.job
       SET gone_at = now(), due_at = NULL
     WHERE mapping = $1::text AND source_key = ANY ($4::text[])
       AND account IN (SELECT name FROM fence)
       AND gone_at IS NULL AND state <> 'removed'
    RETURNING 1)
SELECT (SELECT count(*) FROM fence) = cardinality($2::text[]) AS fenced,
       (SELECT count(*) FROM marked) AS count
