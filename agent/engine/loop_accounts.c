/*
 * The accounts: those of agent.yaml, and the rows of qudra_sync.account where it says so. Rows are
 * looked at by what has changed since the last look, so that a thousand that stay as they are cost
 * one look into an index. A name that stands in agent.yaml is agent.yaml's: its row is not read.
 *
 * An account that is removed, disabled or configured anew first ends what it has in flight. What is
 * wrong with one is its trouble alone: it is held all the same, so that somebody says so.
 */
#include <stdio.h>
#include <string.h>
#include <xxhash.h>

#include "base/clock.h"
#include "base/log.h"
#include "engine/loop_internal.h"

#define LOOK_EVERY_MS 2000

/* ---- the list ----------------------------------------------------------------------------------
 */

static size_t place_of(const struct loop *l, const char *account)
{
    size_t lo = 0, hi = l->n_workers;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (strcmp(l->workers[mid]->account.config->name, account) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

struct worker *loop_worker(const struct loop *l, const char *account)
{
    size_t at = place_of(l, account);
    bool there = at < l->n_workers && strcmp(l->workers[at]->account.config->name, account) == 0;
    return there ? l->workers[at] : NULL;
}

/* Room for one more in all three lists. */
static void grow(struct loop *l)
{
    if (l->n_workers < l->cap_workers)
        return;
    l->cap_workers = l->cap_workers > 0 ? 2 * l->cap_workers : 16;
    l->workers = mem_realloc(l->workers, l->cap_workers * sizeof(struct worker *));
    l->awake = mem_realloc(l->awake, l->cap_workers * sizeof(struct worker *));
    l->leases = mem_realloc(l->leases, l->cap_workers * sizeof *l->leases);
    l->marker.leases = l->leases;
}

static void add(struct loop *l, struct worker *w)
{
    grow(l);
    size_t at = place_of(l, w->account.config->name);
    memmove(l->workers + at + 1, l->workers + at, (l->n_workers - at) * sizeof(struct worker *));
    l->workers[at] = w;
    l->n_workers++;
}

static void forget(struct loop *l, struct worker *w)
{
    size_t at = place_of(l, w->account.config->name);
    l->n_workers--;
    memmove(l->workers + at, l->workers + at + 1, (l->n_workers - at) * sizeof(struct worker *));
    worker_release(w);
}

void loop_free_accounts(struct loop *l)
{
    for (size_t i = 0; i < l->n_workers; i++)
        worker_release(l->workers[i]);
    mem_free(l->workers);
    mem_free(l->awake);
    mem_free(l->leases);
}

static struct worker *new_worker(void)
{
    struct worker *w = mem_alloc(sizeof *w);
    w->wanted = true;
    w->due_ms = INT64_MAX;
    arena_init(&w->own, 256);
    return w;
}

/* ---- agent.yaml --------------------------------------------------------------------------------
 */

/* A chosen account, or one of all. */
static bool is_chosen(const struct loop *l, const char *account)
{
    for (size_t i = 0; i < l->o.n_accounts; i++)
        if (strcmp(l->o.accounts[i], account) == 0)
            return true;
    return l->o.n_accounts == 0;
}

static bool open_accounts(struct loop *l, struct err *e)
{
    const struct config *c = l->o.config;
    bool alone = c->n_accounts == 1 && !c->database_accounts;
    for (size_t i = 0; i < c->n_accounts; i++) {
        if (!is_chosen(l, c->accounts[i].name))
            continue;
        struct worker *w = new_worker();
        bool ok = account_open(&w->account, &c->accounts[i], clock_mono_ms(), e);
        add(l, w);
        if (!ok && alone)
            return false;
        if (!ok)
            log_err(LOG_LEVEL_ERROR, "account stopped", e);
        *e = (struct err)ERR_INIT;
    }
    return true;
}

/* ---- the database ------------------------------------------------------------------------------
 */

/* Rows come again as long as an old transaction is open: what they say tells whether they changed.
 */
static uint64_t says(const struct account_row *r)
{
    const char *const texts[] = {r->api_key_file, r->api_key_env, r->plan,
                                 r->headroom,     r->quota,       r->concurrency};
    uint64_t h = 0;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        h = texts[i] == NULL ? h * 31 + 1 : XXH3_64bits_withSeed(texts[i], strlen(texts[i]), h);
    return h;
}

static void open_row(struct worker *w, const struct config *c, const struct account_row *row)
{
    const struct config_account *account;
    struct err e = ERR_INIT;
    w->of_database = true;
    w->says = says(row);
    w->broken = !account_read_row(c, row, &w->own, &account, &e);
    if (w->broken)
        account_open_broken(&w->account, account, e.message);
    if (w->broken || !account_open(&w->account, account, clock_mono_ms(), &e))
        log_err(LOG_LEVEL_ERROR, "account stopped", &e);
}

static void add_row(struct loop *l, const struct account_row *row)
{
    struct worker *w = new_worker();
    open_row(w, l->o.config, row);
    add(l, w);
    l->share_at_ms = 0;
    LOG_DEBUG("account added", log_str("account", row->name));
}

/* It ends what it has in flight, is given back and forgotten; then the row is read once more. */
static void drop(struct loop *l, struct worker *w)
{
    w->gone = true;
    w->wanted = false;
    l->share_at_ms = 0;
}

static void take_up_row(struct loop *l, const struct account_row *row)
{
    bool there = account_row_counts(row);
    struct worker *w = loop_worker(l, row->name);
    if (!is_chosen(l, row->name))
        return;
    if (w != NULL && !w->of_database) {
        if (there)
            LOG_WARN("account stands in agent.yaml and in the database: agent.yaml holds",
                     log_str("account", row->name));
        return;
    }
    if (w == NULL && there)
        add_row(l, row);
    else if (w != NULL && (!there || w->says != says(row)))
        drop(l, w);
}

/* What was dropped and is free now; its row, if it is still there, is read once more with all. */
static void forget_free(struct loop *l)
{
    for (size_t i = l->n_workers; i-- > 0;) {
        struct worker *w = l->workers[i];
        if (!w->gone || w->stand != WORKER_FREE)
            continue;
        LOG_INFO("account given up", log_str("account", w->account.config->name));
        forget(l, w);
        snprintf(l->accounts_seen, sizeof l->accounts_seen, "0");
        l->accounts_at_ms = 0;
    }
}

/* A pass ends, and so cannot wait for an account to come. */
static bool has_accounts(const struct loop *l, struct err *e)
{
    for (size_t i = 0; i < l->o.n_accounts; i++)
        if (loop_worker(l, l->o.accounts[i]) == NULL) {
            err_set(e, ERR_USAGE, "no account is called \"%s\"", l->o.accounts[i]);
            return err_hint(e, "`qudra-sync status` lists those that there are");
        }
    if (l->n_workers > 0)
        return true;
    err_set(e, ERR_CONFIG, "there is no account: qudra_sync.account names none with a key");
    return err_hint(e, "INSERT INTO qudra_sync.account (name, api_key_file) VALUES …");
}

bool loop_find_accounts(struct loop *l, struct err *e)
{
    return open_accounts(l, e) && loop_read_accounts(l, clock_mono_ms(), e) &&
           (l->o.mode == LOOP_RUN || has_accounts(l, e));
}

bool loop_read_accounts(struct loop *l, int64_t now_ms, struct err *e)
{
    if (!l->o.config->database_accounts)
        return true;
    forget_free(l);
    if (now_ms < l->accounts_at_ms)
        return true;
    struct arena a;
    struct account_row *rows;
    size_t n;
    arena_init(&a, 0);
    bool ok = state_accounts(l->state, l->accounts_seen, sizeof l->accounts_seen, &a, &rows, &n, e);
    for (size_t i = 0; ok && i < n; i++)
        take_up_row(l, &rows[i]);
    l->accounts_at_ms = now_ms + LOOK_EVERY_MS;
    arena_release(&a);
    return ok;
}

/* ---- keys --------------------------------------------------------------------------------------
 */

/* What was opened without a key has neither environment nor address: it is opened once more. */
static void open_again(struct loop *l, struct worker *w, int64_t now_ms)
{
    struct account *a = &w->account;
    struct err e = ERR_INIT;
    if (w->stand != WORKER_FREE) {
        w->stand = w->stand == WORKER_HELD ? WORKER_LEAVING : w->stand;
        return;
    }
    const struct config_account *config = a->config;
    account_release(a);
    if (account_open(a, config, now_ms, &e))
        LOG_INFO("new API key taken up", log_str("account", config->name));
    l->share_at_ms = 0;
}

void loop_look_for_keys(struct loop *l, int64_t now_ms)
{
    for (size_t i = 0; i < l->n_workers; i++) {
        struct worker *w = l->workers[i];
        struct account *a = &w->account;
        if (!a->stopped || w->broken || w->gone)
            continue;
        if (a->key == NULL && account_has_key_now(a))
            open_again(l, w, now_ms);
        else if (a->key != NULL && account_refresh_key(a))
            loop_wake(l, w, now_ms);
    }
}
