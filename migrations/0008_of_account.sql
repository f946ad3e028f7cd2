-- Which jobs an account has: asked before its first create and whenever rows of it go. Of thousands
-- of accounts each would read the whole table for that.
--
-- Updates stay in their place: `account` and `job_id` stand in other indexes already.
CREATE INDEX job_of_account ON qudra_sync.job (account) WHERE job_id IS NOT NULL;

-- A row is sending exactly as long as its attempt stands in the journal: no start looks for others
-- any more.
UPDATE qudra_sync.job j
   SET state = 'pending', operation = 'create'
 WHERE state = 'sending'
   AND NOT EXISTS (SELECT
                     FROM qudra_sync.create_attempt a
                    WHERE a.mapping = j.mapping AND a.source_key = j.source_key);
