/*
 * Whose turn it is. Only accounts with something to do are looked at, and of them only those whose
 * time has come or whose answer is here; the round begins where the last one ended. Requests in
 * flight are bounded over all accounts: where many want to send, each may have its even part of
 * them, so that one with a long queue, or with slow answers, keeps nobody waiting.
 */
#include "base/clock.h"
#include "engine/loop_internal.h"

#define FLIGHT_MAX 128 /* requests of all accounts: each costs a few ten kilobytes */

void loop_wake(struct loop *l, struct worker *w, int64_t now_ms)
{
    bool awake = w->push != NULL;
    if (w->stand != WORKER_HELD)
        return;
    worker_wake(w, &l->crew, now_ms);
    if (!awake)
        l->awake[l->n_awake++] = w;
}

void loop_sleep(struct loop *l, struct worker *w)
{
    for (size_t i = 0; i < l->n_awake; i++)
        if (l->awake[i] == w) {
            l->awake[i] = l->awake[--l->n_awake];
            break;
        }
    worker_sleep(w, &l->crew);
}

bool loop_wake_at_work(struct loop *l, int64_t now_ms, struct err *e)
{
    struct arena a;
    const char **accounts;
    size_t n;
    arena_init(&a, 0);
    bool ok = state_at_work(l->state, &a, &accounts, &n, e);
    for (size_t i = 0; ok && i < n; i++) {
        struct worker *w = loop_worker(l, accounts[i]);
        if (w != NULL)
            loop_wake(l, w, now_ms);
    }
    arena_release(&a);
    return ok;
}

/* Where new jobs are short, the best of the whole table are wanted: until every mapping has had its
 * first pass. Else a pass is waited for to its end. */
static struct orders orders(const struct loop *l, const struct worker *w)
{
    int64_t pass_ms = l->detection != NULL ? l->detect_started_ms : -1;
    return (struct orders){
        .start = !l->stopping && w->stand == WORKER_HELD,
        .only_removals = loop_only_removals(l),
        .held_first_ms = loop_all_passed(l) ? pass_ms : l->began_ms,
        .held_ms = pass_ms,
    };
}

static bool is_due(const struct worker *w, size_t flying, int64_t now_ms)
{
    const struct account *a = &w->account;
    return w->due_ms <= now_ms || a->turn || (a->starved && flying < FLIGHT_MAX);
}

/* An even part for each that is awake, and at least one while there is room. */
static void allow(struct loop *l, struct account *a)
{
    size_t flying = http_in_flight(l->http), room = flying < FLIGHT_MAX ? FLIGHT_MAX - flying : 0;
    size_t even = FLIGHT_MAX / l->n_awake + 1, ours = (size_t)a->in_flight;
    size_t more = even > ours ? even - ours : 0;
    a->may_fly = a->in_flight + (int)(more < room ? more : room);
    a->starved = false;
}

static bool one_turn(struct loop *l, struct worker *w, int64_t now_ms, struct err *e)
{
    const struct orders o = orders(l, w);
    allow(l, &w->account);
    if (!worker_turn(w, &l->crew, &o, now_ms, e))
        return false;
    if (w->late && l->o.mode != LOOP_RUN) /* which looks again by itself */
        loop_look_again(l);
    w->late = false;
    if (w->stand == WORKER_LEAVING && w->account.in_flight == 0)
        l->share_at_ms = now_ms;
    else if (worker_is_idle(w, &l->crew, now_ms))
        loop_sleep(l, w);
    return true;
}

bool loop_turns(struct loop *l, int64_t now_ms, struct err *e)
{
    for (size_t i = 0, n = l->n_awake; i < n && l->n_awake > 0; i++) {
        struct worker *w = l->awake[l->next_turn % l->n_awake];
        size_t awake = l->n_awake;
        if (w->stand != WORKER_LOST && is_due(w, http_in_flight(l->http), now_ms) &&
            !one_turn(l, w, now_ms, e))
            return false;
        l->next_turn += l->n_awake == awake; /* else another stands in this place now */
    }
    return true;
}

int64_t loop_turns_wait_ms(const struct loop *l, int64_t now_ms)
{
    int64_t at_ms = INT64_MAX;
    for (size_t i = 0; i < l->n_awake; i++) {
        const struct worker *w = l->awake[i];
        if (w->stand == WORKER_LOST)
            continue;
        if (is_due(w, http_in_flight(l->http), now_ms))
            return 0;
        at_ms = w->due_ms < at_ms ? w->due_ms : at_ms;
    }
    return at_ms == INT64_MAX ? -1 : at_ms - now_ms;
}
