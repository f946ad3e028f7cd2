/*
 * Which accounts are ours. Each agent that shares aims at its part of those it knows; where the sum
 * does not come out even, the first by name have one more. What it has beyond that it gives up,
 * idle ones first, and what is free it takes up to it. What nobody takes for a while (another
 * agent's agent.yaml may not name it, or the other is stopped) goes to whoever can, as a stray.
 * Strays are offered again when other agents share, and else ever more rarely: an account lies free
 * meanwhile.
 *
 * An account is given back when nothing of it is in flight. One that was lost, because this agent
 * had been declared dead, is only forgotten: what its requests answer is another's to find out.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "engine/loop_internal.h"

#define PORTION          500    /* accounts that are taken up between two heartbeats */
#define STRAY_MS         5000   /* free for so long: nobody else wants it */
#define STRAY_FIRST_MS   10000  /* kept for so long before it is offered again, then twice that, */
#define STRAY_LONGEST_MS 300000 /* and so on, up to this */

/* ---- counting ----------------------------------------------------------------------------------
 */

static size_t count(const struct loop *l, enum worker_stand stand)
{
    size_t n = 0;
    for (size_t i = 0; i < l->n_workers; i++)
        n += l->workers[i]->stand == stand;
    return n;
}

static bool may_take(const struct worker *w)
{
    return w->wanted && !w->foreign && w->stand == WORKER_FREE;
}

bool loop_holds_all(const struct loop *l)
{
    for (size_t i = 0; i < l->n_workers; i++)
        if (may_take(l->workers[i]))
            return false;
    return true;
}

/* How many this agent aims at. */
static size_t part(const struct loop *l)
{
    size_t n = 0, agents = l->tenure.sharing;
    for (size_t i = 0; i < l->n_workers; i++)
        n += l->workers[i]->wanted && !l->workers[i]->foreign;
    return !l->tenure.shares || agents < 2 ? n : n / agents + (l->tenure.rank < n % agents);
}

static void list_leases(struct loop *l)
{
    l->n_leases = 0;
    for (size_t i = 0; i < l->n_workers; i++)
        if (l->workers[i]->account.held)
            l->leases[l->n_leases++] = l->workers[i]->account.lease;
    l->marker.n_leases = l->n_leases;
}

static int by_account(const void *a, const void *b)
{
    return strcmp(((const struct lease *)a)->account, ((const struct lease *)b)->account);
}

bool loop_holds(const struct loop *l, const char *account)
{
    const struct lease wanted = {.account = account};
    return l->n_leases > 0 &&
           bsearch(&wanted, l->leases, l->n_leases, sizeof wanted, by_account) != NULL;
}

/* ---- lost and given ----------------------------------------------------------------------------
 */

static void lose_all(struct loop *l)
{
    for (size_t i = 0; i < l->n_workers; i++) {
        struct worker *w = l->workers[i];
        account_end(&w->account);
        w->stray = false;
        if (w->stand != WORKER_FREE)
            w->stand = WORKER_LOST;
    }
    loop_drop_pass(l);
    l->seen_told[0] = '\0';
    list_leases(l);
}

/* Nothing of it is in flight, and what was answered is recorded: else its turn comes first, or the
 * next holder finds that it was not given back. */
static bool may_go(const struct worker *w)
{
    if (w->account.in_flight > 0)
        return false;
    return w->stand == WORKER_LOST ||
           (w->stand == WORKER_LEAVING && (w->push == NULL || !push_owes(w->push)));
}

static bool let_go(struct loop *l, struct err *e)
{
    struct lease *given = mem_alloc((l->n_workers + 1) * sizeof *given);
    size_t n = 0;
    for (size_t i = 0; i < l->n_workers; i++) {
        struct worker *w = l->workers[i];
        if (!may_go(w))
            continue;
        if (w->stand == WORKER_LEAVING)
            given[n++] = w->account.lease;
        loop_sleep(l, w);
        account_end(&w->account);
        w->stand = WORKER_FREE;
    }
    list_leases(l);
    bool ok = n == 0 || state_give(l->state, given, n, e);
    l->torn = l->torn || !ok;
    mem_free(given);
    return ok;
}

/* The database may say that we hold what we do not know of: nobody would ever work on it. */
static bool mend_torn(struct loop *l, struct err *e)
{
    if (!l->torn)
        return true;
    const char **ours = mem_alloc((l->n_workers + 1) * sizeof *ours);
    size_t n = 0;
    for (size_t i = 0; i < l->n_workers; i++)
        if (l->workers[i]->account.held)
            ours[n++] = l->workers[i]->account.config->name;
    l->torn = !state_give_rest(l->state, l->tenure.name, ours, n, e);
    mem_free(ours);
    return !l->torn;
}

