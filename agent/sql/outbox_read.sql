-- Changes that triggers have noted, oldest first. A transaction that commits late shows its rows late,
-- with ids below those that have been read: they are still there at the next reading, because only
-- what was read is ever deleted.
-- $1::text mapping, $2::bigint id to begin after, $3::bigint limit
-- Rows: id, source_key (NULL: a whole scan is asked for).
SELECT id, source_key
  FROM qudra_sync.change
 WHERE mapping = $1::text AND id > $2::bigint
 ORDER BY id
 LIMIT $3::bigint
