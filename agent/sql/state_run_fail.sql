-- Notes that a mapping cannot be read: a run without an end until it can be, see state_run_mend.sql.
-- $1::text mapping, $2::text error
INSERT INTO qudra_sync.run (kind, mapping, outcome, error)
SELECT 'read', $1::text, 'failed', $2::text
 WHERE NOT EXISTS (
       SELECT FROM qudra_sync.run
        WHERE mapping = $1::text AND outcome = 'failed' AND ended_at IS NULL)
