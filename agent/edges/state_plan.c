/*
 * The rows that a plan names. A table and not memory, because a plan may be as long as the table;
 * and not a temporary one, because nothing may rely on the session (see pg.h).
 */
#include "edges/state_internal.h"

bool state_plan_clear(struct pg *pg, const struct lease *l, struct err *e)
{
    struct state_call c;
    state_call_init(&c, pg, l);
    return state_write(&c, sql_state_plan_clear, NULL, e);
}

bool state_plan_add(struct pg *pg, const struct lease *l, const char *mapping,
                    const char *const *keys, size_t n, struct err *e)
{
    return state_write_keys(pg, l, sql_state_plan_add, mapping, keys, n, e);
}

bool state_plan_drop(struct pg *pg, const struct lease *l, const char *mapping,
                     const char *const *keys, size_t n, struct err *e)
{
    return state_write_keys(pg, l, sql_state_plan_drop, mapping, keys, n, e);
}
