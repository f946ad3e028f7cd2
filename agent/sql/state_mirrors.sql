-- Whether Qudra holds a job of the account: 1 or 0. The condition is that of index job_of_account.
-- $1::text account
SELECT EXISTS (SELECT FROM qudra_sync.job
                WHERE account = $1::text AND job_id > '' AND state <> 'removed')::integer AS mirrors
