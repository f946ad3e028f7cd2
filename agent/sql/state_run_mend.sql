-- A mapping can be read again.
-- $1::text mapping
UPDATE qudra_sync.run
   SET ended_at = clock_timestamp()
 WHERE mapping = $1::text AND outcome = 'failed' AND ended_at IS NULL
