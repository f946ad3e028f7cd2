/*
 * Pairing by content, from fine to coarse. Attempts are few (what was in flight when something
 * broke), so every attempt is held against every job; both sides are compared by hashes alone.
 *
 * That a text has come back as sent is no proof that the next will: a server that folds white space
 * changes one description in twenty. So no difference of texts alone ever makes a create count as
 * not applied, unless it is one of words (promise 2).
 */
#include "engine/settle.h"

#define TEXTS (1u << JOB_TITLE | 1u << JOB_DESCRIPTION)

static bool same_field(const struct settle_content *a, const struct settle_content *b,
                       enum job_field f)
{
    return a->hash.field[f] == b->hash.field[f];
}

static bool same_title(const struct settle_content *a, const struct settle_content *b)
{
    return same_field(a, b, JOB_TITLE) || (a->words.title != 0 && a->words.title == b->words.title);
}

static bool same_description(const struct settle_content *a, const struct settle_content *b)
{
    return same_field(a, b, JOB_DESCRIPTION) ||
           (a->words.description != 0 && a->words.description == b->words.description);
}

bool settle_fits(const struct settle_content *sent, const struct settle_content *held,
                 enum settle_tier tier, unsigned identity)
{
    const unsigned facts = identity & ~TEXTS;
    for (enum job_field f = 0; f < JOB_FIELDS; f++)
        if ((facts & 1u << f) != 0 && sent->hash.field[f] != 0 && !same_field(sent, held, f))
            return false;
    switch (tier) {
    case SETTLE_SAME:
        return same_field(sent, held, JOB_TITLE) && same_field(sent, held, JOB_DESCRIPTION);
    case SETTLE_SAME_WORDS:
        return same_title(sent, held) && same_description(sent, held);
    case SETTLE_SAME_TITLE:
        return same_title(sent, held);
    case SETTLE_SAME_FACTS:
        return true;
    }
    BUG("tier %d", (int)tier);
}

struct matching {
    struct settle_attempt *attempts;
    size_t n;
    const struct settle_content *jobs;
    size_t n_jobs;
    unsigned identity, proven;
};

/* A different payload, not paired by a finer tier, that this one cannot tell from the attempt's. */
static bool has_double(const struct matching *m, size_t i, enum settle_tier tier)
{
    const struct settle_attempt *a = &m->attempts[i];
    for (size_t k = 0; k < m->n; k++) {
        const struct settle_attempt *other = &m->attempts[k];
        bool left = other->match == SETTLE_NONE || other->tier == tier;
        if (k != i && left && settle_fits(&a->payload, &other->payload, tier, m->identity) &&
            !job_hash_equal(&other->payload.hash, &a->payload.hash))
            return true;
    }
    return false;
}

static bool is_taken(const struct matching *m, size_t job)
{
    for (size_t k = 0; k < m->n; k++)
        if (m->attempts[k].match == (int)job)
            return true;
    return false;
}

/* The first free job that fits attempt i; *more: there is another. */
static int free_job(const struct matching *m, size_t i, enum settle_tier tier, bool *more)
{
    int found = SETTLE_NONE;
    *more = false;
    for (size_t j = 0; j < m->n_jobs && !*more; j++) {
        if (!settle_fits(&m->attempts[i].payload, &m->jobs[j], tier, m->identity) || is_taken(m, j))
            continue;
        *more = found != SETTLE_NONE;
        found = found == SETTLE_NONE ? (int)j : found;
    }
    return found;
}

static bool is_proven(const struct matching *m, enum job_field f)
{
    return (m->identity & m->proven & 1u << f) != 0;
}

/* What a job that fits by this tier means: its own, or a question to a person, or nothing. */
static int judge(const struct matching *m, size_t i, enum settle_tier tier, int job, bool more)
{
    const bool doubled = has_double(m, i, tier);
    switch (tier) {
    case SETTLE_SAME:
    case SETTLE_SAME_WORDS: /* jobs that are equal so far are as good as each other */
        return doubled ? SETTLE_AMBIGUOUS : job;
    case SETTLE_SAME_TITLE: /* the only job for the only row */
        return doubled || more || is_proven(m, JOB_DESCRIPTION) ? SETTLE_AMBIGUOUS : job;
    case SETTLE_SAME_FACTS:
        return is_proven(m, JOB_TITLE) ? SETTLE_NONE : SETTLE_AMBIGUOUS;
    }
    BUG("tier %d", (int)tier);
}

void settle_match(struct settle_attempt *attempts, size_t n_attempts,
                  const struct settle_content *jobs, size_t n_jobs, unsigned identity,
                  unsigned proven)
{
    const struct matching m = {attempts, n_attempts, jobs, n_jobs, identity, proven};
    for (size_t i = 0; i < n_attempts; i++)
        attempts[i].match = SETTLE_NONE;
    for (enum settle_tier tier = SETTLE_SAME; tier <= SETTLE_SAME_FACTS; tier++)
        for (size_t i = 0; i < n_attempts; i++) {
            struct settle_attempt *a = &attempts[i];
            bool more;
            int job = a->match == SETTLE_NONE ? free_job(&m, i, tier, &more) : SETTLE_NONE;
            if (job == SETTLE_NONE)
                continue;
            a->match = judge(&m, i, tier, job, more);
            a->tier = tier;
        }
}

enum settle_tier settle_loosest(unsigned identity, unsigned proven)
{
    return (identity & proven & 1u << JOB_TITLE) != 0 ? SETTLE_SAME_TITLE : SETTLE_SAME_FACTS;
}
