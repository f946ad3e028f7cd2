-- How many rows of a mapping are neither removed nor known to be gone.
-- $1::text mapping
SELECT count(*)
  FROM qudra_sync.job
 WHERE mapping = $1::text AND state <> 'removed' AND gone_at IS NULL
