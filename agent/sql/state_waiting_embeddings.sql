-- How many recent jobs of an account are not ready to be matched yet though they could be.
-- $1::text account, $2::bigint how recent, in ms
SELECT count(*)
  FROM qudra_sync.job
 WHERE account = $1::text AND job_id IS NOT NULL AND match_ready IS NOT TRUE AND state = 'synced'
   AND synced_at > now() - $2::bigint * interval '1 ms'
   AND embedding_status IS DISTINCT FROM 'failed' AND job_status IS DISTINCT FROM 'closed'
