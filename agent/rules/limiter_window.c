/*
 * How: everything that is known of an edge comes from intervals. A request that left at s and whose
 * answer came at r was counted somewhere in [s, r]; its X-RateLimit-Reset names the window that
 * counted it. So that window's end is later than s, and its beginning (the end of the one before)
 * is no later than r. An edge is written as reset + phase: the phase takes up the two clocks'
 * offset and the rounding of the header to whole seconds alike, and is the same for all windows of
 * an ordinary server, so each answer of each window narrows one interval. Date, a whole second too,
 * only gives the first, wide bounds.
 *
 * Why so careful: a window is entered by the clock only when its beginning is certain, or when an
 * answer has shown it. What left before and is still in flight counts in both windows until its
 * answer says which (promise 3).
 *
 * A reset that does not fit what is known of the edges, or its own Date, is nonsense or a clock
 * that jumped. Believed at once it could stop everything until next year; so it must go with its
 * Date, or be said twice. Where a clock jumped and the windows lie where they lay, they are only
 * renamed.
 *
 * Trap: answers overtake each other. Use within a window only grows, so the largest count wins; the
 * limit is that of the request that left last.
 */
#include "rules/limiter_window.h"

#define SECOND         1000         /* the resolution of X-RateLimit-Reset and Date */
#define LONGEST        3600000      /* a window that claims to be longer is not believed */
#define ROUNDING       (2 * SECOND) /* how far a rounded edge wanders while the clocks stay */
#define NO_RESET       (INT64_MIN / 2)
#define SILENT_WINDOWS 2 /* after so many without a header nothing is known any more */

