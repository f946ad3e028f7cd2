/*
 * limiter_window: the server's windows as the answers show them: which one is running, where its
 * edges lie on our monotonic clock, and how much of it is used. A part of rules/limiter, and of
 * nothing else; pauses, back-off and concurrency are not here.
 */
#ifndef QS_RULES_LIMITER_WINDOW_H
#define QS_RULES_LIMITER_WINDOW_H

#include "rules/limiter.h"

struct limiter_window {
    int64_t reset;        /* X-RateLimit-Reset; extrapolated until `confirmed` */
    bool confirmed;       /* an answer has shown it */
    int64_t confirmed_ms; /* when that came */
    int64_t began_ms;     /* when we took it to have begun */
    int64_t used;         /* the most that any answer said */
    int64_t used_ms;      /* when the answer came that last said how much is used */
    int64_t heard_ms;     /* when the newest request left whose answer said so */
    int64_t base;         /* used before our first answer of the first window: nobody's fault */
    int64_t own;          /* our requests that were answered out of this window */
    int64_t silent;       /* our requests that may be in it, but no header said so */
    int64_t others;       /* the least that others must have used */
    int64_t basis;        /* requests of which a share is a share */
};

/* Requests that may have been counted without our knowing. An answer to a request that was sent
 * after the last of them ended has them in its count. Two generations, so that a steady trickle
 * of losses cannot put off the settling for ever. */
struct limiter_ghosts {
    int64_t n, last_ms;
};

struct limiter_windows {
    bool learned;          /* limit, use and edges come from answers */
    int64_t limit;         /* of the newest answer that said one */
    int64_t limit_sent_ms; /* when that answer's request had left */
    int64_t length_ms;     /* of a window: a guess until `length_sure` */
    int64_t length_seen;   /* the last distance of two edges; the same twice makes it sure */
    bool length_sure;
    /* An edge is at reset + phase on the monotonic clock, phase in [phase_lo, phase_hi]. */
    int64_t phase_lo, phase_hi;
    bool phase_loose; /* the phase changes from window to window: bounds only grow */
    int trust;        /* windows in a row that came when they were foreseen */
    struct limiter_window now, before;
    struct limiter_ghosts fresh, ageing;
    int64_t others_before; /* use of others in the last whole window */
    int unconfirmed;       /* windows in a row that no answer has shown */
    bool dated;            /* Date goes by the clock that the edges go by */
    bool moved;            /* the answer in hand goes by another clock than those before it */
};

void limiter_window_init(struct limiter_windows *w, const struct limiter_options *o);

/* Moves on to the window that is certainly running at now_ms. */
void limiter_window_roll(struct limiter_windows *w, int64_t now_ms);
/* An answer. `in_flight` does not count its own request any more. */
void limiter_window_answer(struct limiter_windows *w, int64_t sent_ms, int64_t now_ms,
                           const struct limiter_headers *h, bool refused, int in_flight);
/* A request ended without a word on the limit, but may have been counted. */
void limiter_window_silence(struct limiter_windows *w, int64_t now_ms);

/* Not taken by any request, known or suspected; before headroom, shares and others. */
int64_t limiter_window_free(const struct limiter_windows *w, int in_flight);
/* The running window ends between the two. */
int64_t limiter_window_end_lo(const struct limiter_windows *w);
int64_t limiter_window_end_hi(const struct limiter_windows *w);

#endif
