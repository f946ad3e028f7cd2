-- The outbox: one row for each key that a trigger has seen change, until the agent has looked at it.
-- A row without a key asks for a whole scan (TRUNCATE, or triggers that have just been put there).
-- Rows come and go all the time: vacuum goes by their number and not by a share of the table, which is
-- nearly empty whenever it is looked at.
-- No parameters, no rows.
CREATE TABLE IF NOT EXISTS qudra_sync.change (
    mapping     text COLLATE "C" NOT NULL,
    id          bigint GENERATED ALWAYS AS IDENTITY,
    source_key  text COLLATE "C",
    PRIMARY KEY (mapping, id)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500,
        autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 100000,
        autovacuum_vacuum_insert_threshold = -1)
