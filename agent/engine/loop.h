/*
 * loop: what to do next and until when: the one wait of the agent, and the owner of its parts.
 *
 * One thread. Each turn keeps the leases, lets every account push and settle what it can, takes one
 * step of the detection under way, and waits until the earliest of: an answer, a signal, a NOTIFY,
 * a scrape, or a deadline. `run`, `once` and `backfill` are the same loop with different ends.
 */
#ifndef QS_ENGINE_LOOP_H
#define QS_ENGINE_LOOP_H

#include "edges/metrics.h"
#include "engine/detect.h"
#include "engine/follow.h"
#include "engine/push.h"
#include "engine/settle.h"

enum loop_mode {
    LOOP_RUN,      /* for ever */
    LOOP_ONCE,     /* one pass over every mapping, then until nothing is left that can be done */
    LOOP_BACKFILL, /* the same with whole scans */
};

/* How far the work has come: for the progress bar, and for the end's summary. */
struct loop_view {
    int64_t rows_looked_at;
    bool detecting;
    const char *mapping;       /* under detection; NULL: none */
    int64_t found, held;       /* operations found to be needed, removals held */
    int64_t refused;           /* by a rule of Qudra's, before anything is sent */
    struct push_counts pushed; /* over all accounts */
    int64_t requests, limited; /* sent; answered 429 */
    int64_t limiter_wait_ms;   /* > 0: waits for the budget */
    int64_t uncertain;         /* creates being looked for */
    struct follow_counts plan; /* where a plan is followed */
};

struct loop_options {
    enum loop_mode mode;
    const struct config *config;
    struct mapping **mappings; /* those to work on */
    size_t n_mappings;
    const char *const *accounts; /* those to work on */
    size_t n_accounts;           /* 0: all */
    struct metrics *metrics;     /* NULL: none */
    int signal_fd;
    const struct follow_options *plan; /* LOOP_BACKFILL: in the place of scans; NULL: none */
    void (*progress)(void *context, const struct loop_view *v); /* NULL: none; each turn */
    void *progress_context;
};

enum loop_end {
    LOOP_QUIET,   /* once, backfill: nothing is left that can be done now */
    LOOP_STOPPED, /* TERM or INT */
    LOOP_RELOAD,  /* HUP, in LOOP_RUN: nothing is in flight any more */
};

struct loop;
/* Connects, checks the schema, compiles the mappings' statements, reads the keys: proves that the
 * configuration works, and takes nothing, so that a second loop may be made beside the first. */
bool loop_new(struct loop **out, const struct loop_options *o, struct err *e) MUST_CHECK;
void loop_free(struct loop *l);

/* Takes the leases and works until it ends as *end says. False when it cannot go on. LOOP_RUN waits
 * for a lease that another agent holds, for servers that are away and for a new key; the others
 * give up: at once for a lease or a refused key, after a minute for servers. */
bool loop_run(struct loop *l, enum loop_end *end, struct err *e) MUST_CHECK;
void loop_view(const struct loop *l, struct loop_view *out);
bool loop_is_away(const struct loop *l); /* it waits for a database */
/* False (ERR_CONFIG): `next` has a key of another environment for the one account that both have,
 * and would end where it takes it. Of several, the others go on. */
bool loop_may_follow(const struct loop *l, const struct loop *next, struct err *e) MUST_CHECK;

#endif
