/*
 * operator: what a person may change in the state while an agent is at work on it: rows put back in
 * line, held removals let go, another source accepted.
 *
 * No lease is taken: the fence of whoever holds the account is borrowed. That is safe because only
 * the marks "refused" and "held" are touched, which no agent acts upon; from "pending" on the row
 * is the agent's, and is decided again before anything is sent.
 */
#ifndef QS_EDGES_OPERATOR_H
#define QS_EDGES_OPERATOR_H

#include "edges/state.h"

struct operator_choice {
    const char *account, *mapping, *key; /* NULL: all */
    const char *code;                    /* error_code; NULL: any; not for release */
};

/* Refused rows become pending; *count says how many. */
bool operator_retry(struct pg *pg, const struct operator_choice *c, int64_t *count,
                    struct err *e) MUST_CHECK;
/* Held removals become pending. */
bool operator_release(struct pg *pg, const struct operator_choice *c, int64_t *count,
                      struct err *e) MUST_CHECK;
/* The database that is read now is the right one, though it is not the one that was read before; of
 * the choice the mapping alone counts. *count: mappings. */
bool operator_accept_source(struct pg *pg, const struct operator_choice *c, int64_t *count,
                            struct err *e) MUST_CHECK;
/* Wakes the agent that listens on this database, so that it looks at once. */
bool operator_wake(struct pg *pg, struct err *e) MUST_CHECK;

#endif
