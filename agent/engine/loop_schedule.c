/*
 * sync.schedule: a window opens when its time comes, and closes when each mapping has been looked
 * at and what was found has gone out; what then waits for its back-off waits for the next window. A
 * start counts as such a time, so that nothing is lost that a stop has missed.
 *
 * Between two windows nothing is looked at, or, with sync.close_at_once, all is looked at by
 * interval and only closes and deletes go out. The time is told by the wall clock and looked at in
 * each turn: a clock that is set, or a machine that slept, does not put a window off.
 */
#include "base/clock.h"
#include "engine/loop_internal.h"

static bool is_scheduled(const struct loop *l)
{
    return l->o.mode == LOOP_RUN && l->o.config->schedule != NULL;
}

bool loop_schedule_waits(const struct loop *l)
{
    return is_scheduled(l) && !l->o.config->close_at_once;
}

int64_t loop_schedule_in_ms(const struct loop *l)
{
    if (!is_scheduled(l))
        return INT64_MAX;
    int64_t wall_ms = clock_wall_ms();
    return l->window_at_ms > wall_ms ? l->window_at_ms - wall_ms : 0;
}

bool loop_only_removals(const struct loop *l)
{
    return is_scheduled(l) && !l->window_open && l->o.config->close_at_once;
}

/* What waited for the window may go now. */
static void open_window(struct loop *l)
{
    const struct config *c = l->o.config;
    l->window_open = true;
    l->window_at_ms = schedule_next(&c->due, clock_wall_ms(), c->zone);
    for (size_t i = 0; i < l->n_feeds; i++) {
        l->feeds[i].in_window = true;
        l->feeds[i].next_poll_ms = 0;
    }
    for (size_t i = 0; i < l->n_awake; i++)
        l->awake[i]->due_ms = 0;
}

/* A clock that was set back has times before it again that had gone by. */
static void follow_clock(struct loop *l)
{
    const struct config *c = l->o.config;
    int64_t wall_ms = clock_wall_ms();
    if (wall_ms < l->looked_ms && l->window_at_ms > wall_ms)
        l->window_at_ms = schedule_next(&c->due, wall_ms, c->zone);
    l->looked_ms = wall_ms;
}

/* Nothing is left but what backs off: there is budget, and yet nothing can leave. */
static bool is_idle(struct worker *w, int64_t now_ms)
{
    if (w->push == NULL)
        return true;
    int64_t wait_ms = push_wait_ms(w->push);
    return push_in_flight(w->push) == 0 &&
           (wait_ms < 0 || (wait_ms > 0 && sender_wait_ms(&w->account, now_ms) == 0));
}

static bool is_done(struct loop *l, int64_t now_ms)
{
    if (l->detection != NULL)
        return false;
    for (size_t i = 0; i < l->n_feeds; i++)
        if (l->feeds[i].in_window && loop_is_ours(l, &l->feeds[i]))
            return false;
    for (size_t i = 0; i < l->n_awake; i++)
        if (!is_idle(l->awake[i], now_ms))
            return false;
    return true;
}

void loop_schedule_turn(struct loop *l, int64_t now_ms)
{
    if (!is_scheduled(l))
        return;
    follow_clock(l);
    if (loop_schedule_in_ms(l) == 0)
        open_window(l);
    else if (l->window_open && is_done(l, now_ms))
        l->window_open = false;
}
