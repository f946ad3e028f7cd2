/*
 * migrate: the schema qudra_sync, brought up to date, and the opt-in triggers.
 *
 * Each migration runs in a transaction of its own, with its version and checksum recorded in
 * qudra_sync.migration in the same transaction: a stop at any point leaves a whole version. A
 * schema newer than this program, or a migration whose text has changed since it ran, is refused.
 * Open the connection with a statement_timeout_ms of 0: an index over millions of rows takes its
 * time.
 */
#ifndef QS_EDGES_MIGRATE_H
#define QS_EDGES_MIGRATE_H

#include "edges/pg.h"

struct migrate_step {
    int version;
    const char *name;
    bool applied;
    const char *applied_at; /* in the arena; NULL when not applied */
};

/* The list, oldest first; works without the schema too. */
bool migrate_status(struct pg *pg, struct arena *a, struct migrate_step **steps, size_t *n,
                    struct err *e) MUST_CHECK;
/* Applies what is missing, under a lock against a second migrator; *done says how many. */
bool migrate_up(struct pg *pg, int *done, struct err *e) MUST_CHECK;
/* ERR_CONFIG unless the schema is exactly this program's; hint: run `qudra-sync migrate`. */
bool migrate_require(struct pg *pg, struct err *e) MUST_CHECK;

#endif
