-- A heartbeat: keeps all that the agent holds, and tells who else lives. An agent that was declared
-- dead has no row any more: it holds nothing.
-- $1::text its name, $2::bigint ms it counts as living
-- Rows: name, whether it takes its part of the accounts, ms it still counts as living, whether any
-- account is free. The agent's own is among them, if it lives.
WITH beat AS (
    UPDATE qudra_sync.agent
       SET alive_until = clock_timestamp() + $2::bigint * interval '1 ms'
     WHERE name = $1::text
    RETURNING name, shares)
SELECT name, shares, $2::bigint AS left_ms,
       EXISTS (SELECT FROM qudra_sync.account WHERE holder IS NULL) AS any_free
  FROM beat
 UNION ALL
SELECT name, shares, (extract(epoch FROM alive_until - clock_timestamp()) * 1000)::bigint, false
  FROM qudra_sync.agent
 WHERE name <> $1::text
