/*
 * feed: one mapping at work: its compiled statements on an open source, and where its polling
 * stands.
 */
#ifndef QS_ENGINE_FEED_H
#define QS_ENGINE_FEED_H

#include "edges/source.h"
#include "edges/state.h"

struct feed {
    const struct mapping *mapping;
    struct source *source; /* for passes: one page is always on its way */
    struct source *lookup; /* on a connection of its own: rows by key, at any time */
    const char *account;   /* whose rows these are when no column says so */
    int64_t overlap_ms;    /* the mapping's, else sync.overlap */

    int64_t next_poll_ms; /* monotonic */
    bool in_window;       /* this window of sync.schedule has not looked at it yet */
    bool woken;      /* a NOTIFY came while the pass was under way: another one follows at once */
    int64_t shape;   /* of what the triggers watch, as it was when the pass began; 0: no triggers */
    bool asleep;     /* whoever notes a change now sends a NOTIFY: see outbox_sleep */
    bool may_sleep;  /* a NOTIFY is heard, and does not fail the partner's transaction */
    int64_t doze_ms; /* how long until the next look, while it may not sleep yet; 0: at once */
    const char *identity; /* of the database that is read: see source_identity */
    char seen_to[64];     /* every change before this has been seen here; "": not known */
    bool unread;          /* its pass took the keys alone: push is the first to read its rows */
    int64_t swept_ms;     /* wall clock: end of the last whole scan, whoever made it; 0: none */
    int64_t fence;        /* the accounts held under one up to this were part of a whole pass */
    int64_t pass_fence;   /* of the pass under way */
    char catch_up[64];    /* accounts came to us that have been looked at up to this; "": none */
    char catching_up[64]; /* in the pass under way */
    bool blind;     /* of some account it is not known; the mapping's watermark may do for it */
    bool must_scan; /* an account came to us of which not even that is known */
    bool scans_for_that; /* in the pass under way */
    bool began;          /* a pass of it has begun since the start */
    bool passed;         /* it has been looked at since the start, or cannot be now */
    bool changes_seen; /* the last poll found rows: the watermark is worth moving at the next one */
    int64_t broken_until_ms; /* monotonic: the source could not be read for this mapping alone */
    bool trouble_told;       /* a failure of this feed has been logged and has not ended yet */
};

/* The feed of a mapping's name, or NULL. */
struct feed *feed_find(struct feed *feeds, size_t n, const char *mapping);

/* How far it was looked at is kept with each account (`seen`), so that it goes along when the
 * account changes hands: a table of several accounts that is followed by watermark. */
bool feed_is_followed(const struct feed *f);
/* What every `seen` begins with: it counts only for the mappings under which it was written. */
#define SEEN_MARK_SIZE 18
const char *feed_seen_mark(const struct feed *feeds, size_t n, char out[SEEN_MARK_SIZE]);

#endif
