-- Which fields of an account's jobs came back as sent, and which have come back changed.
-- $1::text account
SELECT coalesce(fields_as_sent, 0) AS as_sent, coalesce(fields_changed, 0) AS changed
  FROM qudra_sync.account
 WHERE name = $1::text
