-- Whether anything may be written at all: a standby cannot, and a role or a database may be kept from it.
-- The setting is looked up where it is kept: the session that asks has one of its own.
-- No parameters. One row: a standby, read only.
SELECT pg_catalog.pg_is_in_recovery() AS standby,
       EXISTS (SELECT
                 FROM pg_catalog.pg_db_role_setting AS s
                 LEFT JOIN pg_catalog.pg_roles AS r ON r.oid = s.setrole
                 LEFT JOIN pg_catalog.pg_database AS d ON d.oid = s.setdatabase
                WHERE coalesce(r.rolname = current_user, true)
                  AND coalesce(d.datname = pg_catalog.current_database(), true)
                  AND 'default_transaction_read_only=on' = ANY (s.setconfig)) AS read_only
