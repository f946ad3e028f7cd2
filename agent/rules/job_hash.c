/*
 * Each text is hashed alone, and the sum over all is the hash of those hashes with the lengths:
 * nothing can move from the end of one field to the beginning of the next without being seen, and
 * one pass over a description serves both hashes. Stored in the canonical byte order, so that a
 * state made on one machine is good on another.
 */
#include "rules/job.h"

#include <endian.h>
#include <string.h>

#include <xxhash.h>

/* Tells a sum over refusals from one over a job, whatever they hold. */
#define REFUSALS_BIT 0x80u

/* What the sum says of one text. A missing one has a length that none has. */
struct frame {
    uint64_t len;
    XXH128_canonical_t own;
};

/* Of a field's own hash: enough to tell its texts apart, and a quarter less to keep for each row.
 */
#define FIELD_BITS UINT64_C(0xffffffffffff)

/* Returns the text's own hash: 0 when it is missing, and never 0 otherwise. */
static uint64_t frame_text(struct frame *f, struct text t)
{
    XXH128_hash_t own = t.data ? XXH3_128bits(t.data, t.len) : (XXH128_hash_t){0, 0};
    f->len = htole64(t.data ? t.len : UINT64_MAX);
    XXH128_canonicalFromHash(&f->own, own);
    uint64_t field = own.low64 & FIELD_BITS;
    return t.data && field == 0 ? 1 : field;
}

static void sum(uint8_t all[16], const struct frame *frames, size_t n)
{
    XXH128_canonical_t canonical;
    XXH128_canonicalFromHash(&canonical, XXH3_128bits(frames, n * sizeof *frames));
    memcpy(all, canonical.digest, 16);
}

void job_hash(const struct job *job, struct job_hash *out)
{
    struct frame frames[JOB_FIELDS];
    for (enum job_field f = 0; f < JOB_FIELDS; f++)
        out->field[f] = frame_text(&frames[f], job->field[f]);
    sum(out->all, frames, JOB_FIELDS);
    out->all[0] &= (uint8_t)~REFUSALS_BIT;
}

void job_hash_refusals(const struct refusal *refusals, size_t n, struct job_hash *out)
{
    struct frame frames[JOB_MAX_REFUSALS * 3];
    if (n > JOB_MAX_REFUSALS)
        BUG("%zu refusals of one row", n);
    for (size_t i = 0; i < n; i++) {
        frame_text(&frames[3 * i], text_of(refusals[i].rule));
        frame_text(&frames[3 * i + 1], text_of(refusals[i].message));
        frame_text(&frames[3 * i + 2], text_of(refusals[i].message_ar));
    }
    memset(out, 0, sizeof *out);
    sum(out->all, frames, 3 * n);
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
