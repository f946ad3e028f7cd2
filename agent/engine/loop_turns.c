/*
 * Whose turn it is. Only accounts with something to do are looked at, and of them only those whose
 * time has come or whose answer is here; the round begins where the last one ended. Requests in
 * flight are bounded over all accounts: where many want to send, each may have its even part of
 * them, so that one with a long queue, or with slow answers, keeps nobody waiting.
 */
#include "base/clock.h"
#include "engine/loop_internal.h"

#define FLIGHT_MAX 128  /* requests of all accounts: each costs a few ten kilobytes */
#define HANDS_MAX  24   /* accounts with rows in hand: up to half a megabyte each */
#define SLICE_MS   500  /* how long, where others wait for it */
#define ROUND_MS   50   /* then answers are fetched, and the heart may beat */
#define SHELVE_MS  1000 /* rows that cannot leave for so long are put back */

void loop_wake(struct loop *l, struct worker *w, int64_t now_ms)
{
    bool awake = w->push != NULL;
    if (w->stand != WORKER_HELD)
        return;
    worker_wake(w, &l->crew, now_ms);
    if (!awake)
        l->awake[l->n_awake++] = w;
}

static void give_hand_back(struct loop *l, struct worker *w)
{
    l->n_hands -= w->has_hand;
    w->has_hand = false;
}

void loop_sleep(struct loop *l, struct worker *w)
{
    for (size_t i = 0; i < l->n_awake; i++)
        if (l->awake[i] == w) {
            l->awake[i] = l->awake[--l->n_awake];
            break;
        }
    give_hand_back(l, w);
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

static bool is_due(const struct loop *l, const struct worker *w, int64_t now_ms)
{
    const struct account *a = &w->account;
    if (push_starves(w->push) && !a->turn)
        return l->n_hands < HANDS_MAX;
    return w->due_ms <= now_ms || a->turn || (a->starved && http_in_flight(l->http) < FLIGHT_MAX) ||
           (push_starves(w->push) && l->n_hands < HANDS_MAX);
}

static void lend_hand(struct loop *l, struct worker *w, int64_t now_ms)
{
    if (!w->has_hand && l->n_hands < HANDS_MAX) {
        l->n_hands++;
        w->has_hand = true;
        w->hand_since_ms = now_ms;
    }
    bool over = l->n_starve > 0 && now_ms - w->hand_since_ms >= SLICE_MS;
    push_may_prepare(w->push, w->has_hand && !over);
}

static void take_hand_back(struct loop *l, struct worker *w)
{
    int64_t wait_ms = push_wait_ms(w->push);
    if (w->account.in_flight == 0 && wait_ms >= SHELVE_MS && wait_ms != LIMITER_ASK_AGAIN)
        push_shelve(w->push);
    if (!push_holds_rows(w->push))
        give_hand_back(l, w);
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
    lend_hand(l, w, now_ms);
    if (!worker_turn(w, &l->crew, &o, now_ms, e)) {
        w->due_ms = now_ms; /* what failed may be what its last answer woke it for */
        return false;
    }
    take_hand_back(l, w);
    if (w->late && l->o.mode != LOOP_RUN) /* which looks again by itself */
        loop_look_again(l);
    w->late = false;
    if (w->stand == WORKER_LEAVING && w->account.in_flight == 0)
        l->share_at_ms = now_ms;
    else if (worker_is_idle(w, &l->crew, now_ms))
        loop_sleep(l, w);
    return true;
}

static size_t count_starving(const struct loop *l)
{
    size_t n = 0;
    for (size_t i = 0; i < l->n_awake; i++)
        n += push_starves(l->awake[i]->push);
    return n;
}

bool loop_turns(struct loop *l, int64_t now_ms, struct err *e)
{
    l->n_starve = count_starving(l);
    l->next_turn %= l->n_awake > 0 ? l->n_awake : 1; /* or whoever falls asleep moves all places */
    for (size_t i = 0, n = l->n_awake; i < n && l->n_awake > 0; i++) {
        /* However long the turn's beginning took, somebody moves on; and before an end all record:
         * an answer that nobody wrote down, with a lease that was given back, is a stale job. */
        if (i > 0 && !l->stopping && clock_mono_ms() - now_ms > ROUND_MS)
            break;
        struct worker *w = l->awake[l->next_turn % l->n_awake];
        size_t awake = l->n_awake;
        bool due = l->stopping || is_due(l, w, now_ms); /* to the last: each records what it has */
        if (w->stand != WORKER_LOST && due && !one_turn(l, w, now_ms, e))
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
        if (is_due(l, w, now_ms))
            return 0;
        at_ms = w->due_ms < at_ms ? w->due_ms : at_ms;
    }
    return at_ms == INT64_MAX ? -1 : at_ms - now_ms;
}
