-- Accounts that agent.yaml names have a row too, for their lease.
-- $1::text[] names
INSERT INTO qudra_sync.account (name)
SELECT unnest($1::text[])
ON CONFLICT (name) DO NOTHING