static void leave(struct loop *l, struct worker *w, int64_t now_ms)
{
    w->stand = WORKER_LEAVING;
    w->stray = false;
    if (w->push != NULL)
        w->due_ms = now_ms;
    l->share_at_ms = now_ms;
}

/* Gives up `n`: first those that sleep. */
static void give_up(struct loop *l, size_t n, int64_t now_ms)
{
    for (int awake = 0; awake <= 1; awake++)
        for (size_t i = l->n_workers; i-- > 0 && n > 0;) {
            struct worker *w = l->workers[i];
            if (w->stand != WORKER_HELD || w->stray || (w->push != NULL) != awake)
                continue;
            leave(l, w, now_ms);
            n--;
        }
}

/* Whoever takes an account finds out what was journalled and is not in flight: so also we
 * ourselves, where that is no longer known. */
static void give_up_unwanted(struct loop *l, int64_t now_ms)
{
    for (size_t i = 0; i < l->n_workers; i++) {
        struct worker *w = l->workers[i];
        if (w->stand == WORKER_HELD && (!w->wanted || w->account.journal_unknown))
            leave(l, w, now_ms);
    }
}

void loop_give_all(struct loop *l)
{
    struct err ignored = ERR_INIT;
    for (size_t i = 0; i < l->n_workers; i++)
        if (l->workers[i]->stand == WORKER_HELD)
            l->workers[i]->stand = WORKER_LEAVING;
    if (!let_go(l, &ignored))
        return; /* as for those that may not go: freed, not given, when this agent's row goes */
}

/* ---- taken -------------------------------------------------------------------------------------
 */

static bool refuse_foreign(struct loop *l, struct worker *w, const char *environment, struct err *e)
{
    (void)account_refuse_environment(&w->account, environment, e);
    w->foreign = true;
    if (l->n_workers == 1)
        return false;
    log_err(LOG_LEVEL_ERROR, "account left alone", e);
    *e = (struct err)ERR_INIT;
    return true;
}

static bool begin(struct loop *l, struct worker *w, const struct taken *t, bool stray,
                  int64_t now_ms, struct err *e)
{
    if (t->fence == 0) /* without an environment: this agent has just been declared dead */
        return t->environment == NULL || refuse_foreign(l, w, t->environment, e);
    account_begin(&w->account, t, &l->tenure.until_ms);
    w->stand = WORKER_HELD;
    w->stray = stray;
    if (stray)
        l->strays_until_ms = now_ms + l->strays_for_ms;
    loop_metrics_hold(l, w->account.config->name);
    if (l->waiting_told)
        LOG_INFO("account taken over", log_str("account", w->account.config->name));
    if (t->pending || t->under_way || t->deferred || account_tell_wait_ms(&w->account, now_ms) == 0)
        loop_wake(l, w, now_ms);
    return true;
}

/* What the last holders had under way, in portions: thousands of accounts of an agent that died
 * with long queues take longer than a heart may stand still. *lost: it did. */
static bool recover(struct loop *l, struct worker *const *of, const struct taken *taken, size_t n,
                    bool *lost, struct err *e)
{
    struct account *accounts[PORTION];
    bool ok = true;
    for (size_t i = 0; ok && i < n && !*lost; i += PORTION) {
        size_t k = n - i < PORTION ? n - i : PORTION;
        for (size_t j = 0; j < k; j++)
            accounts[j] = &of[taken[i + j].wish]->account;
        ok = account_recover(accounts, taken + i, k, l->state, e) &&
             tenure_beat(&l->tenure, l->state, clock_mono_ms(), lost, e);
    }
    if (*lost)
        lose_all(l);
    return ok;
}

static size_t list_wishes(const struct loop *l, struct take_wish *wishes, struct worker **of)
{
    size_t n = 0;
    for (size_t i = 0; i < l->n_workers; i++) {
        struct worker *w = l->workers[i];
        if (!may_take(w))
            continue;
        of[n] = w;
        wishes[n++] = (struct take_wish){
            .account = w->account.config->name,
            .environment = w->account.environment != NULL ? w->account.environment->name : NULL};
    }
    return n;
}

static bool take(struct loop *l, size_t most, bool stray, int64_t now_ms, struct err *e)
{
    struct arena a;
    struct taken *taken;
    size_t n = 0;
    arena_init(&a, 0);
    struct take_wish *wishes = arena_alloc(&a, (l->n_workers + 1) * sizeof *wishes);
    struct worker **of = arena_alloc(&a, (l->n_workers + 1) * sizeof(struct worker *));
    char mark[SEEN_MARK_SIZE];
    const struct take_order o = {.agent = l->tenure.name,
                                 .wishes = wishes,
                                 .n = list_wishes(l, wishes, of),
                                 .most = most,
                                 .free_ms = stray ? STRAY_MS : 0,
                                 .seen_mark = feed_seen_mark(l->feeds, l->n_feeds, mark)};
    bool ok = o.n == 0 || state_take(l->state, &o, &a, &taken, &n, e), lost = false;
    ok = ok && recover(l, of, taken, n, &lost, e);
    n = lost ? 0 : n;
    for (size_t i = 0; ok && i < n; i++)
        ok = begin(l, of[taken[i].wish], &taken[i], stray, now_ms, e);
    l->torn = l->torn || !ok;
    loop_seen_take(l, taken, n);
    list_leases(l);
    arena_release(&a);
    return ok;
}

