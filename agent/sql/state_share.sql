-- Notes by which key the account sends, and counts who else has work to do with the same key now:
-- an account of another agent, or another one of this. One without any row, of an agent that has
-- just begun, is about to have work. A key's mark says nothing of the key.
-- $1::text account, $2::bigint fence, $3::text mark of the key
-- One row: fenced, how many with this one, ms until the window ends that has no part left for one more,
-- by what any account said last that sends with this key (NULL: there is room, or nobody has said).
WITH fence AS MATERIALIZED (
    SELECT FROM qudra_sync.account WHERE name = $1::text AND fence = $2::bigint FOR NO KEY UPDATE),
marked AS (
    UPDATE qudra_sync.account
       SET key_mark = $3::text
     WHERE name = $1::text AND key_mark IS DISTINCT FROM $3::text
       AND EXISTS (SELECT FROM fence)),
sharing AS (
    SELECT 1 + count(*) AS n
      FROM qudra_sync.account a
     WHERE a.name <> $1::text AND a.key_mark = $3::text
       AND a.holder IS NOT NULL
       AND (EXISTS (SELECT
                      FROM qudra_sync.queue q
                      JOIN qudra_sync.job j USING (mapping, source_key)
                     WHERE q.account = a.name AND q.state = 'pending'
                       AND (j.next_attempt_at IS NULL OR j.next_attempt_at <= now())
                       AND (j.gone_at IS NULL OR q.operation <= 'delete'))
            OR NOT EXISTS (SELECT FROM qudra_sync.job WHERE account = a.name)
               AND EXISTS (SELECT
                             FROM qudra_sync.agent g
                            WHERE g.name = a.holder
                              AND g.started_at > now() - interval '1 minute')))
SELECT EXISTS (SELECT FROM fence) AS fenced, s.n,
       (SELECT max(extract(epoch FROM (l.limits ->> 'resets_at')::timestamptz - clock_timestamp())
                   * 1000)::bigint
          FROM qudra_sync.account l
         WHERE l.key_mark = $3::text AND (l.limits ->> 'learned')::boolean
           AND (l.limits ->> 'resets_at')::timestamptz > clock_timestamp()
           AND (l.limits ->> 'limit')::bigint - (l.limits ->> 'used')::bigint
               < CASE WHEN s.n > 1 THEN (l.limits ->> 'limit')::bigint / s.n ELSE 1 END) AS full_ms
  FROM sharing s
