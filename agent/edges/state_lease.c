/*
 * Who may write. The state database's clock alone decides when a lease ends; our own end is
 * reckoned from before the statement was sent, on the monotonic clock, and so always comes first.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "edges/state_internal.h"

static bool locked(const struct lease_claim *c, struct err *e)
{
    err_set(e, ERR_LOCKED, "account \"%s\" is held by another agent: %s", c->account,
            c->rival[0] != '\0' ? c->rival : "it has just taken over");
    return err_hint(e, "One agent works on an account at a time; this one may wait and take over "
                       "when the other is gone.");
}

bool state_lease_take(struct pg *pg, struct lease_claim *claim, struct lease *out, struct err *e)
{
    struct state_call c;
    struct pg_result *r;
    int64_t asked_ms = clock_mono_ms();
    state_call_init(&c, pg, NULL);
    pg_add_str(&c.params, claim->account);
    pg_add_str(&c.params, claim->holder);
    pg_add_int(&c.params, LEASE_MS);
    pg_add_str(&c.params, claim->dead);
    if (!state_read(&c, sql_state_lease_take, &r, e))
        return false;
    bool taken = pg_rows(r) > 0 && pg_str(r, 0, 0) != NULL;
    const char *rival = pg_rows(r) > 0 ? pg_str(r, 0, 1) : NULL;
    snprintf(claim->rival, sizeof claim->rival, "%s", rival != NULL ? rival : "");
    claim->left_ms = pg_rows(r) > 0 ? pg_int(r, 0, 2, 0) : 0;
    if (taken)
        *out = (struct lease){.account = claim->account,
                              .fence = pg_int(r, 0, 0, 0),
                              .until_ms = asked_ms + LEASE_MS};
    pg_result_free(r);
    return taken || locked(claim, e);
}

bool state_lease_renew(struct pg *pg, struct lease *l, struct err *e)
{
    struct state_call c;
    int64_t asked_ms = clock_mono_ms();
    state_call_init(&c, pg, l);
    pg_add_int(&c.params, LEASE_MS);
    if (!state_write(&c, sql_state_lease_renew, NULL, e))
        return false;
    l->until_ms = asked_ms + LEASE_MS;
    return true;
}

/* When this fails the lease runs out by itself. */
void state_lease_give(struct pg *pg, struct lease *l)
{
    struct state_call c;
    struct pg_result *r = NULL;
    struct err ignored = ERR_INIT;
    l->until_ms = 0;
    state_call_init(&c, pg, l);
    if (state_read(&c, sql_state_lease_give, &r, &ignored))
        pg_result_free(r);
}

bool state_share(struct pg *pg, const struct lease *l, const char *key_mark, int64_t *count,
                 struct err *e)
{
    struct state_call c;
    state_call_init(&c, pg, l);
    pg_add_str(&c.params, key_mark);
    return state_write_count(&c, sql_state_share, count, e);
}

bool state_environment(struct pg *pg, const struct lease *l, const char *environment,
                       struct arena *a, const char **found, struct err *e)
{
    struct state_call c;
    struct pg_result *r;
    state_call_init(&c, pg, l);
    pg_add_str(&c.params, environment);
    if (!state_write(&c, sql_state_environment, &r, e))
        return false;
    const char *known = pg_str(r, 0, 1);
    *found = known && strcmp(known, environment) != 0 ? arena_strdup(a, known) : NULL;
    pg_result_free(r);
    return true;
}
