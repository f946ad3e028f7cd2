-- The trigger function of a mapping, where it is there already, and whose it should be: the role that
-- owns the schema, so that it runs with no more rights than the agent has.
-- $1::text function, $2::text role of the agent (NULL: the owner of the schema)
-- One row: made_for (what it was made for), statement (gives it away, or the agent its rights).
SELECT pg_catalog.obj_description(p.oid, 'pg_proc') AS made_for,
       CASE WHEN agent.name = current_user
                 OR agent.name = pg_catalog.pg_get_userbyid(p.proowner)
                    AND agent.name = pg_catalog.pg_get_userbyid(outbox.relowner) THEN NULL
            WHEN agent.name = owner.name AND pg_catalog.pg_has_role(owner.name, 'MEMBER')
            THEN pg_catalog.format('ALTER TABLE qudra_sync.change OWNER TO %1$I;'
                                   ' ALTER FUNCTION qudra_sync.%2$I() OWNER TO %1$I',
                                   agent.name, $1::text)
            ELSE pg_catalog.format('GRANT USAGE ON SCHEMA qudra_sync TO %1$I;'
                                   ' GRANT SELECT, INSERT, DELETE ON qudra_sync.change TO %1$I',
                                   agent.name) END AS statement
  FROM pg_catalog.pg_namespace n
 CROSS JOIN LATERAL (SELECT pg_catalog.pg_get_userbyid(n.nspowner) AS name) AS owner
 CROSS JOIN LATERAL (SELECT coalesce($2::text, owner.name) AS name) AS agent
  LEFT JOIN pg_catalog.pg_class outbox ON outbox.oid = pg_catalog.to_regclass('qudra_sync.change')
  LEFT JOIN pg_catalog.pg_proc p ON p.pronamespace = n.oid AND p.proname = $1::text
 WHERE n.nspname = 'qudra_sync'
