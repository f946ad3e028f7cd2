/*
 * Each text is hashed alone and its hash folded, with its length, into the sum over all: nothing
 * can move from the end of one field to the beginning of the next without being seen, and one pass
 * over a description serves both hashes. Stored in the canonical byte order, so that a state made
 * on one machine is good on another.
 */
#include "rules/job.h"

#include <string.h>

#include <xxhash.h>

/* Tells a sum over refusals from one over a job, whatever they hold. */
#define REFUSALS_BIT 0x80u

/* Returns the text's own hash: 0 when it is missing, and never 0 otherwise. */
static uint64_t fold(uint8_t all[16], struct text t)
{
    XXH128_hash_t own = t.data ? XXH3_128bits(t.data, t.len) : (XXH128_hash_t){0, 0};
    uint64_t len = t.data ? t.len : UINT64_MAX;
    uint8_t frame[16 + 8 + 16];
    memcpy(frame, all, 16);
    for (int i = 0; i < 8; i++)
        frame[16 + i] = (uint8_t)(len >> (8 * i));
    XXH128_canonical_t canonical;
    XXH128_canonicalFromHash(&canonical, own);
    memcpy(frame + 24, canonical.digest, 16);
    XXH128_canonicalFromHash(&canonical, XXH3_128bits(frame, sizeof frame));
    memcpy(all, canonical.digest, 16);
    return t.data && own.low64 == 0 ? 1 : own.low64;
}

void job_hash(const struct job *job, struct job_hash *out)
{
    memset(out, 0, sizeof *out);
    for (enum job_field f = 0; f < JOB_FIELDS; f++)
        out->field[f] = fold(out->all, job->field[f]);
    out->all[0] &= (uint8_t)~REFUSALS_BIT;
}

void job_hash_refusals(const struct refusal *refusals, size_t n, struct job_hash *out)
{
    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < n; i++) {
        fold(out->all, text_of(refusals[i].rule));
        fold(out->all, text_of(refusals[i].message));
        fold(out->all, text_of(refusals[i].message_ar));
    }
    out->all[0] |= REFUSALS_BIT;
}

bool job_hash_equal(const struct job_hash *a, const struct job_hash *b)
{
    return memcmp(a->all, b->all, sizeof a->all) == 0;
}

unsigned job_changed(const struct job_hash *from, const struct job_hash *to)
{
    unsigned mask = 0;
    if (job_hash_equal(from, to))
        return 0;
    for (enum job_field f = 0; f < JOB_FIELDS; f++)
        if (from->field[f] != to->field[f])
            mask |= 1u << f;
    return mask ? mask : JOB_ALL;
}
