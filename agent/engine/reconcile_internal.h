/*
 * reconcile_internal: what the files of reconcile share, and nobody else.
 */
#ifndef QS_ENGINE_RECONCILE_INTERNAL_H
#define QS_ENGINE_RECONCILE_INTERNAL_H

#include "engine/reconcile.h"
#include "engine/reconcile_match.h"

struct reconcile {
    struct reconcile_options o;
    struct reconcile_counts *counts;
    int64_t began_ms;   /* monotonic */
    int64_t budget;     /* requests that may still leave */
    struct arena whole; /* unowned jobs, gone rows */
    struct arena page;  /* of the page in hand */

    struct reconcile_set seen;     /* ids of all jobs listed */
    struct reconcile_set contents; /* of jobs that rows have */
    struct reconcile_job *unowned;
    size_t n_unowned, cap_unowned;
    struct reconcile_pool *pool; /* while adopting */
};

/* reconcile.c */
/* Waits for an answer or `timeout_ms`, keeps the lease, gives answers to whom they belong. */
bool reconcile_wait(struct reconcile *r, int64_t timeout_ms, struct err *e) MUST_CHECK;
void reconcile_tell(struct reconcile *r, const struct reconcile_finding *f);
struct feed *reconcile_feed(const struct reconcile *r, const char *mapping);

/* reconcile_list.c: walks the list; fills seen, contents, unowned; tells and marks what was edited.
 */
bool reconcile_list(struct reconcile *r, struct err *e) MUST_CHECK;
/* reconcile_gone.c: rows whose job was not seen; each is made sure of, told, and marked. */
bool reconcile_gone(struct reconcile *r, struct err *e) MUST_CHECK;
/* reconcile_adopt.c: binds unowned jobs to rows. */
bool reconcile_adopt(struct reconcile *r, struct err *e) MUST_CHECK;

#endif
