-- Whether anything is recorded of a mapping: 1 or 0.
-- $1::text mapping
SELECT EXISTS (SELECT FROM qudra_sync.job WHERE mapping = $1::text)::integer AS known
