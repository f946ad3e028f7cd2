/*
 * The limiter against a server with a limit, a network and other users, on simulated time. Time
 * jumps from event to event: a request reaches the server, an answer comes back, another user
 * sends, the limiter's wait is over. Work always waits. A failure names its seed; QS_SEEDS says how
 * many are tried.
 */
#ifndef QS_TESTS_LIMITER_WORLD_H
#define QS_TESTS_LIMITER_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "rules/limiter.h"

enum rounding { ROUND_DOWN, ROUND_UP, ROUND_NEAREST, ROUNDINGS };
enum others { OTHERS_NONE, OTHERS_POLITE, OTHERS_GREEDY };

struct world {
    uint64_t seed;
    int64_t limit, new_limit; /* the second from half of the time on */
    int64_t window_ms;
    int64_t first_edge_ms; /* where the server's windows lie: any offset */
    int64_t clock_offset_ms;
    int64_t date_offset_ms; /* Date comes from another clock, a proxy's, that is ahead by that */
    enum rounding rounding;
    bool lazy;    /* a window begins with the first request in it */
    int changes;  /* of the plan, at any time, between limit and new_limit; 0: once, half-way */
    bool steps;   /* the server's clock jumps by minutes now and then, either way */
    double wrong; /* share of answers whose headers are nonsense: see spoil() */
    double sulks; /* share of requests refused for no reason, with Retry-After */
    bool no_date, no_reset;
    bool no_headers;
    double mute;   /* share of answers without headers */
    double lost;   /* share of requests that are lost, half of them after they were counted */
    double broken; /* share of 503 answers, uncounted and without headers */
    int64_t latency_lo, latency_hi;
    int64_t stall_ms; /* the server, or one of us, stands still for up to so long, now and then */
    int64_t timeout_ms;
    int concurrency;
    double headroom; /* percent */
    double share;    /* of each limiter under test */
    int agents;      /* limiters under test, on one key; 0 is one */
    enum others others;
    int windows; /* how long */
};

struct world_count {
    int64_t sent, counted, refused; /* ours */
    int64_t others_counted, others_refused;
    int64_t allowed;      /* sum of limits of the windows, the first and the last left out */
    int64_t used;         /* ours, in those windows */
    int64_t refused_most; /* ours in one window, at most */
    int64_t idle_most_ms; /* from a window's beginning to our first request in it: the last four */
    int64_t impatient;    /* requests that left before a Retry-After was over */
    int64_t downgrades, jumps;
};

#define MOST       256
#define AGENTS_MAX 4

enum phase { FREE, UNDER_WAY, COMING_BACK };

struct flight {
    enum phase phase;
    int64_t at_ms; /* of its next event */
    int64_t back_ms;
    uint64_t ticket;
    int agent;
    bool lost, arrives, muted, broken;
    int status;
    struct limiter_headers headers;
};

struct server {
    int64_t edge_ms; /* the running window ends */
    int64_t limit, used, ours, refused;
    int64_t windows;
    int64_t change_ms; /* the plan changes next */
    int64_t step_ms;   /* the clock jumps next */
    int64_t offset_ms; /* of the clock */
    bool changed;      /* the plan, in this window */
};

struct run {
    const struct world *w;
    struct world_count count;
    struct server server;
    struct limiter *limiter[AGENTS_MAX];
    int64_t patient_ms[AGENTS_MAX]; /* was asked to wait until then */
    int agents;
    struct flight flights[MOST];
    int64_t stalled_ms[AGENTS_MAX + 1]; /* until then; the last is the server's */
    int64_t now, end_ms, other_ms, stall_at_ms;
    uint64_t random;
};

static double world_random(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (double)(*state >> 11) / 9007199254740992.0;
}

static double chance(struct run *r)
{
    return world_random(&r->random);
}

static int64_t between(struct run *r, int64_t lo, int64_t hi)
{
    return lo + (int64_t)(chance(r) * (double)(hi - lo + 1));
}

static int64_t round_second(enum rounding how, int64_t ms)
{
    const int64_t add = how == ROUND_DOWN ? 0 : how == ROUND_UP ? 999 : 500;
    return (ms + add) / 1000 * 1000;
}

