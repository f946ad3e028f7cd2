-- What the partner's own columns (source.write_back) have still to be told. A row is noted in the
-- transaction that records its outcome, unless its columns are filled in that same transaction, and
-- is forgotten when they are. What to write is read from qudra_sync.job at the time of writing.
CREATE TABLE qudra_sync.write_back (
    mapping          text COLLATE "C" NOT NULL,
    source_key       text COLLATE "C" NOT NULL,
    account          text COLLATE "C" NOT NULL,
    attempts         integer NOT NULL DEFAULT 0,     -- that failed for this row alone
    next_attempt_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (mapping, source_key)
);
CREATE INDEX write_back_due ON qudra_sync.write_back (account, next_attempt_at);
