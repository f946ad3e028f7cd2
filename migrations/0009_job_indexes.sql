-- In a first mirror no row has a job when the statistics are made. The planner then takes the index of
-- rows that have one for empty, and finds a row by its job there: by reading all of it, for every row
-- that is recorded. Said so that `job_id = …` does not imply it, the condition keeps it out of that.
DROP INDEX qudra_sync.job_of_account;
CREATE INDEX job_of_account ON qudra_sync.job (account) WHERE job_id > '';

-- Its buckets are split when they are full, not when three quarters are. How large it is goes up and
-- down with each doubling: at most sizes that makes it smaller by a tenth or more, at a few larger.
ALTER INDEX qudra_sync.job_id_once SET (fillfactor = 100);
REINDEX INDEX qudra_sync.job_id_once;
