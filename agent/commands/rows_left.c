/*
 * Counted in the state and not from what the pass did: a row refused a month ago still needs
 * somebody.
 */
#include "commands/rows_left.h"

#include <stdio.h>

#include "edges/report.h"

static const struct {
    enum row_state state;
    const char *advice;
} kinds[] = {
    {ROW_REFUSED, "`qudra-sync rows --state refused` tells why"},
    {ROW_HELD, "the removal guard holds them: `qudra-sync status` tells why"},
    {ROW_UNCERTAIN, "their creates are looked for at Qudra: `qudra-sync rows --state uncertain`"},
    {ROW_DEFERRED, "the month's quota is used up: `qudra-sync status` tells when it turns"},
};

static bool count(struct setup *s, int64_t left[ROW_STATES], struct err *e)
{
    struct pg *state;
    if (!setup_connect_state(s, &state, e))
        return false;
    struct arena a;
    arena_init(&a, 0);
    const char **names = arena_alloc(&a, (s->n_mappings + 1) * sizeof *names);
    for (size_t i = 0; i < s->n_mappings; i++)
        names[i] = s->mappings[i]->name;
    const struct report_scope scope = {.accounts = s->accounts,
                                       .n_accounts = s->n_accounts,
                                       .mappings = names,
                                       .n_mappings = s->n_mappings};
    bool ok = report_rows_left(state, &scope, left, e);
    arena_release(&a);
    pg_free(state);
    return ok;
}

bool rows_left_tell(struct setup *s, int *status, struct err *e)
{
    int64_t left[ROW_STATES];
    *status = EXIT_CONVERGED;
    if (!count(s, left, e))
        return false;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        int64_t n = left[kinds[i].state];
        if (n == 0)
            continue;
        fprintf(stderr, "%lld row%s %s: %s\n", (long long)n, n == 1 ? "" : "s",
                row_state_names[kinds[i].state], kinds[i].advice);
        *status = EXIT_ROWS_LEFT;
    }
    return true;
}
