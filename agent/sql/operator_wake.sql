-- Wakes the agent that listens, so that it looks at once.
SELECT pg_notify('qudra_sync', '')
