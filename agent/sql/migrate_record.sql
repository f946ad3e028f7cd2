-- Records a migration, in the transaction that applied it.
-- $1::integer version, $2::text name, $3::text checksum
INSERT INTO qudra_sync.migration (version, name, checksum)
VALUES ($1::integer, $2::text, $3::text)
