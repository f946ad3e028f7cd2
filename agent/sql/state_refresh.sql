-- Takes over what Qudra's list says of jobs that are known; rows that it says nothing new of are
-- not written.
-- $1::text account, $2::bigint fence, $3::text[] job ids, $4::text[] URLs,
-- $5::text[] embedding statuses, $6::boolean[] match ready; NULL: not told
-- One row: fenced.
WITH fence AS MATERIALIZED (
    SELECT FROM qudra_sync.account WHERE name = $1::text AND fence = $2::bigint FOR SHARE),
refreshed AS (
    UPDATE qudra_sync.job j
       SET qudra_url = coalesce(s.qudra_url, j.qudra_url),
           embedding_status = coalesce(s.embedding_status, j.embedding_status),
           match_ready = coalesce(s.match_ready, j.match_ready)
      FROM unnest($3::text[], $4::text[], $5::text[], $6::boolean[])
           AS s (job_id, qudra_url, embedding_status, match_ready)
     WHERE j.job_id = s.job_id AND j.account = $1::text
       AND (s.qudra_url <> j.qudra_url
            OR s.embedding_status <> j.embedding_status
            OR s.match_ready <> j.match_ready
            OR s.qudra_url IS NOT NULL AND j.qudra_url IS NULL
            OR s.embedding_status IS NOT NULL AND j.embedding_status IS NULL
            OR s.match_ready IS NOT NULL AND j.match_ready IS NULL)
       AND EXISTS (SELECT FROM fence))
SELECT EXISTS (SELECT FROM fence) AS fenced