static int64_t min64(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t max64(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t distance(int64_t a, int64_t b)
{
    return a > b ? a - b : b - a;
}

void limiter_window_init(struct limiter_windows *w, const struct limiter_options *o)
{
    *w = (struct limiter_windows){.limit = max64(o->requests, 1),
                                  .limit_sent_ms = INT64_MIN,
                                  .length_ms = max64(o->window_ms, 1)};
}

int64_t limiter_window_end_lo(const struct limiter_windows *w)
{
    return w->now.reset + w->phase_lo;
}

int64_t limiter_window_end_hi(const struct limiter_windows *w)
{
    return w->now.reset + w->phase_hi;
}

int64_t limiter_window_free(const struct limiter_windows *w, int in_flight)
{
    return w->limit - w->now.used - in_flight - w->fresh.n - w->ageing.n;
}

/* ---- the phase of the edges ------------------------------------------------------------------ */

/* The clocks have moved, or windows lie elsewhere now: begin again at what was just seen. */
static void phase_restart(struct limiter_windows *w, int64_t lo, int64_t hi)
{
    w->phase_lo = lo;
    w->phase_hi = hi;
    w->phase_loose = false;
    w->trust = 0;
}

/* Something does not fit by less than rounding explains: the edges are rounded to the second, each
 * in its own way. Rounding adds less than a second either way to what was seen before. */
static void phase_loosen(struct limiter_windows *w)
{
    w->trust = 0;
    if (w->phase_loose)
        return;
    w->phase_loose = true;
    w->phase_lo -= SECOND;
    w->phase_hi += SECOND;
}

static void phase_at_least(struct limiter_windows *w, int64_t bound)
{
    if (bound > w->phase_hi + ROUNDING) {
        phase_restart(w, bound, bound + ROUNDING);
    } else if (bound > w->phase_hi) {
        phase_loosen(w);
        w->phase_hi = max64(w->phase_hi, bound + SECOND / 20);
    } else if (bound > w->phase_lo && !w->phase_loose) {
        w->phase_lo = bound;
    }
}

static void phase_at_most(struct limiter_windows *w, int64_t bound)
{
    if (bound < w->phase_lo - ROUNDING) {
        phase_restart(w, bound - ROUNDING, bound);
    } else if (bound < w->phase_lo) {
        phase_loosen(w);
        w->phase_lo = min64(w->phase_lo, bound - SECOND / 20);
    } else if (bound < w->phase_hi && !w->phase_loose) {
        w->phase_hi = bound;
    }
}

/* Two quartzes may part by 200 millionths: what was learned widens by that from edge to edge. */
static void phase_age(struct limiter_windows *w, int64_t windows)
{
    if (w->phase_loose)
        return;
    const int64_t drift = min64((w->length_ms / 5000 + 1) * windows, ROUNDING);
    w->phase_lo -= drift;
    w->phase_hi += drift;
}

/* Date cuts off a whole second, and the reset may have been rounded either way. */
static void phase_from_date(struct limiter_windows *w, int64_t sent_ms, int64_t now_ms,
                            int64_t date)
{
    const int64_t lo = sent_ms - date - 2 * SECOND, hi = now_ms - date + SECOND;
    w->dated = lo <= w->phase_hi && hi >= w->phase_lo;
    if (!w->dated || w->phase_loose)
        return; /* another clock than the limiter's, a proxy's perhaps: the edges know better */
    w->phase_lo = max64(w->phase_lo, lo);
    w->phase_hi = min64(w->phase_hi, hi);
}

/* ---- from window to window ------------------------------------------------------------------- */

static void ghosts_before_edge(struct limiter_ghosts *g, int64_t edge_ms)
{
    if (g->last_ms < edge_ms)
        g->n = 0; /* whatever they were, they belong to the window that is over */
}

/* A new window, known or supposed. What is in flight counts in it anyway. */
static void enter(struct limiter_windows *w, int64_t reset, int64_t now_ms)
{
    const int64_t edge_lo = limiter_window_end_lo(w);
    w->others_before = w->now.others;
    w->before = w->now;
    w->now = (struct limiter_window){
        .reset = reset, .began_ms = now_ms, .used_ms = INT64_MIN, .basis = INT64_MAX};
    if (now_ms >= edge_lo) { /* not a window that began before its time */
        ghosts_before_edge(&w->fresh, edge_lo);
        ghosts_before_edge(&w->ageing, edge_lo);
    }
    w->now.silent = w->fresh.n + w->ageing.n;
}

void limiter_window_roll(struct limiter_windows *w, int64_t now_ms)
{
    if (!w->learned || now_ms < limiter_window_end_hi(w))
        return;
    const int64_t windows = (now_ms - limiter_window_end_hi(w)) / w->length_ms + 1;
    w->unconfirmed = w->now.confirmed ? 1 : w->unconfirmed + 1;
    /* Idleness teaches nothing and forgets nothing; requests without a header do. */
    if (w->unconfirmed > SILENT_WINDOWS && w->now.silent > 0) {
        w->learned = false;
        return;
    }
    enter(w, w->now.reset + windows * w->length_ms, now_ms);
    if (windows > 1)
        w->before.confirmed = false; /* not the neighbour: distances from it say nothing */
    phase_age(w, windows);
}

/* An answer of the window before to a request that left after we had moved on: we were early. */
static void go_back(struct limiter_windows *w)
{
    const struct limiter_window early = w->now;
    w->now = w->before;
    w->now.own += early.own;
    w->now.silent += early.silent;
    if (w->trust > 0)
        phase_loosen(w); /* what had proved itself creeps: windows that wait for a first request */
}

static void learn_length(struct limiter_windows *w, int64_t length)
{
    if (length < SECOND || length > LONGEST)
        return;
    w->length_sure = length == w->length_seen;
    if (w->length_sure || length < w->length_ms)
        w->length_ms = length;
    w->length_seen = length;
}

/* The first answer with a reset: its window may have been in use for long. */
static void learn_first(struct limiter_windows *w, int64_t sent_ms, int64_t now_ms,
                        const struct limiter_headers *h, int64_t used)
{
    w->learned = true;
    w->now = (struct limiter_window){.reset = h->reset_ms,
                                     .began_ms = sent_ms,
                                     .base = max64(used - 1, 0),
                                     .used_ms = INT64_MIN,
                                     .basis = w->limit - used + 1};
    w->before = w->now;
    w->before.reset = NO_RESET;
    w->fresh.n = w->ageing.n = w->unconfirmed = 0;
    phase_restart(w, sent_ms - h->reset_ms, now_ms - h->reset_ms + w->length_ms);
    if (h->date_ms < 0)
        return;
    phase_restart(w, sent_ms - h->date_ms - 2 * SECOND, now_ms - h->date_ms + SECOND);
    phase_at_least(w, sent_ms + 1 - h->reset_ms);
}

/* The reset is that of the window, give or take the rounding of a server that computes it anew. */
static bool same_reset(int64_t a, int64_t b)
{
    return distance(a, b) <= SECOND;
}

/* ---- whether a reset can be true --------------------------------------------------------------
 */

/* Its window did not end before the request left, nor begins after the answer came. */
static bool fits_edges(const struct limiter_windows *w, int64_t sent_ms, int64_t now_ms,
                       int64_t reset)
{
    return w->learned && reset + w->phase_hi + ROUNDING >= sent_ms &&
           reset - w->length_ms + w->phase_lo - ROUNDING <= now_ms;
}

static bool fits_date(const struct limiter_windows *w, const struct limiter_headers *h)
{
    const int64_t to_go = h->reset_ms - h->date_ms;
    return h->date_ms >= 0 && to_go > -ROUNDING && to_go <= w->length_ms + SECOND;
}

/* Date went by the clock that the edges go by, and does not any more: that clock has jumped. */
static bool has_jumped(const struct limiter_windows *w, int64_t sent_ms, int64_t now_ms,
                       const struct limiter_headers *h)
{
    return w->dated && (sent_ms - h->date_ms - 2 * SECOND > w->phase_hi + SECOND ||
                        now_ms - h->date_ms + SECOND < w->phase_lo - SECOND);
}

/* Another clock than before says when the window ends. Where that is when it was foreseen, give or
 * take whole windows, only the names have changed; else the edges lie elsewhere now. */
static void follow_clock(struct limiter_windows *w, int64_t sent_ms, int64_t now_ms,
                         const struct limiter_headers *h)
{
    const int64_t end = now_ms + h->reset_ms - h->date_ms;
    w->moved = true;
    const int64_t foreseen = w->now.reset + (w->phase_lo + w->phase_hi) / 2;
    const int64_t ahead = end - foreseen + w->length_ms / 2;
    const int64_t windows = ahead >= 0 ? ahead / w->length_ms : -1;
    const int64_t apart = h->reset_ms - w->now.reset - windows * w->length_ms;
    if (distance(end, foreseen + windows * w->length_ms) > w->length_ms / 4) {
        phase_restart(w, sent_ms - h->date_ms - 2 * SECOND, now_ms - h->date_ms + SECOND);
        return;
    }
    w->now.reset += apart;
    w->before.reset += apart;
    phase_restart(w, w->phase_lo - apart - SECOND, w->phase_hi - apart + SECOND);
}

static bool believable(struct limiter_windows *w, int64_t sent_ms, int64_t now_ms,
                       const struct limiter_headers *h)
{
    const bool dated = fits_date(w, h);
    if (!w->learned)
        return dated || h->date_ms < 0;
    if (same_reset(h->reset_ms, w->now.reset))
        return true;
    const bool fits = fits_edges(w, sent_ms, now_ms, h->reset_ms) &&
                      !(dated && has_jumped(w, sent_ms, now_ms, h));
    if (!fits && dated)
        follow_clock(w, sent_ms, now_ms, h);
    return dated || (fits && (w->length_sure || h->date_ms < 0));
}

/* ---- what an answer is about ----------------------------------------------------------------- */

enum belongs { TO_NOW, TO_BEFORE, TO_NEXT, TO_NONE };

static enum belongs belongs(const struct limiter_windows *w, int64_t sent_ms, int64_t now_ms,
                            int64_t reset, int64_t used)
{
    if (reset < 0)
        return sent_ms >= w->now.began_ms ? TO_NOW : TO_NONE;
    if (!w->now.confirmed) {
        if (reset > w->before.reset + SECOND || (reset > w->before.reset && used < w->before.used))
            return TO_NOW;
        return TO_BEFORE;
    }
    if (same_reset(reset, w->now.reset)) {
        const bool fresh = reset > w->now.reset && used >= 0 && used < w->now.used &&
                           now_ms >= limiter_window_end_lo(w);
        return fresh ? TO_NEXT : TO_NOW;
    }
    if (reset > w->now.reset)
        return TO_NEXT;
    /* Backwards: a late answer, unless its request left when the other was known already. */
    return sent_ms > w->now.confirmed_ms && reset + w->phase_hi > sent_ms ? TO_NEXT : TO_BEFORE;
}

/* A window long before its time: a new plan, a machine that slept, or a reset that is wrong. Only a
 * Date that goes with it makes it believed. */
static void surprised(struct limiter_windows *w, int64_t sent_ms, int64_t now_ms,
                      const struct limiter_headers *h)
{
    const int64_t to_go = h->reset_ms - h->date_ms;
    w->trust = 0;
    if (h->date_ms >= 0 && to_go > -SECOND && to_go <= w->length_ms + SECOND)
        phase_restart(w, sent_ms - h->date_ms - 2 * SECOND, now_ms - h->date_ms + SECOND);
}

/* The first answer out of a window tells how far it is from the one before. */
static void confirm(struct limiter_windows *w, int64_t sent_ms, int64_t now_ms,
                    const struct limiter_headers *h)
{
    const int64_t apart = h->reset_ms - w->before.reset;
    w->now.reset = h->reset_ms;
    w->now.confirmed = true;
    w->now.confirmed_ms = now_ms;
    w->unconfirmed = 0;
    w->trust++;
    if (!w->before.confirmed || apart <= 0)
        return;
    const int64_t bound = now_ms - w->before.reset;
    if (bound < w->phase_lo - ROUNDING) {
        surprised(w, sent_ms, now_ms, h);
        return;
    }
    if (w->length_sure && apart < w->length_ms)
        return; /* begun anew before its time: says nothing of the old one's end */
    phase_at_most(w, bound);
    learn_length(w, apart);
}

static void learn_edges(struct limiter_windows *w, int64_t sent_ms, int64_t now_ms,
                        const struct limiter_headers *h)
{
    phase_at_least(w, sent_ms + 1 - w->now.reset);
    if (w->length_sure)
        phase_at_most(w, now_ms - (w->now.reset - w->length_ms));
    if (h->date_ms >= 0)
        phase_from_date(w, sent_ms, now_ms, h->date_ms);
}

/* What was lost before this request left is in its count by now. */
static void settle_ghosts(struct limiter_windows *w, int64_t sent_ms)
{
    if (w->ageing.n > 0 && sent_ms <= w->ageing.last_ms)
        return;
    w->ageing = w->fresh;
    w->fresh.n = 0;
    if (sent_ms > w->ageing.last_ms)
        w->ageing.n = 0;
}

static void learn_limit(struct limiter_windows *w, int64_t sent_ms, const struct limiter_headers *h)
{
    int64_t limit = h->limit;
    if (limit <= 0)
        limit = h->remaining > w->limit ? h->remaining : -1;
    if (limit <= 0 || sent_ms < w->limit_sent_ms)
        return;
    w->limit = limit;
    w->limit_sent_ms = sent_ms;
}

static void learn_use(struct limiter_windows *w, int64_t sent_ms, int64_t now_ms, int64_t used,
                      int in_flight)
{
    w->now.used = max64(w->now.used, used);
    w->now.used_ms = now_ms;
    w->now.heard_ms = max64(w->now.heard_ms, sent_ms);
    const int64_t ours = w->now.base + w->now.own + w->now.silent + in_flight;
    w->now.others = max64(w->now.others, used - ours);
    settle_ghosts(w, sent_ms);
}

static int64_t used_of(const struct limiter_windows *w, const struct limiter_headers *h,
                       bool refused)
{
    const int64_t limit = h->limit > 0 ? h->limit : w->limit;
    if (refused)
        return limit;
    return h->remaining < 0 ? -1 : max64(limit - h->remaining, 0);
}

/* Brings the window that the answer belongs to up; false: it says nothing of the running one. */
static bool attribute(struct limiter_windows *w, int64_t sent_ms, int64_t now_ms,
                      const struct limiter_headers *h, int64_t used)
{
    const int64_t reset = h->reset_ms;
    switch (belongs(w, sent_ms, now_ms, reset, used)) {
    case TO_NONE:
        return false;
    case TO_BEFORE:
        if (w->now.confirmed || sent_ms < w->now.began_ms || w->before.reset < 0)
            return false;
        go_back(w);
        return true;
    case TO_NEXT: {
        const bool strange = reset < w->now.reset || now_ms < limiter_window_end_lo(w) || w->moved;
        enter(w, reset, now_ms);
        if (strange) /* its beginning was not seen: what is used may well be ours */
            w->now.base = max64(used - 1, 0);
        confirm(w, sent_ms, now_ms, h);
        return true;
    }
    case TO_NOW:
        if (reset >= 0 && !w->now.confirmed)
            confirm(w, sent_ms, now_ms, h);
        else if (reset >= 0)
            w->now.reset = max64(w->now.reset, reset);
        return true;
    }
    return false;
}

void limiter_window_silence(struct limiter_windows *w, int64_t now_ms)
{
    w->fresh.n++;
    w->fresh.last_ms = now_ms;
    w->now.silent++;
}

void limiter_window_answer(struct limiter_windows *w, int64_t sent_ms, int64_t now_ms,
                           const struct limiter_headers *said, bool refused, int in_flight)
{
    struct limiter_headers believed = *said;
    const struct limiter_headers *h = &believed;
    w->moved = false;
    if (h->reset_ms >= 0 && !believable(w, sent_ms, now_ms, h))
        believed.reset_ms = believed.remaining = -1;
    const int64_t used = used_of(w, h, refused);
    const int64_t old_limit = w->limit;
    learn_limit(w, sent_ms, h);
    if (!w->learned) {
        if (h->reset_ms < 0 || used < 0)
            return;
        learn_first(w, sent_ms, now_ms, h, used);
    }
    if (!attribute(w, sent_ms, now_ms, h, used)) {
        if (h->reset_ms < 0)
            limiter_window_silence(w, now_ms);
        else if (same_reset(h->reset_ms, w->before.reset))
            phase_at_least(w, sent_ms + 1 - h->reset_ms);
        return;
    }
    if (h->reset_ms >= 0)
        learn_edges(w, sent_ms, now_ms, h);
    if (used < 0) {
        limiter_window_silence(w, now_ms);
        return;
    }
    if (refused) {
        w->now.used = max64(w->now.used, used);
        return;
    }
    w->now.own++;
    /* A new plan may count anew; believed when nothing that we know of can have overtaken it. */
    if (w->limit != old_limit && sent_ms > w->now.used_ms)
        w->now.used = used;
    learn_use(w, sent_ms, now_ms, used, in_flight);
}
