/*
 * How: four gates in a row, each of which may say "not yet": a pause that was asked for
 * (Retry-After) or taken (back-off), the circuit, the number in flight, and the window's budget
 * (limiter_window.c). The limiter never spreads what a known window holds: it is spent as fast as
 * the concurrency lets it. Only where no header tells of windows are requests spaced evenly, for
 * then any minute may be the server's.
 *
 * The circuit is about the account, not about a row: after a few ends in a row without a proper
 * answer one request at a time goes out, after full-jitter pauses, until an answer comes. Failures
 * of requests that left together count once, or eight in flight would be eight attempts.
 *
 * Others on the same key: their use is what the headers show beyond ours. Room is kept for what
 * they used in the last window (at most half of all, so that neither side starves), melting away as
 * the window passes, so that nothing is left over at its end.
 */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "rules/limiter_window.h"

const struct plan plans[3] = {
    {.name = "free", .requests = 100, .quota = 100, .bulk = 0},
    {.name = "growth", .requests = 1000, .quota = 1000, .bulk = 100},
    {.name = "scale", .requests = 10000, .quota = -1, .bulk = 100},
};

#define BACKOFF_CAP_MS     60000   /* Part A: random(0, min(60, 2^attempt)) seconds */
#define PAUSE_CAP_MS       3600000 /* no Retry-After of a minute's limit is longer; ask again then */
#define CIRCUIT_FAILURES   3       /* in a row: fewer may be anyone's bad luck */
#define UNHURRIED          0.5 /* concurrency aims at spending the window in half of what is left */
#define TRUSTED            3  /* windows foreseen rightly, before a whole burst follows the clock */
#define PROBE_MIN_LIMIT    50 /* below, a probe of the edge might cost too much of the window */
#define PROBE_MIN_WIDTH_MS 100 /* an edge known better than this needs no probe */

struct limiter {
    struct limiter_options options;
    double share, told_share; /* in the running window; from the next one on */
    int64_t share_began_ms;   /* the window of `share`: when it began */
    struct limiter_windows windows;
    int64_t base_ms; /* tickets count from here */
    int in_flight;
    bool answered;     /* by anyone, with or without headers */
    double latency_ms; /* smoothed; 0: none yet */
    int64_t next_ms;   /* even spacing while no window is known */
    int64_t pause_ms;  /* nothing leaves before */
    int failures;      /* in a row */
    int level;         /* of back-off; > 0: the circuit is open */
    int64_t level_ms;  /* requests that left before do not raise it again */
};

const struct plan *plan_find(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(plans); i++)
        if (strcmp(plans[i].name, name) == 0)
            return &plans[i];
    return NULL;
}

