/*
 * forecast: what a backfill would do, sending and writing nothing.
 *
 * The same detection with a counting sink: every row is decided over exactly as a push would decide
 * now. Removals are counted before the guard, which is then asked what it would say.
 */
#ifndef QS_ENGINE_FORECAST_H
#define QS_ENGINE_FORECAST_H

#include "engine/detect.h"
#include "engine/tally.h"

struct forecast {
    struct arena arena;
    struct pg *state;
    int64_t rows;        /* looked at */
    int64_t op[OP_NONE]; /* operations needed */
    int64_t
        create_closed; /* creates whose status is closed already: they use up quota for nothing */
    int64_t field[JOB_FIELDS]; /* updates that change the field */
    int64_t equal;             /* nothing to do */
    int64_t waiting;           /* uncertain, or being sent by a running agent */
    int64_t refused;
    struct tally refusals;
    int64_t mirrored, removing; /* for the guard */
    bool held;                  /* the guard would stop the removals */
    /* Each row that needs something, or is refused; NULL: not wanted. */
    void (*row)(void *context, const struct feed *f, const struct sighting *seen,
                const struct recorded *recorded);
    void *row_context;
};

void forecast_init(struct forecast *p, struct pg *state);
void forecast_release(struct forecast *p);
/* Adds what the mapping needs. */
bool forecast_add(struct forecast *p, struct feed *f, const struct remove_limit *limit,
                  struct err *e) MUST_CHECK;

#endif
