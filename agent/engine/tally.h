/*
 * tally: refused rows counted by rule, each with its first message and a few keys to look at.
 */
#ifndef QS_ENGINE_TALLY_H
#define QS_ENGINE_TALLY_H

#include "rules/op.h"

#define TALLY_EXAMPLES 3

struct tally_rule {
    const char *rule, *message; /* message: of the first such row */
    int64_t rows;
    const char *example[TALLY_EXAMPLES]; /* keys; NULL behind the last */
};

struct tally { /* all zero: empty */
    struct tally_rule *rules;
    size_t n, cap;
};

/* Counts `rows` rows that are refused for the same reasons; `key` (may be NULL) is that of one.
 * What is kept lives in `a`. */
void tally_count(struct tally *t, struct arena *a, const struct desired *refused, const char *key,
                 int64_t rows);
void tally_sort(struct tally *t); /* most rows first */

#endif
