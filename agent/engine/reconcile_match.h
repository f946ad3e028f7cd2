/*
 * reconcile_match: which of Qudra's unowned jobs is which row's, by content alone. Pure.
 *
 * Matching goes from fine to coarse, over all rows with one key before any row with the next:
 *   exact    every field as it would be sent
 *   normal   the same text for a reader: Unicode form, white space, the style of Markdown's marks,
 *            HTML tags and defaults that Qudra filled in do not count (Part B); the status may
 * differ letters  the same letters and digits; open and closed jobs are kept apart from here on
 *   identity the same but for the description, where one row and one job stand alone
 * Rows and jobs that are equal by the first two keys are interchangeable. By the others a pair is
 * made only where no other pair could be meant; what stays ambiguous is named and not bound.
 *
 * An unowned job takes about 300 bytes while it is looked at. Rows are not kept at all: they come
 * by in passes, one for each of `enum reconcile_tier`.
 */
#ifndef QS_ENGINE_RECONCILE_MATCH_H
#define QS_ENGINE_RECONCILE_MATCH_H

#include "edges/state.h"

struct reconcile_key {
    uint64_t word[2];
};
struct reconcile_keys {
    struct job_hash content;
    struct reconcile_key normal, letters, identity;
    bool closed;
};
/* `scratch` is used and not cleared. */
void reconcile_keys(const struct job *job, struct arena *scratch, struct reconcile_keys *out);

/* A job of Qudra's that no row owns. */
struct reconcile_job {
    const char *job_id, *qudra_url, *job_status, *embedding_status;
    int match_ready;
    struct reconcile_keys keys;
    bool taken;    /* given to a row */
    bool promised; /* to a row of the same letters, in the last tier */
};

enum reconcile_tier {
    RECONCILE_EXACT,
    RECONCILE_NORMAL,
    RECONCILE_COUNT, /* rows only come by, to be counted for the last */
    RECONCILE_REST,
    RECONCILE_TIERS
};

enum reconcile_fate {
    RECONCILE_NO_JOB,    /* nothing fits this row: it may be created */
    RECONCILE_SAME,      /* its job, which says what the row says */
    RECONCILE_SIMILAR,   /* its job, which an update must make say so */
    RECONCILE_AMBIGUOUS, /* it could be its job: a person must tell */
};
struct reconcile_match {
    enum reconcile_fate fate;
    struct reconcile_job *job; /* SAME, SIMILAR; AMBIGUOUS: the first of those it could be */
    size_t candidates;         /* AMBIGUOUS: how many jobs it could be */
};

struct reconcile_pool;
/* The jobs are borrowed; their order is that of preference. */
struct reconcile_pool *reconcile_pool_new(struct reconcile_job *jobs, size_t n);
void reconcile_pool_free(struct reconcile_pool *p);
size_t reconcile_pool_left(const struct reconcile_pool *p); /* jobs not taken */

/* Begins a pass. Passes come in the order of the tiers, each over all rows that have no job. */
void reconcile_pool_begin(struct reconcile_pool *p, enum reconcile_tier tier);
/* What the pass says of a row; a job that it gives is taken. */
struct reconcile_match reconcile_pool_match(struct reconcile_pool *p,
                                            const struct reconcile_keys *row);
/* The row could not be bound after all. */
void reconcile_pool_give_back(struct reconcile_pool *p, struct reconcile_job *job);

/* ---- drift ----------------------------------------------------------------------------------- */

/* Fields in which a job is no longer as Qudra last answered it to us; 0: none. `changed` are fields
 * known to come back other than sent, which count for nothing where no answer was kept (`excused`).
 */
unsigned reconcile_edited(const struct bound *row, const struct reconcile_keys *job,
                          const char *job_status, unsigned excused);

/* ---- a set of 64-bit hashes ------------------------------------------------------------------ */

/* 11 to 22 bytes a member. Two of a million texts share a hash in one account of many millions, and
 * then one finding is missed. */
struct reconcile_set {
    uint64_t *slot; /* 0: free */
    size_t n, cap;
};
void reconcile_set_release(struct reconcile_set *s);
bool reconcile_set_add(struct reconcile_set *s, uint64_t hash); /* false: it was there */
bool reconcile_set_has(const struct reconcile_set *s, uint64_t hash);
uint64_t reconcile_set_hash(const char *text);

#endif
