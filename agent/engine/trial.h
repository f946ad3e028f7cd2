/*
 * trial: a mapping tried on rows of its source: what would be sent and what refused, and why.
 *
 * Sends nothing, records nothing and needs no state. What it tells is about each row by itself;
 * what would change at Qudra is told by forecast.
 */
#ifndef QS_ENGINE_TRIAL_H
#define QS_ENGINE_TRIAL_H

#include "edges/source.h"
#include "engine/tally.h"

#define TRIAL_ACCOUNT (-1) /* in place of a field: the account that a row names */

struct trial_unknown { /* a value that ksa_city or a map does not know */
    int field;         /* enum job_field, or TRIAL_ACCOUNT */
    const char *value;
    int64_t rows;
    bool defaulted; /* the field's default stood in for it */
};

/* Whose row it is, by the account that it names. */
enum trial_whose { TRIAL_OURS, TRIAL_LEFT_OUT, TRIAL_NOBODYS };
struct trial_accounts {
    enum trial_whose (*whose)(const void *context, const char *account);
    const void *context;
};

struct trial {
    struct arena arena; /* of everything below */
    int64_t rows, accepted, refused, removed;
    int64_t undated;                /* updated_at is NULL: only a sweep finds a change of them */
    bool whole;                     /* no row was left out */
    const char *last_key;           /* NULL: no row */
    struct tally refusals;          /* most rows first */
    struct trial_unknown *unknowns; /* most rows first; at most a thousand different ones */
    size_t n_unknowns, cap_unknowns;
};

/* Tries the first `limit` rows by key, or all of them (0). The trial is released by the caller,
 * also after a failure. */
bool trial_run(struct trial *t, struct source *s, const struct mapping *m,
               const struct trial_accounts *accounts, int64_t limit, struct err *e) MUST_CHECK;
void trial_release(struct trial *t);

#endif
