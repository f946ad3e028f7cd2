-- Which accounts have pending rows, or columns of the partner's to be written: a step through the
-- queue's index from account to account, so that those without cost nothing.
-- Rows: account.
WITH RECURSIVE step (account) AS (
    (SELECT account FROM qudra_sync.job WHERE state = 'pending' ORDER BY account LIMIT 1)
    UNION ALL
    SELECT (SELECT j.account
              FROM qudra_sync.job j
             WHERE j.state = 'pending' AND j.account > s.account
             ORDER BY j.account
             LIMIT 1)
      FROM step s
     WHERE s.account IS NOT NULL)
SELECT account FROM step WHERE account IS NOT NULL
 UNION
SELECT account FROM qudra_sync.write_back
