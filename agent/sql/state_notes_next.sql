-- How long until the partner's columns can be tried again.
-- $1::text account
-- One row: milliseconds; none when they say all that they should.
SELECT ceil(extract(epoch FROM greatest(next_attempt_at - now(), interval '0')) * 1000)::bigint AS in_ms
  FROM qudra_sync.write_back
 WHERE account = $1::text
 ORDER BY next_attempt_at
 LIMIT 1
