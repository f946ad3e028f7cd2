-- The rows that a `backfill --plan` under way may send something for, and no others. Filled from the
-- plan's file at its start and emptied at its end: what the file says stays in the file. Not logged,
-- because a start fills it anew.

CREATE UNLOGGED TABLE qudra_sync.planned (
    mapping     text COLLATE "C" NOT NULL,
    source_key  text COLLATE "C" NOT NULL,
    account     text COLLATE "C" NOT NULL,
    PRIMARY KEY (mapping, source_key)
);
