/*
 * sender: carries one request of an account to Qudra and its answer back to whoever asked.
 *
 * Every request of the agent (creates, updates, removals, list pages, probes) leaves through
 * sender_start, so that the limiter, the lease, the metrics and the log see each one exactly once.
 * It judges no answer: that is qudra's and op's work.
 */
#ifndef QS_ENGINE_SENDER_H
#define QS_ENGINE_SENDER_H

#include "edges/http.h"
#include "edges/metrics.h"
#include "edges/qudra.h"
#include "engine/account.h"

struct sender {
    struct http *http;
    struct metrics *metrics;     /* may be NULL */
    int64_t requests;            /* sent since start */
    int64_t limited;             /* 429 answers since start */
    int64_t successes, failures; /* 2xx; no answer, 5xx */
    char last_failure[256];
    int in_a_row;   /* failures since Qudra last gave an answer of its own */
    bool away_told; /* that it does not has been logged */
};

/* One request on its way. The owner embeds it and keeps it until `done` was called. */
struct errand {
    struct account *account;
    const char *what; /* "create", "list"…: for log and metrics */
    void (*done)(struct errand *, const struct http_response *);
    uint64_t ticket;
    unsigned key_number; /* of the key that the request carries */
};

/* The request carried the key that is in use now. What another key was told says nothing of it: not
 * that it is refused, nor which jobs and how much quota there are. */
bool sender_is_current(const struct errand *errand);

/* 0: a request of the account may leave now; else how long to wait (LIMITER_ASK_AGAIN: an answer
 * must come first). */
int64_t sender_wait_ms(struct account *a, int64_t now_ms);
/* The same for a request that only asks whether a job is there: it may leave while all jobs are
 * missing, and nothing else may. */
int64_t sender_probe_wait_ms(struct account *a, int64_t now_ms);
bool sender_start(struct sender *s, struct errand *errand, const struct qudra_request *request,
                  const char *idempotency_key, int64_t now_ms, struct err *e) MUST_CHECK;
/* Moves what is in flight as far as it goes without waiting: before something else takes long. */
bool sender_go_on(struct sender *s, struct err *e) MUST_CHECK;
/* Gives every answer that has come to its owner; returns how many. */
size_t sender_deliver(struct sender *s);

/* In [0, 1), for jitter. */
double sender_random(void);

#endif
