/*
 * What the two databases let the agent do.
 */
#include <string.h>

#include "commands/check.h"
#include "edges/migrate.h"
#include "edges/sql.h"

struct role {
    const char *name, *database, *encoding;
    bool may_create, sees_transactions, standby;
};

static bool read_role(struct check *c, struct pg *pg, struct role *out, struct err *e)
{
    struct pg_result *r;
    if (!pg_query(pg, sql_check_role, NULL, &r, e))
        return false;
    *out = (struct role){
        .name = arena_strdup(c->arena, pg_str(r, 0, 0)),
        .database = arena_strdup(c->arena, pg_str(r, 0, 1)),
        .may_create = pg_bool(r, 0, 2),
        .sees_transactions = pg_bool(r, 0, 3),
        .encoding = arena_strdup(c->arena, pg_str(r, 0, 4)),
        .standby = pg_bool(r, 0, 5),
    };
    pg_result_free(r);
    return true;
}

/* Whether the schema is there is one of the findings: setup_connect_state would insist on it. */
static bool connect_bare(const struct setup *s, struct pg **out, struct err *e)
{
    const struct pg_options o = {
        .url = s->config->database_url,
        .what = "state",
        .application_name = "qudra-sync check",
        .connect_timeout_ms = s->config->connect_timeout_ms,
        .statement_timeout_ms = s->config->statement_timeout_ms,
        .read_only = true,
        .stop_fd = -1,
    };
    return pg_connect(out, &o, e);
}

static void check_pool(struct check *c, const struct pg *pg, const char *lost, const char *hint)
{
    if (pg_is_pooled(pg))
        check_say(c, CHECK_NOTE, hint,
                  "it is reached through a pool: statement_timeout is kept by the agent%s", lost);
}

/* ---- state ----------------------------------------------------------------------------------- */

/* No schema yet is how everybody begins: a warning. Whether `migrate` may make it is told as well.
 */
static bool check_missing_schema(struct check *c, const struct role *role)
{
    const char *grant = arena_printf(c->arena,
                                     "let the owner run: GRANT CREATE ON DATABASE \"%s\" "
                                     "TO \"%s\"",
                                     role->database, role->name);
    check_say(c, CHECK_WARNING, "run `qudra-sync migrate`",
              "the schema qudra_sync is not there yet");
    if (!role->may_create)
        check_say(c, CHECK_WARNING, grant, "role \"%s\" may not create the schema qudra_sync",
                  role->name);
    return false;
}

static bool check_tables(struct pg *pg, const struct role *role, struct err *e)
{
    struct pg_result *r;
    if (!pg_query(pg, sql_check_state, NULL, &r, e))
        return false;
    bool ok = pg_rows(r) == 0;
    if (!ok) {
        err_set(e, ERR_CONFIG, "role \"%s\" may not read and write qudra_sync.%s", role->name,
                pg_str(r, 0, 0));
        err_hint(e,
                 "let the owner run: GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA "
                 "qudra_sync TO \"%s\"",
                 role->name);
    }
    pg_result_free(r);
    return ok;
}

static bool check_writable(struct pg *pg, const struct role *role, struct err *e)
{
    struct pg_result *r;
    if (!pg_query(pg, sql_check_writable, NULL, &r, e))
        return false;
    bool standby = pg_bool(r, 0, 0), read_only = pg_bool(r, 0, 1);
    pg_result_free(r);
    if (standby) {
        err_set(e, ERR_CONFIG, "the server is a standby: nothing can be written there");
        return err_hint(e, "name the primary in database.url; the source may be a standby");
    }
    if (!read_only)
        return true;
    err_set(e, ERR_CONFIG, "role \"%s\" is kept from writing: its transactions are read only",
            role->name);
    return err_hint(e,
                    "let the owner run: ALTER ROLE \"%s\" RESET default_transaction_read_only; it "
                    "may be set for the database, too",
                    role->name);
}

/* True when the state can be read and written as it is. */
static bool check_schema(struct check *c, struct pg *pg, struct err *e)
{
    struct role role;
    struct migrate_step *steps;
    size_t n, applied = 0;
    if (!read_role(c, pg, &role, e) || !migrate_status(pg, c->arena, &steps, &n, e))
        return false;
    for (size_t i = 0; i < n; i++)
        applied += steps[i].applied;
    if (applied == 0)
        return check_missing_schema(c, &role);
    if (applied < n) {
        check_say(c, CHECK_WARNING, "run `qudra-sync migrate`",
                  "%zu of %zu migrations have been applied", applied, n);
        return false;
    }
    if (!migrate_require(pg, e) || !check_tables(pg, &role, e) || !check_writable(pg, &role, e))
        return false;
    check_say(c, CHECK_OK, NULL, "schema qudra_sync: version %d, may be read and written",
              steps[n - 1].version);
    return true;
}

void check_state(struct check *c, struct pg **out)
{
    struct err e = ERR_INIT;
    *out = NULL;
    check_section(c, "state database");
    if (!connect_bare(c->setup, out, &e)) {
        check_fail(c, &e);
        return;
    }
    check_say(c, CHECK_OK, NULL, "%s can be reached", pg_where(*out));
    check_pool(c, *out, "", NULL);
    if (check_schema(c, *out, &e))
        return;
    if (e.kind != ERR_NONE)
        check_fail(c, &e);
    pg_free(*out);
    *out = NULL;
}

/* ---- source ---------------------------------------------------------------------------------- */

/* Of the mappings, those that ask for more are refused in their own sections. */
static void check_standby(struct check *c, const struct role *role)
{
    if (role->standby)
        check_say(c, CHECK_NOTE, "name the primary in database.source_url where that is too late",
                  "it is a standby: what it replays late is found late, and NOTIFY is not heard");
}

static void check_role(struct check *c, const struct role *role)
{
    if (!role->sees_transactions && !role->standby)
        check_say(c, CHECK_NOTE,
                  arena_printf(c->arena, "GRANT pg_read_all_stats TO \"%s\" removes the limit",
                               role->name),
                  "role \"%s\" cannot see how long other transactions run: a row committed by one "
                  "that is longer than `overlap` waits for the next sweep",
                  role->name);
    if (strcmp(role->encoding, "SQL_ASCII") == 0)
        check_say(c, CHECK_WARNING, "convert the database to UTF-8",
                  "the database has the encoding SQL_ASCII: a row that is not UTF-8 is refused");
}

struct pg *check_source(struct check *c)
{
    struct err e = ERR_INIT;
    struct role role;
    struct pg *pg = NULL;
    check_section(c, "source database");
    if (!setup_connect_source(c->setup, &pg, &e) || !read_role(c, pg, &role, &e)) {
        check_fail(c, &e);
        pg_free(pg);
        return NULL;
    }
    check_say(c, CHECK_OK, NULL, "%s can be reached", pg_where(pg));
    check_pool(c, pg, ", that it only reads is up to the role's rights, and NOTIFY is not heard",
               "name the server itself in database.source_url, or let sync.interval be short");
    c->standby = role.standby;
    check_standby(c, &role);
    check_role(c, &role);
    return pg;
}
