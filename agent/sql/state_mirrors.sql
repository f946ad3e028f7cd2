-- Whether Qudra holds a job of the account: 1 or 0.
-- $1::text account
SELECT EXISTS (SELECT FROM qudra_sync.job
                WHERE job_id IS NOT NULL AND account = $1::text AND state <> 'removed')::integer AS mirrors
