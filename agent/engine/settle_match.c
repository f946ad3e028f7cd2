/*
 * Pairing by content. Attempts are few (what was in flight when something broke), so every attempt
 * is held against every job; both sides are compared by hashes alone.
 */
#include "engine/settle.h"

bool settle_fits(const struct job_hash *a, const struct job_hash *b, unsigned identity)
{
    for (unsigned f = 0; f < JOB_FIELDS; f++)
        if ((identity & 1u << f) != 0 && a->field[f] != b->field[f])
            return false;
    return true;
}

/* A different payload that the identifying fields cannot tell from this one. */
static bool has_double(const struct settle_attempt *attempts, size_t n, size_t i, unsigned identity)
{
    for (size_t k = 0; k < n; k++)
        if (k != i && settle_fits(&attempts[k].payload, &attempts[i].payload, identity) &&
            !job_hash_equal(&attempts[k].payload, &attempts[i].payload))
            return true;
    return false;
}

static bool is_taken(const struct settle_attempt *attempts, size_t n, size_t job)
{
    for (size_t k = 0; k < n; k++)
        if (attempts[k].match == (int)job)
            return true;
    return false;
}

/* The first free job that fits attempt i; *more: there is another. */
static int free_job(const struct settle_attempt *attempts, size_t n, size_t i,
                    const struct job_hash *jobs, size_t n_jobs, unsigned identity, bool *more)
{
    int found = SETTLE_NONE;
    *more = false;
    for (size_t j = 0; j < n_jobs && !*more; j++) {
        if (!settle_fits(&jobs[j], &attempts[i].payload, identity) || is_taken(attempts, n, j))
            continue;
        *more = found != SETTLE_NONE;
        found = found == SETTLE_NONE ? (int)j : found;
    }
    return found;
}

/* By fields that are known to come back as sent, or not known not to. */
static void match_strictly(struct settle_attempt *attempts, size_t n, const struct job_hash *jobs,
                           size_t n_jobs, unsigned identity)
{
    /* Without a single field to go by, nothing can be told. */
    bool blind = (identity & 1u << JOB_TITLE) == 0, more;
    for (size_t i = 0; i < n; i++) {
        struct settle_attempt *a = &attempts[i];
        if (a->match != SETTLE_NONE)
            continue;
        a->match = free_job(attempts, n, i, jobs, n_jobs, identity, &more);
        if (a->match != SETTLE_NONE && (blind || has_double(attempts, n, i, identity)))
            a->match = SETTLE_AMBIGUOUS;
    }
}

/* What is left may have come back in other words: a text of which nothing is known yet does not
 * prove that a job is another one's. The only job for the only row is its own, and is written anew.
 */
static void match_loosely(struct settle_attempt *attempts, size_t n, const struct job_hash *jobs,
                          size_t n_jobs, unsigned identity)
{
    bool blind = (identity & 1u << JOB_TITLE) == 0, more;
    for (size_t i = 0; i < n; i++) {
        struct settle_attempt *a = &attempts[i];
        if (a->match != SETTLE_NONE)
            continue;
        int job = free_job(attempts, n, i, jobs, n_jobs, identity, &more);
        if (job == SETTLE_NONE)
            continue;
        a->loose = !more && !blind && !has_double(attempts, n, i, identity);
        a->match = a->loose ? job : SETTLE_AMBIGUOUS;
    }
}

void settle_match(struct settle_attempt *attempts, size_t n_attempts, const struct job_hash *jobs,
                  size_t n_jobs, unsigned identity, unsigned proven)
{
    for (size_t i = 0; i < n_attempts; i++) {
        attempts[i].match = SETTLE_NONE;
        attempts[i].loose = false;
    }
    match_strictly(attempts, n_attempts, jobs, n_jobs,
                   JOB_ALL); /* one changed text proves little */
    unsigned without_description = identity & (proven | ~(1u << JOB_DESCRIPTION));
    match_strictly(attempts, n_attempts, jobs, n_jobs, identity);
    match_loosely(attempts, n_attempts, jobs, n_jobs, without_description);
    match_loosely(attempts, n_attempts, jobs, n_jobs, settle_loosest(identity, proven));
}

unsigned settle_loosest(unsigned identity, unsigned proven)
{
    return identity & (proven | ~(1u << JOB_DESCRIPTION | 1u << JOB_TITLE));
}
