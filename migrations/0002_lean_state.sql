-- What the state costs its database: updates that touch no index, and fewer bytes a row.
--
-- An index that names a column makes every update of that column write to all indexes of its table.
-- No index of `job` names its state any more, nor anything else that comes and goes with an ordinary
-- change; so the rows that wait are noted beside it, in a narrow table that is empty most of the time.
--
-- Run by `qudra-sync migrate` in one transaction; may also be run by hand with psql.

-- The rows of `job` that wait: for their turn, to be settled, for another month or for a person. Triggers on `job`
-- keep it, and nothing else writes to it: it says nothing that `job` does not say.
CREATE TABLE qudra_sync.queue (
    account     text COLLATE "C" NOT NULL,
    state       qudra_sync.row_state NOT NULL,
    operation   qudra_sync.operation NOT NULL,  -- create where job has none
    priority    double precision NOT NULL,      -- infinite where job has none
    mapping     text COLLATE "C" NOT NULL,
    source_key  text COLLATE "C" NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_insert_threshold = -1);

CREATE FUNCTION qudra_sync.queue_insert() RETURNS trigger LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
    INSERT INTO qudra_sync.queue
    SELECT account, state, coalesce(operation, 'create'), coalesce(priority, 'Infinity'), mapping,
           source_key
      FROM is_now
     WHERE state NOT IN ('sending', 'synced', 'removed');
    RETURN NULL;
END$$;

-- Keys never change. A plan is made while the queue is empty and used while it is long: the lateral
-- look-ups leave it no choice but the index.
CREATE FUNCTION qudra_sync.queue_update() RETURNS trigger LANGUAGE plpgsql
    SET search_path = '' SET enable_seqscan = off AS $$
BEGIN
    DELETE FROM qudra_sync.queue
     WHERE ctid = ANY (ARRAY(
           SELECT q.place
             FROM (SELECT account, state, operation, priority, mapping, source_key
                     FROM was
                    WHERE state NOT IN ('sending', 'synced', 'removed')
                   EXCEPT
                   SELECT account, state, operation, priority, mapping, source_key FROM is_now) w
            CROSS JOIN LATERAL (
                  SELECT ctid AS place
                    FROM qudra_sync.queue
                   WHERE account = w.account AND state = w.state
                     AND operation = coalesce(w.operation, 'create')
                     AND priority = coalesce(w.priority, 'Infinity')
                     AND mapping = w.mapping AND source_key = w.source_key
                   LIMIT 1) q));
    INSERT INTO qudra_sync.queue
    SELECT account, state, coalesce(operation, 'create'), coalesce(priority, 'Infinity'), mapping,
           source_key
      FROM (SELECT account, state, operation, priority, mapping, source_key
              FROM is_now
             WHERE state NOT IN ('sending', 'synced', 'removed')
            EXCEPT
            SELECT account, state, operation, priority, mapping, source_key FROM was) w;
    RETURN NULL;
END$$;

CREATE FUNCTION qudra_sync.queue_delete() RETURNS trigger LANGUAGE plpgsql
    SET search_path = '' SET enable_seqscan = off AS $$
BEGIN
    DELETE FROM qudra_sync.queue
     WHERE ctid = ANY (ARRAY(
           SELECT q.place
             FROM was w
            CROSS JOIN LATERAL (
                  SELECT ctid AS place
                    FROM qudra_sync.queue
                   WHERE account = w.account AND state = w.state
                     AND operation = coalesce(w.operation, 'create')
                     AND priority = coalesce(w.priority, 'Infinity')
                     AND mapping = w.mapping AND source_key = w.source_key
                   LIMIT 1) q));
    RETURN NULL;
END$$;

CREATE FUNCTION qudra_sync.queue_truncate() RETURNS trigger LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
    DELETE FROM qudra_sync.queue;
    RETURN NULL;
END$$;

