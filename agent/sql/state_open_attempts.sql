-- Journalled creates of an account that wait to be settled, oldest first. What is `sending` is in
-- flight: state_recover made the dead agent's uncertain before anything was sent.
-- $1::text account, $2::bigint limit
SELECT c.mapping, c.source_key, c.payload_hash, c.payload_fields, c.payload_words,
       (extract(epoch FROM now() - c.sent_at) * 1000)::bigint AS sent_ago_ms,
       (extract(epoch FROM now() - coalesce(c.uncertain_since, c.sent_at)) * 1000)::bigint
           AS uncertain_ago_ms
  FROM qudra_sync.create_attempt c
  LEFT JOIN qudra_sync.job j USING (mapping, source_key)
 WHERE c.account = $1::text AND j.state IS DISTINCT FROM 'sending'
 ORDER BY c.sent_at
 LIMIT $2::bigint
