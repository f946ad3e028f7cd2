/*
 * What a person asks for or wants to see: rows put back in line, quota, trouble, limits, runs. Runs
 * are history and bind nobody, so they alone are written without a fence.
 */
#include "edges/state_internal.h"

bool state_retry(struct pg *pg, const struct lease *l, const char *mapping, const char *key,
                 const char *code, int64_t *count, struct err *e)
{
    struct state_call c;
    state_call_init(&c, pg, l);
    pg_add_str(&c.params, mapping);
    pg_add_str(&c.params, key);
    pg_add_str(&c.params, code);
    return state_write_count(&c, sql_state_retry, count, e);
}

bool state_release(struct pg *pg, const struct lease *l, const char *mapping, const char *key,
                   int64_t *count, struct err *e)
{
    struct state_call c;
    state_call_init(&c, pg, l);
    pg_add_str(&c.params, mapping);
    pg_add_str(&c.params, key);
    return state_write_count(&c, sql_state_release, count, e);
}

bool state_defer(struct pg *pg, const struct lease *l, int64_t most, int64_t *count, struct err *e)
{
    struct state_call c;
    state_call_init(&c, pg, l);
    pg_add_int(&c.params, most);
    return state_write_count(&c, sql_state_defer, count, e);
}

bool state_undefer(struct pg *pg, const struct lease *l, int64_t most, int64_t *count,
                   struct err *e)
{
    struct state_call c;
    state_call_init(&c, pg, l);
    pg_add_int(&c.params, most);
    return state_write_count(&c, sql_state_undefer, count, e);
}

bool state_trouble(struct pg *pg, const struct lease *l, const char *trouble, bool *changed,
                   struct err *e)
{
    struct state_call c;
    struct pg_result *r;
    state_call_init(&c, pg, l);
    pg_add_str(&c.params, trouble);
    if (!state_write(&c, sql_state_trouble, &r, e))
        return false;
    *changed = pg_bool(r, 0, 1);
    pg_result_free(r);
    return true;
}

bool state_limits(struct pg *pg, const struct lease *l, const char *json, struct err *e)
{
    struct state_call c;
    state_call_init(&c, pg, l);
    pg_add_str(&c.params, json);
    return state_write(&c, sql_state_limits, NULL, e);
}

bool state_run_begin(struct pg *pg, const char *kind, const char *account, const char *mapping,
                     int64_t *id, struct err *e)
{
    struct state_call c;
    state_call_init(&c, pg, NULL);
    pg_add_str(&c.params, kind);
    pg_add_str(&c.params, account);
    pg_add_str(&c.params, mapping);
    return state_read_int(&c, sql_state_run_begin, 0, id, e);
}

static bool write_run(struct state_call *c, const char *sql, int64_t *count, struct err *e)
{
    struct pg_result *r;
    if (!state_read(c, sql, &r, e))
        return false;
    if (count != NULL)
        *count = pg_affected(r);
    pg_result_free(r);
    return true;
}

bool state_run_end(struct pg *pg, int64_t id, const char *outcome, const char *counts_json,
                   const char *error, struct err *e)
{
    struct state_call c;
    state_call_init(&c, pg, NULL);
    pg_add_int(&c.params, id);
    pg_add_str(&c.params, outcome);
    pg_add_str(&c.params, counts_json);
    pg_add_str(&c.params, error);
    return write_run(&c, sql_state_run_end, NULL, e);
}

bool state_run_fail(struct pg *pg, const char *mapping, const char *error, struct err *e)
{
    struct state_call c;
    state_call_init(&c, pg, NULL);
    pg_add_str(&c.params, mapping);
    pg_add_str(&c.params, error);
    return write_run(&c, sql_state_run_fail, NULL, e);
}

bool state_run_mend(struct pg *pg, const char *mapping, int64_t *count, struct err *e)
{
    struct state_call c;
    state_call_init(&c, pg, NULL);
    pg_add_str(&c.params, mapping);
    return write_run(&c, sql_state_run_mend, count, e);
}
