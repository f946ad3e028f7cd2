-- How far an account's rows had been looked at when it changed hands, so that its next holder looks
-- at what has changed since and not at the whole table. What it says is the agents' own affair.
ALTER TABLE qudra_sync.agent
    ADD COLUMN seen        text,                       -- holds for the accounts it has under a fence
    ADD COLUMN seen_fence  bigint NOT NULL DEFAULT 0;  -- up to this one
ALTER TABLE qudra_sync.account
    ADD COLUMN seen        text;                       -- that of its last holder; NULL: not known