static void close_window(struct run *r)
{
    struct server *s = &r->server;
    if (s->windows > 1 && !s->changed) { /* the first two are for learning */
        r->count.allowed += s->limit;
        r->count.used += s->ours;
    }
    if (s->refused > r->count.refused_most)
        r->count.refused_most = s->refused;
    s->used = s->ours = s->refused = 0;
    s->changed = false;
    s->windows++;
}

static void change_plan(struct run *r)
{
    struct server *s = &r->server;
    const struct world *w = r->w;
    const int64_t new_limit = w->changes == 0 || s->limit == w->limit ? w->new_limit : w->limit;
    s->changed = new_limit != s->limit;
    r->count.downgrades += new_limit < s->limit;
    s->limit = new_limit;
    s->change_ms = w->changes == 0
                       ? INT64_MAX
                       : r->now + 1 + between(r, 0, 2 * w->window_ms * w->windows / w->changes);
}

/* The windows stay where they are; what is said of them does not. */
static void step_clock(struct run *r)
{
    const int64_t by = between(r, 10000, 300000);
    r->count.jumps++;
    r->server.offset_ms += chance(r) < 0.5 ? by : -by;
    r->server.step_ms = r->now + between(r, 2 * r->w->window_ms, 8 * r->w->window_ms);
}

static void server_time(struct run *r, bool request)
{
    struct server *s = &r->server;
    if (r->now < s->edge_ms || (r->w->lazy && !request))
        return;
    while (r->now >= s->edge_ms) {
        close_window(r);
        s->edge_ms = r->w->lazy ? r->now + r->w->window_ms : s->edge_ms + r->w->window_ms;
    }
}

/* Counts a request; false: over the limit. */
static bool server_take(struct run *r, bool ours)
{
    struct server *s = &r->server;
    server_time(r, true);
    if (r->now >= s->change_ms)
        change_plan(r);
    if (r->now >= s->step_ms)
        step_clock(r);
    if (s->used >= s->limit)
        return false;
    if (ours && s->ours == 0 && s->windows >= r->w->windows - 4) {
        const int64_t idle = r->now - (s->edge_ms - r->w->window_ms);
        r->count.idle_most_ms = idle > r->count.idle_most_ms ? idle : r->count.idle_most_ms;
    }
    s->used++;
    s->ours += ours;
    return true;
}

static void server_headers(const struct run *r, bool taken, struct limiter_headers *h)
{
    const struct server *s = &r->server;
    const int64_t offset = s->offset_ms;
    const int64_t left = s->limit - s->used;
    *h = (struct limiter_headers){
        .limit = s->limit,
        .remaining = left > 0 ? left : 0,
        .reset_ms = r->w->no_reset ? -1 : round_second(r->w->rounding, s->edge_ms + offset),
        .date_ms = r->w->no_date ? -1 : (r->now + offset + r->w->date_offset_ms) / 1000 * 1000,
        .retry_after_ms = taken ? -1 : (s->edge_ms - r->now + 999) / 1000 * 1000,
    };
}

static const struct limiter_headers silence = {-1, -1, -1, -1, -1};

/* What broken servers and proxies make of headers. None of it makes the window look emptier than it
 * is: who is lied to in that direction can only find out by a refusal. */
static void spoil(struct run *r, struct limiter_headers *h)
{
    const int64_t window_ms = r->w->window_ms;
    switch (between(r, 0, 9)) {
    case 0:
        h->limit = 0;
        break;
    case 1:
        h->limit = -1;
        break;
    case 2:
        h->remaining = -1;
        break;
    case 3:
        h->reset_ms = -1;
        break;
    case 4:
        h->date_ms = -1;
        break;
    case 5:
        h->reset_ms -= between(r, 1, 100) * window_ms;
        break;
    case 6:
        h->reset_ms += between(r, 2, 1000000) * window_ms;
        break;
    case 7:
        h->reset_ms = between(r, 0, 60);
        break; /* seconds to go, not a time */
    case 8:
        h->date_ms += between(r, -86400, 86400) * 1000;
        break;
    default:
        *h = silence;
    }
}

