/*
 * The accounts of agent.yaml are known when it has been read, those of the database when that is
 * asked. A row that is wrong is an account all the same: it is held, has rows, and is told of.
 */
#include <stdlib.h>
#include <string.h>

#include "base/names.h"
#include "commands/setup.h"
#include "engine/account.h"

static int by_name(const void *a, const void *b)
{
    const struct setup_account *x = a, *y = b;
    return strcmp(x->config->name, y->config->name);
}

const struct setup_account *setup_account(const struct setup *s, const char *name)
{
    const struct config_account named = {.name = name};
    const struct setup_account wanted = {.config = &named};
    return s->n_known == 0 ? NULL : bsearch(&wanted, s->known, s->n_known, sizeof wanted, by_name);
}

bool setup_is_chosen(const struct setup *s, const char *account)
{
    for (size_t i = 0; i < s->n_accounts; i++)
        if (strcmp(s->accounts[i], account) == 0)
            return true;
    return s->n_accounts == 0;
}

static void add(struct setup *s, const struct config_account *config, const char *broken)
{
    s->known[s->n_known++] = (struct setup_account){
        .config = config, .broken = broken, .chosen = setup_is_chosen(s, config->name)};
}

void setup_begin_accounts(struct setup *s)
{
    const struct config *c = s->config;
    s->known = arena_alloc(&s->arena, (c->n_accounts + 1) * sizeof *s->known);
    for (size_t i = 0; i < c->n_accounts; i++)
        add(s, &c->accounts[i], NULL);
}

/* ---- of the database ------------------------------------------------------------------------- */

static void add_rows(struct setup *s, const struct account_row *rows, size_t n)
{
    const struct setup_account *of_file = s->known;
    s->known = arena_alloc(&s->arena, (s->n_known + n + 1) * sizeof *s->known);
    memcpy(s->known, of_file, s->n_known * sizeof *s->known);
    for (size_t i = 0; i < n; i++) {
        const struct config_account *config;
        struct err e = ERR_INIT;
        if (!account_row_counts(&rows[i]) || config_account_find(s->config, rows[i].name) != NULL)
            continue;
        bool ok = account_read_row(s->config, &rows[i], &s->arena, &config, &e);
        add(s, config, ok ? NULL : arena_strdup(&s->arena, e.message));
    }
    qsort(s->known, s->n_known, sizeof *s->known, by_name);
}

static bool unknown(const char *name, const struct account_row *rows, size_t n, struct arena *a,
                    struct err *e)
{
    const char **names = arena_alloc(a, (n + 1) * sizeof *names);
    for (size_t i = 0; i < n; i++)
        names[i] = rows[i].name;
    const char *nearest = names_nearest(name, names, n);
    err_set(e, ERR_USAGE, "no account is called \"%s\"", name);
    return nearest == NULL ? false : err_hint(e, "did you mean \"%s\"?", nearest);
}

/* One that is disabled or was removed still has its rows, and may be asked about. */
static bool all_exist(const struct setup *s, const struct account_row *rows, size_t n,
                      struct arena *a, struct err *e)
{
    for (size_t i = 0; i < s->n_accounts; i++) {
        bool there = config_account_find(s->config, s->accounts[i]) != NULL;
        for (size_t k = 0; k < n && !there; k++)
            there = strcmp(rows[k].name, s->accounts[i]) == 0;
        if (!there)
            return unknown(s->accounts[i], rows, n, a, e);
    }
    return true;
}

bool setup_read_accounts(struct setup *s, struct pg *state, struct err *e)
{
    struct arena a;
    struct account_row *rows;
    size_t n;
    char from_the_first[32] = "0";
    if (!s->config->database_accounts)
        return true;
    arena_init(&a, 0);
    bool ok = state_accounts(state, from_the_first, sizeof from_the_first, &a, &rows, &n, e);
    if (ok)
        add_rows(s, rows, n);
    ok = ok && all_exist(s, rows, n, &a, e);
    arena_release(&a);
    return ok;
}
