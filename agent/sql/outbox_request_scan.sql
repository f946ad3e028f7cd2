-- Asks the agent for a whole scan: what changed before the triggers stood was seen by none.
-- $1::text mapping
WITH asked AS (
    INSERT INTO qudra_sync.change (mapping) VALUES ($1::text))
SELECT pg_catalog.pg_notify('qudra_sync', '')