/* ---- standing still: a machine has more to do than it has cores -------------------------------
 */

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static void hold_up(const struct run *r, struct flight *f)
{
    const int where = f->phase == UNDER_WAY ? AGENTS_MAX : f->agent;
    if (f->phase != FREE)
        f->at_ms = later(f->at_ms, r->stalled_ms[where]);
}

static void stall(struct run *r)
{
    const int64_t party = between(r, 0, r->agents);
    r->stalled_ms[party == r->agents ? AGENTS_MAX : party] = r->now + between(r, 1, r->w->stall_ms);
    r->stall_at_ms = r->now + between(r, 1, 4 * r->w->stall_ms);
    for (size_t i = 0; i < MOST; i++)
        hold_up(r, &r->flights[i]);
}

/* ---- requests ---------------------------------------------------------------------------------
 */

static void arrive(struct run *r, struct flight *f)
{
    f->phase = COMING_BACK;
    f->at_ms = later(f->back_ms, r->stalled_ms[f->agent]);
    f->headers = silence;
    if (!f->arrives)
        return;
    if (f->broken) {
        f->status = 503;
        return;
    }
    const bool taken = server_take(r, true);
    f->status = taken ? 201 : 429;
    r->count.counted += taken;
    r->count.refused += !taken;
    r->server.refused += !taken;
    server_headers(r, taken, &f->headers);
    if (f->muted || r->w->no_headers)
        f->headers = silence;
    if (taken && chance(r) < r->w->wrong)
        spoil(r, &f->headers);
    if (taken && chance(r) < r->w->sulks) {
        f->status = 429;
        f->headers.retry_after_ms = between(r, 1, 3) * 1000;
    }
}

static void come_back(struct run *r, struct flight *f)
{
    f->phase = FREE;
    if (f->headers.retry_after_ms >= 0 && !f->lost &&
        r->now + f->headers.retry_after_ms > r->patient_ms[f->agent])
        r->patient_ms[f->agent] = r->now + f->headers.retry_after_ms;
    if (f->lost)
        limiter_lost(r->limiter[f->agent], f->ticket, r->now, true, chance(r));
    else
        limiter_answered(r->limiter[f->agent], f->ticket, r->now, f->status, &f->headers,
                         chance(r));
}

static void depart(struct run *r, struct flight *f, int agent)
{
    const struct world *w = r->w;
    const int64_t took = between(r, w->latency_lo, w->latency_hi);
    const int64_t up = between(r, 0, took);
    *f = (struct flight){.phase = UNDER_WAY,
                         .ticket = limiter_sent(r->limiter[agent], r->now),
                         .agent = agent,
                         .lost = chance(r) < w->lost,
                         .muted = chance(r) < w->mute,
                         .broken = chance(r) < w->broken};
    f->arrives = !f->lost || chance(r) < 0.5;
    f->back_ms = r->now + (f->lost ? w->timeout_ms : took);
    f->at_ms = r->now + up;
    hold_up(r, f);
    r->count.sent++;
    r->count.impatient += r->now < r->patient_ms[agent];
}

/* Lets leave what may; returns when to ask again. */
static int64_t depart_of(struct run *r, int agent)
{
    if (r->now < r->stalled_ms[agent])
        return r->stalled_ms[agent];
    for (size_t i = 0; i < MOST; i++) {
        if (r->flights[i].phase != FREE)
            continue;
        const int64_t wait = limiter_wait_ms(r->limiter[agent], r->now);
        if (wait > 0)
            return wait == LIMITER_ASK_AGAIN ? INT64_MAX : r->now + wait;
        depart(r, &r->flights[i], agent);
    }
    return INT64_MAX;
}

static int64_t depart_all(struct run *r)
{
    int64_t soonest = INT64_MAX;
    for (int agent = 0; agent < r->agents; agent++) {
        const int64_t at_ms = depart_of(r, agent);
        soonest = at_ms < soonest ? at_ms : soonest;
    }
    return soonest;
}

static void others_send(struct run *r)
{
    const int64_t limit = r->server.limit;
    const bool taken = server_take(r, false);
    r->count.others_counted += taken;
    r->count.others_refused += !taken;
    if (r->w->others == OTHERS_POLITE)
        r->other_ms = r->now + 1 + between(r, 0, 2 * r->w->window_ms * 4 / limit);
    else
        r->other_ms = taken ? r->now + between(r, 5, 15) : r->server.edge_ms + between(r, 0, 20);
}

