-- The schema of a source database that holds nothing of ours yet, as a statement to run. CREATE SCHEMA
-- IF NOT EXISTS would ask for the right to create one even where there is one.
-- $1::text role of the agent (NULL: who installs)
-- Rows: statement; none where the schema is there.
SELECT 'CREATE SCHEMA qudra_sync'
       || CASE WHEN $1::text IS NOT NULL AND pg_catalog.pg_has_role($1::text, 'MEMBER')
               THEN pg_catalog.format(' AUTHORIZATION %I', $1::text) ELSE '' END AS statement
 WHERE pg_catalog.to_regnamespace('qudra_sync') IS NULL
