/*
 * window: the two budgets of Part A: requests a window by key, jobs a month by account.
 */
#ifndef SANDBOX_WINDOW_H
#define SANDBOX_WINDOW_H

#include "accounts.h"
#include "options.h"

/* What the X-RateLimit-* headers say. */
struct rate {
    int64_t limit;
    int64_t remaining;
    int64_t reset_s; /* Unix seconds */
};

/* Counts a request and fills the headers. False: over the limit, and the refusal is counted. */
bool window_take(struct key *key, const struct options *o, int64_t now_ms, struct rate *rate);
/* What the headers say to a request without a known key: the free plan's, untouched. */
struct rate window_of_nobody(const struct options *o, int64_t now_ms);

int64_t quota_limit(const struct account *a, const struct options *o);
/* Jobs that may still be created in the month; a new month begins at nought. */
int64_t quota_left(struct account *a, const struct options *o, int64_t month);

#endif
