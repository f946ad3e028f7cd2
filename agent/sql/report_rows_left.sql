-- Whether any row of these mappings needs a person or another month. One look into index job_attention.
-- $1::text[] mappings
SELECT EXISTS (
       SELECT
         FROM qudra_sync.job
        WHERE state IN ('refused', 'uncertain', 'deferred', 'held') AND mapping = ANY ($1::text[]))