static int64_t min64(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t max64(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

struct limiter *limiter_new(const struct limiter_options *o, int64_t now_ms)
{
    struct limiter *l = mem_alloc(sizeof *l);
    l->options = *o;
    l->share = l->told_share = 1.0;
    l->base_ms = l->next_ms = l->pause_ms = l->level_ms = now_ms;
    limiter_window_init(&l->windows, o);
    return l;
}

void limiter_free(struct limiter *l)
{
    mem_free(l);
}

void limiter_set_share(struct limiter *l, double share)
{
    l->told_share = share > 0 && share < 1 ? share : 1.0;
    if (l->told_share < l->share || !l->windows.learned)
        l->share = l->told_share;
}

/* After whatever may have begun another window. */
static void follow_share(struct limiter *l)
{
    if (l->windows.now.began_ms == l->share_began_ms)
        return;
    l->share_began_ms = l->windows.now.began_ms;
    l->share = l->told_share;
}

static void roll(struct limiter *l, int64_t now_ms)
{
    limiter_window_roll(&l->windows, now_ms);
    follow_share(l);
}

/* ---- the window's budget --------------------------------------------------------------------- */

static int64_t headroom(const struct limiter *l)
{
    const struct limiter_options *o = &l->options;
    const double n =
        o->headroom_percent ? o->headroom * (double)l->windows.limit / 100 : o->headroom;
    /* One request always remains ours: an agent without any could not even learn. */
    return n > 0 ? min64((int64_t)ceil(n), l->windows.limit - 1) : 0;
}

/* What others have used beyond what was theirs by shares from the start. */
static int64_t beyond_shares(const struct limiter *l, int64_t others)
{
    const double theirs = (1 - l->share) * (double)l->windows.limit;
    return max64(others - (int64_t)theirs, 0);
}

/* Room for what the others may still send in this window. */
static int64_t kept_for_others(const struct limiter *l, int64_t now_ms)
{
    const struct limiter_windows *w = &l->windows;
    const int64_t seen = beyond_shares(l, w->now.others);
    const int64_t before = beyond_shares(l, w->others_before);
    const int64_t keep = max64(headroom(l) - seen, 0);
    if (seen == 0 && before == 0)
        return keep;
    const int64_t heard_ms = max64(w->now.used_ms, w->now.began_ms);
    const double length_ms = (double)w->length_ms;
    const double left_ms = (double)max64(limiter_window_end_lo(w) - now_ms, 0);
    const double rate = (double)seen / ((double)(heard_ms - w->now.began_ms) + l->latency_ms + 1);
    /* A quarter more than last time: who was kept short can grow towards a half. */
    const double expected =
        fmin(fmax((double)before * 1.25 + 1, rate * length_ms), (double)w->limit / 2);
    const double melting =
        fmin((double)w->limit / 2 - (double)seen, expected * left_ms / length_ms);
    /* What they sent since we last heard, and send until a request of ours arrives. */
    const double unseen_ms = l->latency_ms + (double)(now_ms - heard_ms);
    const double race =
        fmin(1 + 2 * fmax(rate, (double)before / length_ms) * unseen_ms, (double)w->limit / 4);
    return max64(keep, (int64_t)ceil(fmax(melting, race)));
}

/* Requests that may still leave in the running window. */
static int64_t budget(const struct limiter *l, int64_t now_ms)
{
    const struct limiter_windows *w = &l->windows;
    const int64_t left = limiter_window_free(w, l->in_flight) - kept_for_others(l, now_ms);
    if (l->share >= 1)
        return left;
    const int64_t basis = min64(w->now.basis, w->limit - headroom(l));
    const int64_t share = max64((int64_t)(l->share * (double)basis), 1);
    return min64(left, share - w->now.own - w->now.silent - l->in_flight);
}

static int at_most(const struct limiter *l)
{
    return l->options.concurrency > 0 ? l->options.concurrency : 1;
}

/* What is known of the window is older than an answer takes: the machine stood still, or nothing
 * was to be sent. One request asks first how much of it others have used meanwhile. */
static bool is_stale(const struct limiter *l, int64_t now_ms)
{
    const struct limiter_window *w = &l->windows.now;
    return (double)(now_ms - max64(w->heard_ms, w->began_ms)) > 2 * l->latency_ms + 2;
}

/* Others send in bursts too, and none sees the others' requests before they are answered: half of
 * what is free is shared out, by what each used, so that all together cannot pass it. Whoever comes
 * from idleness does not know of others yet and begins softly: each answer lets two more leave. */
static int beside_others(const struct limiter *l, int most, int64_t now_ms)
{
    const struct limiter_windows *w = &l->windows;
    const double theirs = (double)max64(w->now.others, w->others_before);
    const double ours = (double)max64(w->now.own, w->before.own) + 1;
    if (w->before.own == 0)
        most = (int)min64(most, 2 * (w->now.own + 1));
    if (theirs <= 0 || l->share < 1)
        return most;
    if (is_stale(l, now_ms))
        return 1;
    const double whole = (double)limiter_window_free(w, 0) / 2;
    return (int)fmax(1, fmin(most, whole * ours / (ours + theirs)));
}

/* Little's law: as many as spend the budget in a part of the time that is left. */
static int concurrency(const struct limiter *l, int64_t now_ms)
{
    if (!l->answered || l->level > 0)
        return 1;
    if (!l->windows.learned)
        return at_most(l);
    const int most = beside_others(l, at_most(l), now_ms);
    if (l->windows.trust < TRUSTED && !l->windows.now.confirmed)
        return 1; /* entered by a clock that has not proved itself yet */
    const double left_ms = (double)(limiter_window_end_lo(&l->windows) - now_ms) * UNHURRIED;
    const double work = (double)max64(budget(l, now_ms) + l->in_flight, 0) * l->latency_ms;
    if (left_ms <= 0 || work / left_ms >= most)
        return most;
    return (int)min64((int64_t)ceil(work / left_ms) + 1, most);
}

/* The window's last request is worth most as a probe: it leaves when the edge may or may not have
 * passed, counts in the old window if not, and tells which. So each window halves what is unknown
 * of the edges, at no risk. */
static int64_t hold_for_probe(const struct limiter *l, int64_t now_ms)
{
    const struct limiter_windows *w = &l->windows;
    const int64_t lo = limiter_window_end_lo(w), hi = limiter_window_end_hi(w);
    if (w->limit < PROBE_MIN_LIMIT || w->phase_loose || w->now.others > 0 || l->share < 1)
        return 0;
    if (hi - lo < PROBE_MIN_WIDTH_MS + (int64_t)(2 * l->latency_ms))
        return 0;
    return max64(lo + (hi - lo) / 2 - (int64_t)(l->latency_ms / 2) - now_ms, 0);
}

static int64_t wait_for_budget(const struct limiter *l, int64_t now_ms)
{
    const int64_t left = budget(l, now_ms);
    const int64_t edge = max64(limiter_window_end_hi(&l->windows) - now_ms, 1);
    if (left > 1)
        return 0;
    if (left == 1)
        return min64(hold_for_probe(l, now_ms), edge);
    if (limiter_window_free(&l->windows, l->in_flight) <= 0 || l->windows.now.others == 0)
        return edge;
    /* What is kept for others melts away: look again when the next of it may have. */
    return min64(edge, max64(l->windows.length_ms / l->windows.limit, 1));
}

/* Without a known window: an even pace, a little below what any window allows. */
static int64_t even_gap(const struct limiter *l)
{
    const double n = (double)(l->windows.limit - headroom(l)) * l->share;
    return (int64_t)ceil((double)l->windows.length_ms / fmax(n * 0.98 - 1, 0.5));
}

int64_t limiter_wait_ms(struct limiter *l, int64_t now_ms)
{
    roll(l, now_ms);
    if (now_ms < l->pause_ms)
        return l->pause_ms - now_ms;
    if (l->in_flight >= concurrency(l, now_ms))
        return LIMITER_ASK_AGAIN;
    if (l->windows.learned)
        return wait_for_budget(l, now_ms);
    return max64(l->next_ms - now_ms, 0);
}

/* ---- requests and their ends ----------------------------------------------------------------- */

uint64_t limiter_sent(struct limiter *l, int64_t now_ms)
{
    roll(l, now_ms);
    l->in_flight++;
    l->next_ms = now_ms + even_gap(l);
    return (uint64_t)(now_ms - l->base_ms);
}

static int64_t land(struct limiter *l, uint64_t ticket, int64_t now_ms)
{
    if (l->in_flight <= 0)
        BUG("limiter: an end without a request");
    l->in_flight--;
    roll(l, now_ms);
    return l->base_ms + (int64_t)ticket;
}

static void pause_until(struct limiter *l, int64_t until_ms)
{
    l->pause_ms = max64(l->pause_ms, until_ms);
}

/* Full jitter. */
static void back_off(struct limiter *l, int64_t now_ms, double random)
{
    const int level = l->level < 6 ? l->level : 6;
    const int64_t most = min64((int64_t)1000 << level, BACKOFF_CAP_MS);
    pause_until(l, now_ms + (int64_t)(random * (double)most));
}

static void failed(struct limiter *l, int64_t sent_ms, int64_t now_ms, double random)
{
    l->failures++;
    if (l->failures < CIRCUIT_FAILURES || (l->level > 0 && sent_ms < l->level_ms))
        return;
    l->level++;
    back_off(l, now_ms, random);
    l->level_ms = l->pause_ms;
}

static void recovered(struct limiter *l)
{
    l->failures = 0;
    l->level = 0;
}

static void measure(struct limiter *l, int64_t took_ms)
{
    const double took = (double)max64(took_ms, 1);
    l->latency_ms += l->latency_ms > 0 ? (took - l->latency_ms) / 8 : took;
}

/* A 429 although the window has room: about something else, the month's quota above all. */
static bool is_about_the_window(int status, const struct limiter_headers *h)
{
    return status == 429 && h->remaining <= 0;
}

/* 429 or 5xx: the pause that was asked for, else one of our own. */
static void pause_for(struct limiter *l, int64_t now_ms, int status,
                      const struct limiter_headers *h, double random)
{
    const bool window = is_about_the_window(status, h);
    if (status == 429 && !window && h->retry_after_ms > 2 * l->windows.length_ms)
        return; /* until the month turns, say: that is no reason to hold back an update */
    if (h->retry_after_ms >= 0)
        pause_until(l, now_ms + min64(h->retry_after_ms, PAUSE_CAP_MS));
    else if (window && (h->reset_ms < 0 || !l->windows.learned))
        pause_until(l, now_ms + (int64_t)(random * BACKOFF_CAP_MS));
}

void limiter_answered(struct limiter *l, uint64_t ticket, int64_t now_ms, int status,
                      const struct limiter_headers *h, double random)
{
    const int64_t sent_ms = land(l, ticket, now_ms);
    l->answered = true;
    measure(l, now_ms - sent_ms);
    limiter_window_answer(&l->windows, sent_ms, now_ms, h, is_about_the_window(status, h),
                          l->in_flight);
    follow_share(l);
    if (!l->windows.learned && h->remaining == 0)
        pause_until(l, now_ms + l->windows.length_ms); /* full, and no telling until when */
    if (status == 429 || status >= 500)
        pause_for(l, now_ms, status, h, random);
    if (status >= 500)
        failed(l, sent_ms, now_ms, random);
    else
        recovered(l);
}

void limiter_lost(struct limiter *l, uint64_t ticket, int64_t now_ms, bool left, double random)
{
    const int64_t sent_ms = land(l, ticket, now_ms);
    if (left)
        limiter_window_silence(&l->windows, now_ms);
    failed(l, sent_ms, now_ms, random);
}

/* Others' use and headroom are one room, not two. */
static double a_minute(const struct limiter *l)
{
    const struct limiter_windows *w = &l->windows;
    const int64_t theirs = max64(headroom(l), beyond_shares(l, w->others_before));
    const double ours =
        fmin((double)(w->limit - theirs), l->share * (double)(w->limit - headroom(l)));
    return fmax(ours, 1) * 60000 / (double)w->length_ms;
}

void limiter_view(struct limiter *l, int64_t now_ms, struct limiter_view *out)
{
    roll(l, now_ms);
    const struct limiter_windows *w = &l->windows;
    const bool known = w->learned;
    *out = (struct limiter_view){
        .limit = w->limit,
        .used = known ? min64(w->now.used, w->limit) : 0,
        .left =
            known ? max64(budget(l, now_ms), 0) : max64(w->limit - headroom(l) - l->in_flight, 0),
        .resets_in_ms = known ? max64(limiter_window_end_hi(w) - now_ms, 0) : w->length_ms,
        .in_flight = l->in_flight,
        .concurrency = concurrency(l, now_ms),
        .learned = known,
        .a_minute = a_minute(l),
        .paused_ms = max64(l->pause_ms - now_ms, 0),
    };
}
