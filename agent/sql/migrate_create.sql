-- Where applied migrations are recorded. Not part of a migration itself: it must be there to record
-- the first one.
-- No parameters, no rows.
CREATE TABLE IF NOT EXISTS qudra_sync.migration (
    version     integer PRIMARY KEY,
    name        text NOT NULL,
    checksum    text NOT NULL,       -- XXH3-128 of its text, in hex
    applied_at  timestamptz NOT NULL DEFAULT pg_catalog.now()
)
