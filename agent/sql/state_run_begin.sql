-- Begins a run's record and forgets those of more than 30 days ago.
-- $1::text kind, $2::text account, $3::text mapping; NULL: all
-- One row: its id.
WITH forgotten AS (
    DELETE FROM qudra_sync.run WHERE started_at < now() - interval '30 days')
INSERT INTO qudra_sync.run (kind, account, mapping)
VALUES ($1::text, $2::text, $3::text)
RETURNING id
