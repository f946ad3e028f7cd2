/*
 * forecast: what a backfill would do, sending and writing nothing.
 *
 * The same detection with a counting sink: every row is decided over exactly as a push would decide
 * now. A job whose row is gone goes to a new row of equal content, so what is gone is looked for
 * first, in all mappings; then every row is told once. The guard is asked for each mapping and
 * account what it would say to the removals.
 *
 * Memory grows with the rows that are gone, and with nothing else.
 */
#ifndef QS_ENGINE_FORECAST_H
#define QS_ENGINE_FORECAST_H

#include "engine/detect.h"
#include "engine/tally.h"

/* A row that is gone and has something at Qudra. */
struct forecast_gone {
    const struct mapping *mapping;
    const char *account, *key;
    struct recorded recorded;
    bool leaves;    /* its job is free for a new row of equal content */
    bool lies;      /* held already, or not gone for source.remove_after: it stays for now */
    bool let_go;    /* its removal has passed the guard and waits to be sent */
    bool handed_on; /* to such a row */
    struct forecast_gone *next;     /* in the order in which they were found */
    struct forecast_gone *likewise; /* of the same place in the index */
};

/* What becomes of a row. */
struct forecast_row {
    const struct feed *feed;
    const struct sighting *seen;
    const struct recorded *recorded;
    const struct forecast_gone *from; /* whose job it takes over; NULL: no one's */
    bool held;                        /* a removal that the guard would stop */
};

struct forecast {
    struct arena arena;
    struct pg *state;
    /* Whether rows of this account are part of it; NULL: all are. */
    bool (*counts)(void *context, const char *account);
    void *counts_context;
    int64_t rows;        /* looked at, */
    int64_t left_out;    /* and not counted any further: of other accounts */
    int64_t op[OP_NONE]; /* operations needed */
    int64_t
        create_closed; /* creates whose status is closed already: they use up quota for nothing */
    int64_t field[JOB_FIELDS]; /* updates that change the field */
    int64_t equal;             /* nothing to do */
    int64_t rebound;           /* new rows that take over the job of one that is gone */
    int64_t waiting;           /* uncertain, or being sent by a running agent */
    int64_t refused;
    struct tally refusals;
    int64_t mirrored, removing; /* for the guard */
    bool held;                  /* the guard would stop some removals */
    /* Each row that needs something, or is refused; NULL: not wanted. */
    void (*row)(void *context, const struct forecast_row *row);
    void *row_context;

    struct forecast_gone *first, **last; /* what is gone, */
    struct forecast_gone **index;        /* and that which leaves, by account and content */
    size_t n_leaves, cap_index;
    struct forecast_guard *guards; /* of the mapping in hand, by account */
    size_t n_guards, cap_guards, guard_at;
};

void forecast_init(struct forecast *p, struct pg *state);
void forecast_release(struct forecast *p);
/* First, for every mapping: what of it is gone. */
bool forecast_look(struct forecast *p, struct feed *f, struct err *e) MUST_CHECK;
/* Then, in the order in which a backfill takes them: adds what the mapping needs. */
bool forecast_add(struct forecast *p, struct feed *f, const struct remove_limit *limit,
                  struct err *e) MUST_CHECK;

#endif
