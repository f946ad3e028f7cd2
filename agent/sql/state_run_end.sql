-- Ends a run's record.
-- $1::bigint id, $2::text outcome, $3::jsonb counts (NULL: none), $4::text error (NULL: none)
UPDATE qudra_sync.run
   SET ended_at = clock_timestamp(), outcome = $2::text, counts = coalesce($3::jsonb, '{}'),
       error = $4::text
 WHERE id = $1::bigint
