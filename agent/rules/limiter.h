/*
 * limiter: may a request of an account leave now, and if not, when.
 *
 * Promise 3: never over the limit, never idle while work waits. The documented plan is the first
 * guess; from the first answer on the X-RateLimit-* headers are the truth (rate-limiting page).
 * Requests in flight count as used until their answer says otherwise. Windows are the server's:
 * their edges are learned from X-RateLimit-Reset against the server's own Date. Pure: monotonic
 * time and randomness are passed in, so that a property test can run a year in a second.
 *
 * What cannot be had: another program on the key, which knows nothing of us, may take the last free
 * request while ours is on its way to it. Room kept for it makes that rare, and a refusal ends the
 * window for us; so beside such a program at most one request a window is refused (over 250 seeds
 * beside one that sends at random: 2 in 6,000 windows; beside one that takes all it can: 77 in
 * 1,440). None at all would mean to leave unused what nobody may want.
 *
 * Not here: which operation goes first (engine/push), back-off of single rows (op), the connection
 * count that curl keeps (edges/http); only how many may be in flight is said here.
 */
#ifndef QS_RULES_LIMITER_H
#define QS_RULES_LIMITER_H

#include <stdbool.h>
#include <stdint.h>

/* Part A, "Plans": defaults until the headers say otherwise. */
struct plan {
    const char *name; /* free, growth, scale */
    int64_t requests; /* a minute */
    int64_t quota;    /* jobs created a month; -1: unlimited */
    int bulk;         /* jobs a bulk-create may hold; 0: no bulk-create */
};
extern const struct plan plans[3];
const struct plan *plan_find(const char *name); /* NULL: no such plan */

struct limiter_options {
    int64_t requests;      /* first guess, per window */
    int64_t window_ms;     /* first guess: 60,000 */
    bool headroom_percent; /* else a count of requests */
    double headroom;       /* left to the key's other users */
    int concurrency;       /* upper bound of requests in flight */
};

/* What one answer said. Absent: -1. Times are Unix milliseconds of the server's clock. */
struct limiter_headers {
    int64_t limit, remaining, reset_ms, date_ms;
    int64_t
        retry_after_ms; /* a duration; a date was turned into one by the caller against date_ms */
};

struct limiter; /* opaque, heap; a few hundred bytes whatever happens */
struct limiter *limiter_new(const struct limiter_options *o, int64_t now_ms);
void limiter_free(struct limiter *l);

/* 0: a request may leave now. Otherwise how long to wait before asking again; an answer that comes
 * in the meantime may shorten it. LIMITER_ASK_AGAIN: only an answer can tell. */
int64_t limiter_wait_ms(struct limiter *l, int64_t now_ms);
#define LIMITER_ASK_AGAIN INT64_MAX

/* Every request that leaves is told here, and gets exactly one end. The ticket ties the two. */
uint64_t limiter_sent(struct limiter *l, int64_t now_ms);
/* A 429 with room left in the window (Remaining above 0) is not about the window (the quota, most
 * likely): it counts as any answer, and a Retry-After of more than two windows is not waited for.
 */
void limiter_answered(struct limiter *l, uint64_t ticket, int64_t now_ms, int status,
                      const struct limiter_headers *h, double random);
/* No answer came (time-out, reset): the server may have counted it or not: counted as used.
 * `left` false: it never reached the server (no DNS, no connection): not counted. */
void limiter_lost(struct limiter *l, uint64_t ticket, int64_t now_ms, bool left, double random);

/* For status, metrics, and push's choice of how much to prepare. */
struct limiter_view {
    int64_t limit, used, left; /* this window; left is after headroom and in flight */
    int64_t resets_in_ms;
    int in_flight, concurrency; /* the adaptive bound now in force */
    bool learned;               /* from headers, not from the plan */
    double a_minute;   /* requests a minute that the key leaves us, at others' present use */
    int64_t paused_ms; /* Retry-After or back-off still to run; 0: none */
};
void limiter_view(struct limiter *l, int64_t now_ms, struct limiter_view *out);

/* Several agents on one key through PostgreSQL (issue "Budget"): a share of the window that this
 * agent may use, 1.0 alone. A smaller one holds at once, a larger one from the next window on: how
 * much of the running one was taken since our last answer, nobody has told us. */
void limiter_set_share(struct limiter *l, double share);

#endif