-- What a long queue leaves behind, an index of empty pages, is given back when nothing waits any more
-- and nobody looks.
CREATE FUNCTION qudra_sync.queue_trim() RETURNS void LANGUAGE plpgsql
    SET search_path = '' SET lock_timeout = '100ms' AS $$
BEGIN
    IF pg_indexes_size('qudra_sync.queue') > 4194304
       AND NOT EXISTS (SELECT FROM qudra_sync.queue) THEN
        LOCK TABLE qudra_sync.queue IN ACCESS EXCLUSIVE MODE;
        IF NOT EXISTS (SELECT FROM qudra_sync.queue) THEN
            TRUNCATE qudra_sync.queue;
        END IF;
    END IF;
EXCEPTION WHEN lock_not_available OR insufficient_privilege THEN
    RETURN;
END$$;

CREATE TRIGGER queue_insert AFTER INSERT ON qudra_sync.job REFERENCING NEW TABLE AS is_now
    FOR EACH STATEMENT EXECUTE FUNCTION qudra_sync.queue_insert();
CREATE TRIGGER queue_update AFTER UPDATE ON qudra_sync.job
    REFERENCING OLD TABLE AS was NEW TABLE AS is_now
    FOR EACH STATEMENT EXECUTE FUNCTION qudra_sync.queue_update();
CREATE TRIGGER queue_delete AFTER DELETE ON qudra_sync.job REFERENCING OLD TABLE AS was
    FOR EACH STATEMENT EXECUTE FUNCTION qudra_sync.queue_delete();
CREATE TRIGGER queue_truncate AFTER TRUNCATE ON qudra_sync.job
    FOR EACH STATEMENT EXECUTE FUNCTION qudra_sync.queue_truncate();

INSERT INTO qudra_sync.queue
SELECT account, state, coalesce(operation, 'create'), coalesce(priority, 'Infinity'), mapping, source_key
  FROM qudra_sync.job
 WHERE state NOT IN ('sending', 'synced', 'removed');
-- The order in which push picks, read backwards: postings are mostly found oldest first and wanted
-- newest first, and a B-tree is packed only where entries are appended.
CREATE UNIQUE INDEX queue_order ON qudra_sync.queue (
    account, state, operation DESC, priority DESC, mapping DESC, source_key DESC);

DROP INDEX qudra_sync.job_queue, qudra_sync.job_attention, qudra_sync.job_gone,
           qudra_sync.job_embedding, qudra_sync.job_id_once;
-- A removed row is gone for good: that no longer keeps it in an index that every pass reads.
UPDATE qudra_sync.job SET gone_at = NULL WHERE state = 'removed' AND gone_at IS NOT NULL;

-- 48 bits tell the texts of one field apart.
CREATE FUNCTION qudra_sync.narrow(fields bytea) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
    SELECT substr(fields, 3, 6) || substr(fields, 11, 6) || substr(fields, 19, 6)
           || substr(fields, 27, 6) || substr(fields, 35, 6) || substr(fields, 43, 6)
           || substr(fields, 51, 6) || substr(fields, 59, 6)$$;
ALTER TABLE qudra_sync.job
    ALTER synced_fields TYPE bytea USING qudra_sync.narrow(synced_fields),
    ALTER answered_fields TYPE bytea USING qudra_sync.narrow(answered_fields);
ALTER TABLE qudra_sync.create_attempt
    ALTER payload_fields TYPE bytea USING qudra_sync.narrow(payload_fields);
DROP FUNCTION qudra_sync.narrow;

CREATE INDEX job_gone ON qudra_sync.job (mapping, gone_at) WHERE gone_at IS NOT NULL;
CREATE INDEX job_embedding ON qudra_sync.job (account)
    WHERE job_id IS NOT NULL AND match_ready IS NOT TRUE;
-- Promise 2: two rows are never bound to one job. By hash, whose entries are half as large.
ALTER TABLE qudra_sync.job ADD CONSTRAINT job_id_once EXCLUDE USING hash (job_id WITH =);

ALTER TABLE qudra_sync.watermark DROP COLUMN horizon;
