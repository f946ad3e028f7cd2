/*
 * follow: does what a plan's file says, row by row, and leaves alone what has changed since.
 *
 * It stands in the place of detection: a page of the file's rows at a time is read from source and
 * state and decided over as always. A row for which the decision is still the planned one is marked
 * and put among those that push may pick; any other is told and not touched. Removals go by the
 * guard's verdict over the plan's own figures. Nothing of how far it came is kept: what is done
 * already shows as done when it begins anew.
 */
#ifndef QS_ENGINE_FOLLOW_H
#define QS_ENGINE_FOLLOW_H

#include "edges/planfile.h"
#include "engine/detect.h"

/* A row that was left alone. */
struct follow_left {
    const char *mapping, *account, *key;
    enum op_kind planned;
    const char *now;    /* the operation it would need now, "refuse", or NULL: none */
    const char *reason; /* English */
};

struct follow_options {
    struct planfile *file;
    void (*left)(void *context, const struct follow_left *row);
    void *left_context;
};

struct follow_counts {
    int64_t rows; /* of the plan, looked at */
    int64_t due[OP_NONE];
    int64_t done; /* nothing is to be done for them any more */
    int64_t left; /* changed since, or held */
};

struct follow;
struct follow *follow_new(const struct follow_options *o, struct pg *state,
                          const struct remove_limit *max_remove);
void follow_free(struct follow *w); /* NULL is allowed; the file is the caller's */

/* Refuses a plan (ERR_CONFIG) of another source, or of a mapping that is another one by now. */
bool follow_check_feed(const struct follow *w, const struct feed *f, struct err *e) MUST_CHECK;
/* Refuses one whose account has another environment now; `environment` NULL: no such account. */
bool follow_check_account(const struct follow *w, const char *account, const char *environment,
                          struct err *e) MUST_CHECK;

/* Begins: no row of these accounts is planned. Ends the same way. */
bool follow_clear(struct follow *w, const struct lease *leases, size_t n, struct err *e) MUST_CHECK;
/* One page of the mapping's lines. *done: that was the last. */
bool follow_step(struct follow *w, struct feed *f, const struct lease *leases, size_t n, bool *done,
                 struct err *e) MUST_CHECK;
/* Push found that a planned row wants something else by now. */
void follow_tell_stray(struct follow *w, const char *mapping, const char *account, const char *key,
                       enum op_kind planned, enum op_kind now);
const struct follow_counts *follow_counts(const struct follow *w);

#endif