static void step(struct run *r, int64_t wake_ms)
{
    int64_t next = wake_ms < r->other_ms ? wake_ms : r->other_ms;
    next = r->stall_at_ms < next ? r->stall_at_ms : next;
    for (size_t i = 0; i < MOST; i++)
        if (r->flights[i].phase != FREE && r->flights[i].at_ms < next)
            next = r->flights[i].at_ms;
    r->now = next;
    server_time(r, false);
    if (r->other_ms <= r->now)
        others_send(r);
    if (r->stall_at_ms <= r->now)
        stall(r);
    for (size_t i = 0; i < MOST; i++) {
        struct flight *f = &r->flights[i];
        if (f->phase == UNDER_WAY && f->at_ms <= r->now)
            arrive(r, f);
        else if (f->phase == COMING_BACK && f->at_ms <= r->now)
            come_back(r, f);
    }
}

static struct world_count world_run(const struct world *w)
{
    const struct limiter_options options = {.requests = 100,
                                            .window_ms = w->no_headers ? w->window_ms : 60000,
                                            .headroom_percent = true,
                                            .headroom = w->headroom,
                                            .concurrency = w->concurrency};
    struct run r = {.w = w, .random = w->seed * 2654435761u + 1};
    r.end_ms = w->first_edge_ms + w->windows * w->window_ms;
    r.server = (struct server){
        .edge_ms = w->first_edge_ms,
        .limit = w->limit,
        .offset_ms = w->clock_offset_ms,
        .step_ms = w->steps ? w->first_edge_ms + 2 * w->window_ms : INT64_MAX,
        .change_ms = w->changes > 0 ? 0 : w->first_edge_ms + w->windows * w->window_ms / 2};
    r.other_ms = w->others == OTHERS_NONE ? INT64_MAX : 0;
    r.stall_at_ms = w->stall_ms > 0 ? 1 : INT64_MAX;
    r.agents = w->agents > 0 ? w->agents : 1;
    for (int i = 0; i < r.agents; i++) {
        r.limiter[i] = limiter_new(&options, 0);
        limiter_set_share(r.limiter[i], w->share > 0 ? w->share : 1);
    }
    while (r.now < r.end_ms)
        step(&r, depart_all(&r));
    for (int i = 0; i < r.agents; i++)
        limiter_free(r.limiter[i]);
    return r.count;
}

/* ---- what must hold -------------------------------------------------------------------------- */

static struct world ordinary(uint64_t seed)
{
    uint64_t x = seed * 40503u + 7;
    const int64_t window_ms =
        world_random(&x) < 0.5 ? 60000 : 10000 + (int64_t)(world_random(&x) * 30) * 1000;
    return (struct world){
        .seed = seed,
        .limit = 100,
        .new_limit = 100,
        .window_ms = window_ms,
        .first_edge_ms = 1 + (int64_t)(world_random(&x) * (double)window_ms),
        .clock_offset_ms = (int64_t)(world_random(&x) * 2e12),
        .rounding = (enum rounding)(world_random(&x) * ROUNDINGS),
        .latency_lo = 1,
        .latency_hi = 1 + (int64_t)(world_random(&x) * 200),
        .timeout_ms = 5000,
        .concurrency = 64,
        .windows = 24,
    };
}

static inline void check(const struct world *w, double least, int64_t most_refused)
{
    const struct world_count c = world_run(w);
    const double used = (double)c.used / (double)c.allowed;
    if (c.refused > most_refused || used < least)
        fail_msg(
            "seed %llu: refused %lld, used %lld of %lld (%.2f%%), window %lld latency %lld..%lld",
            (unsigned long long)w->seed, (long long)c.refused, (long long)c.used,
            (long long)c.allowed, 100 * used, (long long)w->window_ms, (long long)w->latency_lo,
            (long long)w->latency_hi);
}

static inline uint64_t seeds(void)
{
    const char *given = getenv("QS_SEEDS");
    return given != NULL ? strtoull(given, NULL, 10) : 12;
}

#endif
