/*
 * The turn of one account: push, then settle what push left uncertain, then, with requests to
 * spare, refresh, and last what there is to tell. What each of them waits for decides when the next
 * is due.
 */
#include "engine/worker.h"

static bool is_awake(const struct worker *w)
{
    return w->push != NULL;
}

void worker_wake(struct worker *w, struct crew *c, int64_t now_ms)
{
    struct account *a = &w->account;
    w->due_ms = now_ms;
    if (is_awake(w)) {
        push_wake(w->push);
        return;
    }
    a->join_at_ms = a->divide_at_ms = 0; /* whoever works on its key is looked for anew */
    w->uncertain_seen = w->late_seen = 0;
    w->writeback = writeback_new(&(struct writeback_options){.account = a,
                                                             .feeds = c->feeds,
                                                             .n_feeds = c->n_feeds,
                                                             .state = c->state,
                                                             .writer = c->writer,
                                                             .one_database = c->one_database});
    w->push = push_new(&(struct push_options){.account = a,
                                              .sender = c->sender,
                                              .feeds = c->feeds,
                                              .n_feeds = c->n_feeds,
                                              .state = c->state,
                                              .work = &c->work,
                                              .writeback = w->writeback,
                                              .stray = c->stray,
                                              .stray_context = c->stray_context});
    w->settle = settle_new(&(struct settle_options){
        .account = a, .sender = c->sender, .state = c->state, .writeback = w->writeback});
    w->refresh = refresh_new(&(struct refresh_options){
        .account = a, .sender = c->sender, .state = c->state, .not_older_ms = c->refresh_for_ms});
}

void worker_sleep(struct worker *w, struct crew *c)
{
    if (!is_awake(w))
        return;
    push_counts_add(&c->counted, push_counts(w->push));
    push_free(w->push);
    settle_free(w->settle);
    refresh_free(w->refresh);
    writeback_free(w->writeback);
    w->push = NULL;
    w->writeback = NULL;
    w->settle = NULL;
    w->refresh = NULL;
    w->due_ms = INT64_MAX;
}

void worker_release(struct worker *w)
{
    push_free(w->push);
    settle_free(w->settle);
    refresh_free(w->refresh);
    writeback_free(w->writeback);
    account_release(&w->account);
    arena_release(&w->own);
    mem_free(w);
}

/* ---- its turn ----------------------------------------------------------------------------------
 */

/* A create that was settled, or a row that push found to be gone, may be the queue's or the guard's
 * now, after the pass that would have seen to it. */
static void follow_late_rows(struct worker *w)
{
    int64_t late = settle_ended(w->settle) + push_counts(w->push)->gone;
    if (late == w->late_seen)
        return;
    w->late_seen = late;
    w->late = true;
    push_wake(w->push);
}

static bool push_and_settle(struct worker *w, const struct orders *o, int64_t now_ms, struct err *e)
{
    int64_t requests = push_counts(w->push)->job_requests;
    push_only_removals(w->push, o->only_removals);
    push_hold_creates(w->push, w->account.quota >= 0 ? o->held_first_ms : o->held_ms);
    if (!push_turn(w->push, o->start, now_ms, e))
        return false;
    if (push_counts(w->push)->uncertain != w->uncertain_seen)
        settle_wake(w->settle);
    w->uncertain_seen = push_counts(w->push)->uncertain;
    if (push_counts(w->push)->job_requests != requests)
        refresh_wake(w->refresh, now_ms);
    if (!settle_turn(w->settle, o->start && !push_in_doubt(w->push), now_ms, e))
        return false;
    follow_late_rows(w);
    return true;
}

static void sooner(int64_t *wait, int64_t candidate)
{
    if (candidate >= 0 && candidate < *wait)
        *wait = candidate;
}

static int64_t wait_ms(const struct worker *w, const struct crew *c, int64_t now_ms)
{
    int64_t wait = INT64_MAX;
    sooner(&wait, push_wait_ms(w->push));
    sooner(&wait, settle_wait_ms(w->settle, now_ms));
    sooner(&wait, account_tell_wait_ms(&w->account, now_ms));
    sooner(&wait, account_quota_wait_ms(&w->account));
    if (c->refreshes && w->account.in_flight == 0)
        sooner(&wait, refresh_wait_ms(w->refresh, now_ms));
    return wait;
}

bool worker_turn(struct worker *w, struct crew *c, const struct orders *o, int64_t now_ms,
                 struct err *e)
{
    struct account *a = &w->account;
    a->turn = false;
    if (now_ms >= a->divide_at_ms && o->start && !account_divide_window(a, c->state, e))
        return false;
    if (!push_and_settle(w, o, now_ms, e))
        return false;
    bool spare =
        o->start && c->refreshes && push_wait_ms(w->push) != 0 && push_in_flight(w->push) == 0;
    if (!refresh_turn(w->refresh, spare, now_ms, e) ||
        (o->start && !writeback_turn(w->writeback, now_ms, e)) ||
        !account_tell(a, c->state, now_ms, !o->start, e))
        return false;
    int64_t wait = wait_ms(w, c, now_ms);
    sooner(&wait, writeback_wait_ms(w->writeback, now_ms));
    w->due_ms = wait == INT64_MAX ? INT64_MAX : now_ms + wait;
    return true;
}

/* What the partner's columns still lack is found by state_at_work. */
bool worker_is_idle(const struct worker *w, const struct crew *c, int64_t now_ms)
{
    return !is_awake(w) ||
           (w->account.in_flight == 0 && !w->account.turn && wait_ms(w, c, now_ms) == INT64_MAX &&
            push_wait_ms(w->push) < 0 && !writeback_is_busy(w->writeback, now_ms));
}
