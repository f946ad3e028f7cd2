/*
 * Each of these is one statement, whatever the number of accounts.
 */
#include "edges/state_agents.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "edges/state_internal.h"

static bool run(struct state_call *c, const char *sql, struct err *e)
{
    struct pg_result *r;
    if (!state_read(c, sql, &r, e))
        return false;
    pg_result_free(r);
    return true;
}

static void add_names(struct state_call *c, const char *const *names, size_t n)
{
    struct pg_array *column = state_call_column(c, PG_TEXT);
    for (size_t i = 0; i < n; i++)
        pg_array_str(column, names[i]);
}

/* ---- agents -----------------------------------------------------------------------------------
 */

bool state_agent_begin(struct pg *pg, const char *name, bool shares, int64_t *until_ms,
                       struct err *e)
{
    struct state_call c;
    int64_t asked_ms = clock_mono_ms();
    state_call_init(&c, pg, NULL);
    pg_add_str(&c.params, name);
    pg_add_bool(&c.params, shares);
    pg_add_int(&c.params, LEASE_MS + LEASE_GRACE_MS);
    if (!run(&c, sql_state_agent_begin, e))
        return false;
    *until_ms = asked_ms + LEASE_MS;
    return true;
}

bool state_agent_beat(struct pg *pg, const char *name, struct arena *a, struct agents *out,
                      struct err *e)
{
    enum { NAME, SHARES, LEFT, ANY_FREE };
    struct state_call c;
    struct pg_result *r;
    int64_t asked_ms = clock_mono_ms();
    state_call_init(&c, pg, NULL);
    pg_add_str(&c.params, name);
    pg_add_int(&c.params, LEASE_MS + LEASE_GRACE_MS);
    if (!state_read(&c, sql_state_agent_beat, &r, e))
        return false;
    *out = (struct agents){.n = pg_rows(r)};
    out->row = arena_alloc(a, (out->n + 1) * sizeof *out->row);
    for (size_t i = 0; i < out->n; i++) {
        out->row[i] = (struct agent_row){.name = arena_strdup(a, pg_str(r, i, NAME)),
                                         .shares = pg_bool(r, i, SHARES),
                                         .left_ms = pg_int(r, i, LEFT, 0)};
        out->lives = out->lives || strcmp(out->row[i].name, name) == 0;
        out->any_free = out->any_free || pg_bool(r, i, ANY_FREE);
    }
    pg_result_free(r);
    out->until_ms = out->lives ? asked_ms + LEASE_MS : 0;
    return true;
}

bool state_seen(struct pg *pg, const char *name, const char *seen, int64_t fence, struct err *e)
{
    struct state_call c;
    state_call_init(&c, pg, NULL);
    pg_add_str(&c.params, name);
    pg_add_str(&c.params, seen);
    pg_add_int(&c.params, fence);
    return run(&c, sql_state_seen, e);
}

bool state_agent_bury(struct pg *pg, const char *const *dead, size_t n, struct err *e)
{
    struct state_call c;
    state_call_init(&c, pg, NULL);
    add_names(&c, dead, n);
    return run(&c, sql_state_agent_bury, e);
}

void state_agent_end(struct pg *pg, const char *name)
{
    struct state_call c;
    struct err ignored = ERR_INIT;
    state_call_init(&c, pg, NULL);
    pg_add_str(&c.params, name);
    (void)run(&c, sql_state_agent_end, &ignored);
}

/* ---- accounts: taken and given -----------------------------------------------------------------
 */

static void read_taken(const struct pg_result *r, size_t row, size_t n, struct arena *a,
                       struct taken *out)
{
    enum { PLACE, FENCE, ENVIRONMENT, TORN, HELD_AGO, AS_SENT, CHANGED, CREATED, REFUSED_AGO };
    enum { CONFIGURED = REFUSED_AGO + 1, UNDER_WAY, PENDING, DEFERRED, SEEN };
    *out = (struct taken){
        .wish = state_read_place(r, row, PLACE, n),
        .fence = pg_int(r, row, FENCE, 0),
        .environment = arena_strdup(a, pg_str(r, row, ENVIRONMENT)),
        .torn = pg_bool(r, row, TORN),
        .held_ago_ms = pg_int(r, row, HELD_AGO, -1),
        .as_sent = (unsigned)pg_int(r, row, AS_SENT, 0),
        .changed = (unsigned)pg_int(r, row, CHANGED, 0),
        .created = pg_int(r, row, CREATED, 0),
        .refused_ago_ms = pg_int(r, row, REFUSED_AGO, -1),
        .configured = pg_int(r, row, CONFIGURED, -2),
        .under_way = pg_bool(r, row, UNDER_WAY),
        .pending = pg_bool(r, row, PENDING),
        .deferred = pg_bool(r, row, DEFERRED),
        .seen = arena_strdup(a, pg_str(r, row, SEEN)),
    };
}

