-- The state of the mirror: one row for each row of the partner's tables that Qudra should hold, the
-- journal of creates in flight, and what the agent must remember between two starts. Everything the
-- agent knows is here and nowhere else; dropping the schema takes it out of the database again.
--
-- Run by `qudra-sync migrate` in one transaction; may also be run by hand with psql.

CREATE SCHEMA IF NOT EXISTS qudra_sync;
COMMENT ON SCHEMA qudra_sync IS 'State of qudra-sync, the agent that mirrors job postings to Qudra';

CREATE TYPE qudra_sync.row_state AS ENUM (
    'pending', 'sending', 'synced', 'refused', 'uncertain', 'deferred', 'held', 'removed');

-- In the order of urgency: the order in which a short budget is spent.
CREATE TYPE qudra_sync.operation AS ENUM ('close', 'delete', 'update', 'create');

-- One Qudra key with its plan and quota. The lease says which agent works on it: `fence` grows with
-- every take-over, and every write of an agent names the fence that it was given.
CREATE TABLE qudra_sync.account (
    name            text COLLATE "C" PRIMARY KEY,
    environment     text CHECK (environment IN ('production', 'sandbox')), -- of the ids in job
    holder          text,               -- host, process and start of the agent that holds the lease
    fence           bigint NOT NULL DEFAULT 0,
    lease_until     timestamptz,        -- NULL: given back
    fields_as_sent  integer,            -- bit i: field i came back from Qudra as it was sent
    fields_changed  integer,            -- bit i: field i has come back changed
    trouble         text,               -- what needs a person; NULL: nothing
    trouble_since   timestamptz,
    limits          jsonb               -- what the last answer's headers said, for `status`
);

-- Names and keys are compared bytewise: faster, and an operating system that comes with another
-- collation cannot break the indexes.
CREATE TABLE qudra_sync.job (
    account           text COLLATE "C" NOT NULL,
    mapping           text COLLATE "C" NOT NULL,
    source_key        text COLLATE "C" NOT NULL,
    state             qudra_sync.row_state NOT NULL,
    operation         qudra_sync.operation,  -- of pending, deferred, held, refused rows
    attempts          integer NOT NULL DEFAULT 0,
    match_ready       boolean,
    priority          double precision,      -- less is sooner; of rows that wait
    next_attempt_at   timestamptz,
    gone_at           timestamptz,           -- since when the row has been missing from the source
    due_at            timestamptz,           -- when the payload changes though the row does not
    first_seen_at     timestamptz NOT NULL DEFAULT now(),
    changed_at        timestamptz NOT NULL DEFAULT now(), -- when the present change was found
    synced_at         timestamptz,
    job_id            text COLLATE "C",
    qudra_url         text,
    job_status        text,
    embedding_status  text,
    desired_hash      bytea,                 -- XXH3-128 of what was last wanted; NULL: nothing
    synced_hash       bytea,                 -- of the payload that Qudra last confirmed
    synced_fields     bytea,                 -- XXH3-64 of each of its fields, in order, big-endian
    answered_fields   bytea,                 -- the same of what Qudra answered; NULL: as sent
    error_code        text,
    error_message     text,
    error_message_ar  text,
    request_id        text,                  -- of the answer that the error came with
    PRIMARY KEY (mapping, source_key),
    CONSTRAINT job_pending_has_operation CHECK (state <> 'pending' OR operation IS NOT NULL)
) WITH (autovacuum_vacuum_scale_factor = 0.05);

-- The queue: exactly the order in which push picks.
CREATE INDEX job_queue ON qudra_sync.job (account, operation, priority, mapping, source_key)
    WHERE state = 'pending';
-- Promise 2: two rows are never bound to one job.
CREATE UNIQUE INDEX job_id_once ON qudra_sync.job (job_id) WHERE job_id IS NOT NULL;
CREATE INDEX job_due ON qudra_sync.job (due_at, mapping) WHERE due_at IS NOT NULL;
CREATE INDEX job_gone ON qudra_sync.job (mapping, gone_at)
    WHERE gone_at IS NOT NULL AND state <> 'removed';
-- What needs eyes, and the few that wait for something else than the budget.
CREATE INDEX job_attention ON qudra_sync.job (account, state, mapping, source_key)
    WHERE state IN ('sending', 'refused', 'uncertain', 'deferred', 'held');
CREATE INDEX job_embedding ON qudra_sync.job (account, synced_at)
    WHERE state = 'synced' AND match_ready IS NOT TRUE;

-- The journal (promise 2): committed before a create leaves, gone when it is settled.
CREATE TABLE qudra_sync.create_attempt (
    mapping          text COLLATE "C" NOT NULL,
    source_key       text COLLATE "C" NOT NULL,
    account          text COLLATE "C" NOT NULL,
    idempotency_key  text NOT NULL,
    payload_hash     bytea NOT NULL,    -- XXH3-128 of what was sent
    payload_fields   bytea NOT NULL,    -- XXH3-64 of each field, as in job.synced_fields
    sent_at          timestamptz NOT NULL DEFAULT now(),
    uncertain_since  timestamptz,       -- set when its answer is known to be lost
    PRIMARY KEY (mapping, source_key)
);
CREATE INDEX create_attempt_account ON qudra_sync.create_attempt (account, sent_at);

-- What the agent did, for `status`; the agent forgets runs after 30 days.
CREATE TABLE qudra_sync.run (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind        text NOT NULL,            -- pass, sweep, backfill, reconcile
    account     text,                     -- NULL: all
    mapping     text,                     -- NULL: all
    started_at  timestamptz NOT NULL DEFAULT now(),
    ended_at    timestamptz,
    outcome     text,                     -- converged, rows_left, stopped, failed
    counts      jsonb NOT NULL DEFAULT '{}',
    error       text
);
CREATE INDEX run_recent ON qudra_sync.run (started_at DESC);

-- Jobs created in a calendar month (UTC: assumed, Part B).
CREATE TABLE qudra_sync.quota (
    account      text COLLATE "C" NOT NULL,
    month        date NOT NULL,           -- its first day
    created      bigint NOT NULL DEFAULT 0,
    exceeded_at  timestamptz,             -- a create was put off for quota
    PRIMARY KEY (account, month)
);

CREATE TABLE qudra_sync.watermark (
    mapping        text COLLATE "C" PRIMARY KEY,
    changed_to     timestamptz,           -- every change before this has been seen
    horizon        timestamptz,           -- and may move here at the next poll
    scanned_at     timestamptz,           -- end of the last whole scan
    shape          bigint,                -- of what triggers watch, as it was at that scan
    fingerprint    text,                  -- of the mapping that the state was made with
    source         text                   -- system identifier and database of the source
);
