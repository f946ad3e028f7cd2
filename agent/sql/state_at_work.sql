-- Which accounts have pending rows, or columns of the partner's to be written: a step through index
-- queue_order from account to account, and a look at each, so that those without cost nothing.
-- Rows: account.
WITH RECURSIVE step (account) AS (
    (SELECT account FROM qudra_sync.queue WHERE state = 'pending' ORDER BY account LIMIT 1)
    UNION ALL
    SELECT (SELECT q.account
              FROM qudra_sync.queue q
             WHERE q.state = 'pending' AND q.account > s.account
             ORDER BY q.account
             LIMIT 1)
      FROM step s
     WHERE s.account IS NOT NULL)
SELECT account FROM step WHERE account IS NOT NULL
 UNION
SELECT account FROM qudra_sync.write_back
