-- Which accounts have rows that are gone and not yet removed.
-- Rows: account.
SELECT DISTINCT account
  FROM qudra_sync.job
 WHERE gone_at IS NOT NULL AND state <> 'removed'
