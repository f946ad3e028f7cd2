-- At start: what the last holders of accounts had under way is uncertain, since they were last
-- held: later it cannot have been sent. What is sending stands in the journal and the other way
-- round (state_journal.sql, state_record.sql), and a journalled row counts whatever its state says.
-- Where the agent died and did not give its lease back, updates may have been on their way, also of
-- rows that came to be refused or held meanwhile: nothing is known as confirmed of those with a job
-- any more. Who is taken for dead meanwhile has done it for the next one: what is forgotten already is
-- not written again.
-- $1::text[] accounts, $2::bigint[] their fences, $3::boolean[] the agent that had it died
-- Rows: fenced (all of them), place (from 1) of an account, how many became uncertain.
WITH given AS MATERIALIZED (
    SELECT *
      FROM unnest($1::text[], $2::bigint[], $3::boolean[])
           WITH ORDINALITY AS g (name, fence, died, i)),
fence AS MATERIALIZED (
    SELECT g.name, g.died, a.held_until
      FROM qudra_sync.account a
      JOIN given g USING (name, fence)
       FOR SHARE OF a),
journalled AS MATERIALIZED (
    SELECT c.account, c.mapping, c.source_key, f.held_until
      FROM qudra_sync.create_attempt c
      JOIN fence f ON f.name = c.account),
uncertain AS (
    UPDATE qudra_sync.job j
       SET state = 'uncertain', operation = NULL, next_attempt_at = NULL
      FROM journalled a
     WHERE j.mapping = a.mapping AND j.source_key = a.source_key AND j.account = a.account
       AND j.job_id IS NULL AND j.state <> 'uncertain'
    RETURNING j.account),
since AS (
    UPDATE qudra_sync.create_attempt c
       SET uncertain_since = greatest(c.sent_at, coalesce(a.held_until, now()))
      FROM journalled a
     WHERE c.mapping = a.mapping AND c.source_key = a.source_key AND c.uncertain_since IS NULL),
doubtful AS (
    UPDATE qudra_sync.job j
       SET synced_hash = NULL, synced_fields = NULL
      FROM fence f
      JOIN qudra_sync.queue q ON q.account = f.name
     WHERE f.died AND q.state IN ('pending', 'refused', 'held')
       AND j.mapping = q.mapping AND j.source_key = q.source_key
       AND j.state IN ('pending', 'refused', 'held') AND j.job_id IS NOT NULL
       AND j.synced_hash IS NOT NULL)
SELECT (SELECT count(*) FROM fence) = cardinality($1::text[]) AS fenced, g.i, coalesce(u.n, 0) AS count
  FROM given g
  LEFT JOIN (SELECT account, count(*) AS n FROM uncertain GROUP BY account) u ON u.account = g.name
