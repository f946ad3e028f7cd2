-- The fences under which the accounts are being worked on now.
-- $1::text account (NULL: all)
SELECT name, fence
  FROM qudra_sync.account
 WHERE $1::text IS NULL OR name = $1::text
 ORDER BY name