bool state_take(struct pg *pg, const struct take_order *o, struct arena *a, struct taken **out,
                size_t *n_out, struct err *e)
{
    struct state_call c;
    struct pg_result *r;
    state_call_init(&c, pg, NULL);
    pg_add_str(&c.params, o->agent);
    pg_add_int(&c.params, (int64_t)o->most);
    pg_add_int(&c.params, o->free_ms);
    pg_add_str(&c.params, o->seen_mark);
    struct pg_array *name = state_call_column(&c, PG_TEXT);
    struct pg_array *environment = state_call_column(&c, PG_TEXT);
    for (size_t i = 0; i < o->n; i++) {
        pg_array_str(name, o->wishes[i].account);
        pg_array_str(environment, o->wishes[i].environment);
    }
    if (!state_read(&c, sql_state_take, &r, e))
        return false;
    *n_out = pg_rows(r);
    *out = arena_alloc(a, (*n_out + 1) * sizeof **out);
    for (size_t i = 0; i < *n_out; i++)
        read_taken(r, i, o->n, a, &(*out)[i]);
    pg_result_free(r);
    return true;
}

bool state_give(struct pg *pg, const struct lease *leases, size_t n, struct err *e)
{
    struct state_call c;
    state_call_init(&c, pg, NULL);
    state_call_leases(&c, leases, n);
    return run(&c, sql_state_give, e);
}

bool state_give_rest(struct pg *pg, const char *agent, const char *const *names, size_t n,
                     struct err *e)
{
    struct state_call c;
    state_call_init(&c, pg, NULL);
    pg_add_str(&c.params, agent);
    add_names(&c, names, n);
    return run(&c, sql_state_give_rest, e);
}

bool state_share(struct pg *pg, const struct lease *l, const char *key_mark, struct sharing *out,
                 struct err *e)
{
    enum { FENCED, COUNT, FULL_MS };
    struct state_call c;
    struct pg_result *r;
    state_call_init(&c, pg, l);
    pg_add_str(&c.params, key_mark);
    if (!state_write(&c, sql_state_share, &r, e))
        return false;
    out->accounts = pg_int(r, 0, COUNT, 1);
    out->full_ms = pg_int(r, 0, FULL_MS, 0);
    pg_result_free(r);
    return true;
}

/* ---- accounts: the table -----------------------------------------------------------------------
 */

bool state_add_accounts(struct pg *pg, const char *const *names, size_t n, struct err *e)
{
    struct state_call c;
    state_call_init(&c, pg, NULL);
    add_names(&c, names, n);
    return run(&c, sql_state_add_accounts, e);
}

bool state_accounts(struct pg *pg, char *seen, size_t room, struct arena *a,
                    struct account_row **rows, size_t *n, struct err *e)
{
    enum { NEXT, NAME, ENABLED, KEY_FILE, KEY_ENV, PLAN, HEADROOM, QUOTA, CONCURRENCY };
    struct state_call c;
    struct pg_result *r;
    state_call_init(&c, pg, NULL);
    pg_add_str(&c.params, seen);
    if (!state_read(&c, sql_state_accounts, &r, e))
        return false;
    snprintf(seen, room, "%s", pg_str(r, 0, NEXT));
    *n = pg_rows(r) - 1;
    *rows = arena_alloc(a, (*n + 1) * sizeof **rows);
    for (size_t i = 1; i <= *n; i++)
        (*rows)[i - 1] = (struct account_row){
            .name = arena_strdup(a, pg_str(r, i, NAME)),
            .enabled = pg_bool(r, i, ENABLED),
            .api_key_file = arena_strdup(a, pg_str(r, i, KEY_FILE)),
            .api_key_env = arena_strdup(a, pg_str(r, i, KEY_ENV)),
            .plan = arena_strdup(a, pg_str(r, i, PLAN)),
            .headroom = arena_strdup(a, pg_str(r, i, HEADROOM)),
            .quota = arena_strdup(a, pg_str(r, i, QUOTA)),
            .concurrency = arena_strdup(a, pg_str(r, i, CONCURRENCY)),
        };
    pg_result_free(r);
    return true;
}

bool state_at_work(struct pg *pg, struct arena *a, const char ***accounts, size_t *n, struct err *e)
{
    struct state_call c;
    state_call_init(&c, pg, NULL);
    return state_read_keys(&c, sql_state_at_work, a, accounts, n, e);
}

bool state_leaving(struct pg *pg, struct arena *a, const char ***accounts, size_t *n, struct err *e)
{
    struct state_call c;
    state_call_init(&c, pg, NULL);
    return state_read_keys(&c, sql_state_leaving, a, accounts, n, e);
}
