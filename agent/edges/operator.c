/*
 * A fence grows when an agent takes an account over. One that is taken over between reading the
 * fence and writing under it makes the write fail: then both are simply done again.
 */
#include "edges/operator.h"

#include "edges/sql.h"

#define TRIES 5

typedef bool change(struct pg *pg, const struct lease *l, const struct operator_choice *c,
                    int64_t *count, struct err *e);

static bool retry(struct pg *pg, const struct lease *l, const struct operator_choice *c,
                  int64_t *count, struct err *e)
{
    return state_retry(pg, l, c->mapping, c->key, c->code, count, e);
}

static bool release(struct pg *pg, const struct lease *l, const struct operator_choice *c,
                    int64_t *count, struct err *e)
{
    return state_release(pg, l, c->mapping, c->key, count, e);
}

static bool read_fences(struct pg *pg, const char *account, struct pg_result **out, struct err *e)
{
    struct pg_params p;
    pg_params_init(&p);
    pg_add_str(&p, account);
    bool ok = pg_query(pg, sql_operator_fences, &p, out, e);
    pg_params_release(&p);
    return ok;
}

/* Each account once; what was changed before a fence grew stays changed and counted. */
static bool change_all(struct pg *pg, const struct operator_choice *c, change *apply,
                       int64_t *count, struct err *e)
{
    struct pg_result *fences;
    if (!read_fences(pg, c->account, &fences, e))
        return false;
    bool ok = true;
    for (size_t i = 0; ok && i < pg_rows(fences); i++) {
        const struct lease l = {.account = pg_str(fences, i, 0), .fence = pg_int(fences, i, 1, 0)};
        int64_t changed = 0;
        ok = apply(pg, &l, c, &changed, e);
        *count += changed;
    }
    pg_result_free(fences);
    return ok;
}

static bool change_with_patience(struct pg *pg, const struct operator_choice *c, change *apply,
                                 int64_t *count, struct err *e)
{
    *count = 0;
    for (int i = 0; i < TRIES; i++) {
        *e = (struct err)ERR_INIT;
        if (change_all(pg, c, apply, count, e))
            return true;
        if (e->kind != ERR_FENCED)
            return false;
    }
    return false;
}

bool operator_retry(struct pg *pg, const struct operator_choice *c, int64_t *count, struct err *e)
{
    return change_with_patience(pg, c, retry, count, e);
}

bool operator_release(struct pg *pg, const struct operator_choice *c, int64_t *count, struct err *e)
{
    return change_with_patience(pg, c, release, count, e);
}

bool operator_accept_source(struct pg *pg, const struct operator_choice *c, int64_t *count,
                            struct err *e)
{
    struct pg_params p;
    struct pg_result *r;
    pg_params_init(&p);
    pg_add_str(&p, c->mapping);
    bool ok = pg_query(pg, sql_operator_accept_source, &p, &r, e);
    pg_params_release(&p);
    if (!ok)
        return false;
    *count = pg_affected(r);
    pg_result_free(r);
    return true;
}

bool operator_wake(struct pg *pg, struct err *e)
{
    return pg_query(pg, sql_operator_wake, NULL, NULL, e);
}