/* ---- the others --------------------------------------------------------------------------------
 */

static bool give_way(struct loop *l, int64_t now_ms, struct err *e)
{
    const struct tenure *t = &l->tenure;
    if (loop_holds_all(l) || t->crowd == 0) {
        l->waiting_since_ms = 0;
        l->waiting_told = false;
        return true;
    }
    if (l->waiting_since_ms == 0)
        l->waiting_since_ms = now_ms;
    if (t->shares && t->sharing > 1 && l->n_leases > 0)
        return true;
    struct worker *w = NULL;
    for (size_t i = 0; i < l->n_workers && w == NULL; i++)
        w = may_take(l->workers[i]) ? l->workers[i] : NULL;
    err_set(e, ERR_LOCKED, "account \"%s\" is held by another agent: %s", w->account.config->name,
            t->rival);
    err_hint(e, "One agent works on an account at a time; this one may wait and take over when the "
                "other is gone.");
    bool beats = now_ms - l->waiting_since_ms >= PATIENCE_MS && tenure_rival_beats(t);
    if (l->o.mode != LOOP_RUN && beats)
        return false;
    if (!l->waiting_told)
        log_err(LOG_LEVEL_WARN, "waiting for the account", e);
    l->waiting_told = true;
    *e = (struct err)ERR_INIT;
    return true;
}

/* Up to our part at once; beyond it, what has been left lying. */
static bool take_part(struct loop *l, int64_t now_ms, struct err *e)
{
    size_t ours = count(l, WORKER_HELD), aim = part(l);
    if (!l->tenure.any_free || l->stopping)
        return true;
    if (ours < aim)
        return take(l, aim - ours, false, now_ms, e);
    return loop_holds_all(l) || take(l, l->n_workers, true, now_ms, e);
}

/* From now on they are given up like any other. */
static void offer_strays(struct loop *l, int64_t now_ms)
{
    bool over = l->strays_until_ms > 0 && now_ms >= l->strays_until_ms;
    if (!over && !l->tenure.regrouped)
        return;
    l->strays_for_ms = l->tenure.regrouped ? STRAY_FIRST_MS : 2 * l->strays_for_ms;
    if (l->strays_for_ms > STRAY_LONGEST_MS)
        l->strays_for_ms = STRAY_LONGEST_MS;
    l->tenure.regrouped = false;
    l->strays_until_ms = 0;
    for (size_t i = 0; i < l->n_workers; i++)
        l->workers[i]->stray = false;
}

static void give_up_surplus(struct loop *l, int64_t now_ms)
{
    size_t ours = 0, aim = part(l);
    for (size_t i = 0; i < l->n_workers; i++)
        ours += l->workers[i]->stand == WORKER_HELD && !l->workers[i]->stray;
    if (ours > aim && l->tenure.shares)
        give_up(l, ours - aim, now_ms);
}

/* An account of agent.yaml has a row too, for its lease. */
static bool add_rows(struct loop *l, struct err *e)
{
    const char **names = mem_alloc((l->n_workers + 1) * sizeof *names);
    size_t n = 0;
    for (size_t i = 0; i < l->n_workers; i++)
        if (!l->workers[i]->of_database)
            names[n++] = l->workers[i]->account.config->name;
    bool ok = n == 0 || state_add_accounts(l->state, names, n, e);
    mem_free(names);
    return ok;
}

bool loop_share(struct loop *l, int64_t now_ms, struct err *e)
{
    bool lost, beats = now_ms >= l->tenure.beat_at_ms;
    if (!l->tenure.begun && !add_rows(l, e))
        return false;
    bool ok = tenure_beat(&l->tenure, l->state, now_ms, &lost, e);
    if (lost)
        lose_all(l);
    if (!ok || (!beats && now_ms < l->share_at_ms))
        return ok;
    l->share_at_ms = INT64_MAX;
    loop_look_for_keys(l, now_ms);
    give_up_unwanted(l, now_ms);
    offer_strays(l, now_ms);
    give_up_surplus(l, now_ms);
    return mend_torn(l, e) && let_go(l, e) && take_part(l, now_ms, e) &&
           (l->stopping || give_way(l, now_ms, e));
}
