-- Takes free accounts for an agent that lives, and tells what is known of them. One whose jobs were
-- made in another environment than its key is for is left alone.
-- $1::text agent, $2::bigint how many at most, $3::bigint ms that they must have been free,
-- $4::text how `seen` begins that holds for its mappings, $5::text[] accounts that it may take,
-- $6::text[] environments of their keys (NULL: not known)
-- Rows: i (from 1), fence (NULL: not taken), environment as it was recorded, not given back by the
-- last holder, ms since it was last held (NULL: never), fields that came back as sent, changed ones,
-- jobs created this month (UTC: assumed, Part B), ms since a create was last refused for quota,
-- configured quota (-1: unlimited), creates are journalled or under way, rows are pending, deferred, how
-- far its last holder had looked (NULL: not known).
WITH wanted AS MATERIALIZED (
    SELECT * FROM unnest($5::text[], $6::text[]) WITH ORDINALITY AS w (name, environment, i)),
free AS MATERIALIZED (
    SELECT a.*, w.environment AS wanted, w.i
      FROM qudra_sync.account a
      JOIN wanted w USING (name)
     WHERE a.holder IS NULL
       AND (a.held_until IS NULL
            OR a.held_until <= clock_timestamp() - $3::bigint * interval '1 ms')
     ORDER BY w.i
     LIMIT $2::bigint
       FOR UPDATE OF a SKIP LOCKED),
taken AS (
    UPDATE qudra_sync.account a
       SET holder = $1::text, fence = nextval('qudra_sync.fence'), torn = true,
           seen = CASE WHEN starts_with(a.seen, $4::text) THEN a.seen END,
           environment = coalesce(a.environment, f.wanted)
      FROM free f
     WHERE a.name = f.name
       AND (f.environment IS NULL OR f.wanted IS NULL OR f.environment = f.wanted)
       AND EXISTS (SELECT FROM qudra_sync.agent WHERE name = $1::text FOR KEY SHARE)
    RETURNING a.name, a.fence)
SELECT f.i, t.fence, f.environment, f.torn,
       (extract(epoch FROM clock_timestamp() - f.held_until) * 1000)::bigint AS held_ago_ms,
       coalesce(f.fields_as_sent, 0) AS as_sent, coalesce(f.fields_changed, 0) AS changed,
       coalesce(q.created, 0) AS created,
       (extract(epoch FROM now() - q.exceeded_at) * 1000)::bigint AS refused_ago_ms,
       (f.limits ->> 'configured_quota')::bigint AS configured,
       EXISTS (SELECT FROM qudra_sync.create_attempt WHERE account = f.name)
       OR EXISTS (SELECT FROM qudra_sync.queue
                   WHERE account = f.name AND state = 'uncertain') AS under_way,
       EXISTS (SELECT FROM qudra_sync.queue WHERE account = f.name AND state = 'pending') AS pending,
       EXISTS (SELECT FROM qudra_sync.queue WHERE account = f.name AND state = 'deferred') AS deferred,
       f.seen
  FROM free f
  LEFT JOIN taken t USING (name)
  LEFT JOIN qudra_sync.quota q
    ON q.account = f.name AND q.month = date_trunc('month', now() AT TIME ZONE 'UTC')::date
