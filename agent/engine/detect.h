/*
 * detect: find what differs between the source and what is recorded, a page at a time.
 *
 * A detection compares and marks, it never sends. It is taken in steps of one page, so that pushing
 * goes on in between. What it finds goes to a sink: the marking sink writes the state, the counting
 * sink of `plan` only adds up. Rows that are gone are noted as they are met and acted upon at the
 * end, all together, when the pass has ended whole and the guard has seen their number (promise 4):
 * a torn scan removes nothing.
 */
#ifndef QS_ENGINE_DETECT_H
#define QS_ENGINE_DETECT_H

#include "engine/feed.h"

enum detect_kind {
    DETECT_PASS_SCAN,    /* all source rows, then all state rows */
    DETECT_PASS_CHANGED, /* rows at or after the watermark */
    DETECT_PASS_OUTBOX,  /* rows that triggers have noted; a scan where the outbox asks for one */
};

struct detect_counts {
    int64_t rows;           /* looked at */
    int64_t found[OP_NONE]; /* operations found to be needed, by kind; removals at the end */
    int64_t refused;        /* newly or differently refused */
    int64_t settled;        /* changes that were taken back before they were sent */
    int64_t gone;           /* rows that were there before and are no more */
    int64_t noted;          /* changes taken out of the outbox */
    int64_t held;           /* removals the guard stopped in this pass */
    int64_t mirrored;       /* jobs that Qudra holds for this mapping, when the pass ended */
    int64_t enlivened;      /* rows that have come to live in the state, less those moved away */
};

/* A pass that has ended whole. */
struct detect_end {
    enum detect_kind kind;
    bool source_empty;
    const char *horizon; /* where the watermark may move to; NULL: it stays */
};

struct detect_sink {
    /* Rows that differ from what is recorded (or all of them, see detect_options.all). */
    bool (*rows)(void *context, const struct feed *f, const struct sighting *seen,
                 const struct recorded *recorded, size_t n, struct detect_counts *counts,
                 struct err *e);
    /* These rows of the state are no longer in the source; some may be known to be gone. */
    bool (*gone)(void *context, const struct feed *f, const char *const *keys, size_t n,
                 struct detect_counts *counts, struct err *e);
    bool (*end)(void *context, const struct feed *f, const struct detect_end *end,
                struct detect_counts *counts, struct err *e);
    void *context;
};

struct detection;

struct detect_options {
    enum detect_kind kind;
    const char *since; /* DETECT_PASS_CHANGED: the watermark */
    struct pg *state;
    struct pg *outbox; /* to the source, may write: reads and empties the outbox; NULL: leaves it */
    bool keep_wish;    /* the scan sees a part of the accounts: who sees all is to scan again */
    struct detect_sink sink;
    bool all; /* the sink wants every row, not only those that differ: for `plan` and `check` */
    bool only_counts; /* it marks nothing; only for a scan */
    /* DETECT_PASS_SCAN of a mapping of which nothing is recorded: each row wants a create, and of
     * what, push finds out, which reads it anyway: so texts are read once, and not twice. */
    bool keys_only;
};

struct detection *detect_new(struct feed *f, const struct detect_options *o);
void detect_free(struct detection *d); /* at any time; what is half done is found again */

/* One page. *done: the pass has ended whole. After a failure the detection can only be freed. */
bool detect_step(struct detection *d, bool *done, struct err *e) MUST_CHECK;
const struct detect_counts *detect_counts(const struct detection *d);
const struct feed *detect_feed(const struct detection *d);
enum detect_kind detect_kind(const struct detection *d);

/* Looks at these keys alone, outside a pass (due rows, the outbox): rows that are gone are told to
 * sink.gone; sink.end is not called. */
bool detect_keys(struct feed *f, const struct detect_options *o, const char *const *keys, size_t n,
                 struct detect_counts *counts, struct err *e) MUST_CHECK;

/* ---- the marking sink -------------------------------------------------------------------------
 */

struct detect_marker {
    struct pg *state;
    const struct lease *leases; /* by account */
    size_t n_leases;
    void (*marked)(void *context, const char *account); /* something is pending there now */
    void *context;
    bool shared; /* some of the rows are another agent's: the watermark is not moved past them */
    struct remove_limit max_remove;
};
struct detect_sink detect_marking(struct detect_marker *m);

#endif
