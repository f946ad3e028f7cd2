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

static int free_job(const struct settle_attempt *attempts, size_t before,
                    const struct job_hash *jobs, size_t n_jobs, const struct job_hash *payload,
                    unsigned identity)
{
    for (size_t j = 0; j < n_jobs; j++) {
        if (!settle_fits(&jobs[j], payload, identity))
            continue;
        bool taken = false;
        for (size_t k = 0; k < before && !taken; k++)
            taken = attempts[k].match == (int)j;
        if (!taken)
            return (int)j;
    }
    return SETTLE_NONE;
}

void settle_match(struct settle_attempt *attempts, size_t n_attempts, const struct job_hash *jobs,
                  size_t n_jobs, unsigned identity)
{
    /* Without a single field to go by, nothing can be told. */
    bool blind = (identity & 1u << JOB_TITLE) == 0;
    for (size_t i = 0; i < n_attempts; i++) {
        struct settle_attempt *a = &attempts[i];
        a->match = free_job(attempts, i, jobs, n_jobs, &a->payload, identity);
        if (a->match != SETTLE_NONE && (blind || has_double(attempts, n_attempts, i, identity)))
            a->match = SETTLE_AMBIGUOUS;
    }
}
