-- Takes out of the outbox what a scan that begins now will see, and leaves in its place the wish for a
-- scan, which stays until this one has ended whole.
-- $1::text mapping
-- One row: id (of the wish), count (of what it stands for).
WITH wish AS (
    INSERT INTO qudra_sync.change (mapping) VALUES ($1::text)
    RETURNING id),
seen AS (
    DELETE FROM qudra_sync.change
     WHERE mapping = $1::text
    RETURNING id)
SELECT (SELECT id FROM wish) AS id, (SELECT count(*) FROM seen) AS count
