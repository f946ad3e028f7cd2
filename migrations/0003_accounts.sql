-- Several accounts, several agents. An account may be a row of this table instead of standing in
-- agent.yaml; an agent is a row of qudra_sync.agent for as long as it lives, and holds its accounts
-- only as long: one heartbeat keeps all of them. Deleting the agent's row frees them in the same
-- statement; whoever deletes it makes all fences grow, so that nothing of the old holder's is
-- written any more.

-- Fences come from here: they grow even where an account's row is deleted and made again.
CREATE SEQUENCE qudra_sync.fence;
SELECT setval('qudra_sync.fence', (SELECT coalesce(max(fence), 0) + 1 FROM qudra_sync.account), false);

CREATE TABLE qudra_sync.agent (
    name         text COLLATE "C" PRIMARY KEY, -- host, process and start
    started_at   timestamptz NOT NULL DEFAULT now(),
    alive_until  timestamptz NOT NULL,         -- put off by each heartbeat
    shares       boolean NOT NULL              -- takes its part of the accounts; else what it was told to
);

UPDATE qudra_sync.account SET holder = NULL;
ALTER TABLE qudra_sync.account
    DROP COLUMN lease_until,
    ALTER COLUMN holder TYPE text COLLATE "C",
    ADD FOREIGN KEY (holder) REFERENCES qudra_sync.agent ON DELETE SET NULL,
    ADD COLUMN held_until       timestamptz,  -- when it was last held; NULL: never
    ADD COLUMN torn             boolean NOT NULL DEFAULT true, -- not given back by who held it last
    ADD COLUMN key_mark         text,         -- tells keys apart, and gives nothing of them away
    -- What follows is the operator's: an account that agent.yaml does not name.
    ADD COLUMN api_key_file     text,         -- where its key is found: a file,
    ADD COLUMN api_key_env      text,         -- or a variable in the agent's environment
    ADD COLUMN plan             text,         -- NULL: as `qudra:` in agent.yaml says, as below
    ADD COLUMN headroom         text,
    ADD COLUMN quota            text,
    ADD COLUMN concurrency      integer,
    ADD COLUMN enabled          boolean NOT NULL DEFAULT true,
    ADD COLUMN configured_by    xid8 NOT NULL DEFAULT '3', -- the transaction that last changed them
    ADD CONSTRAINT account_one_key CHECK (api_key_file IS NULL OR api_key_env IS NULL);
UPDATE qudra_sync.account SET held_until = now();
CREATE INDEX account_holder ON qudra_sync.account (holder);
CREATE INDEX account_key_mark ON qudra_sync.account (key_mark);
CREATE INDEX account_configured_by ON qudra_sync.account (configured_by);

COMMENT ON COLUMN qudra_sync.account.api_key_file IS
    'file in which the agent finds the API key; the key itself never stands in the database';

-- Agents ask for what has changed since they last looked: by transaction, since a time says nothing
-- of what is not committed yet.
CREATE FUNCTION qudra_sync.account_changed() RETURNS trigger LANGUAGE plpgsql SET search_path = ''
AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.name <> OLD.name THEN
        RAISE EXCEPTION 'an account keeps its name: its rows are recorded under it';
    END IF;
    NEW.configured_by := pg_catalog.pg_current_xact_id();
    RETURN NEW;
END $$;
CREATE TRIGGER account_changed BEFORE INSERT OR UPDATE OF
    name, api_key_file, api_key_env, plan, headroom, quota, concurrency, enabled
    ON qudra_sync.account FOR EACH ROW EXECUTE FUNCTION qudra_sync.account_changed();

-- Deleting an account takes its configuration away. What is known of it stays as long as ids of jobs
-- may have been made with its key: they belong to an environment.
CREATE FUNCTION qudra_sync.account_deleted() RETURNS trigger LANGUAGE plpgsql SET search_path = ''
AS $$
BEGIN
    IF OLD.environment IS NULL AND OLD.holder IS NULL THEN
        RETURN OLD;
    END IF;
    UPDATE qudra_sync.account
       SET api_key_file = NULL, api_key_env = NULL, plan = NULL, headroom = NULL, quota = NULL,
           concurrency = NULL, enabled = true
     WHERE name = OLD.name;
    RETURN NULL;
END $$;
CREATE TRIGGER account_deleted BEFORE DELETE ON qudra_sync.account
    FOR EACH ROW EXECUTE FUNCTION qudra_sync.account_deleted();
