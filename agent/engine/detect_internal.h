/*
 * detect_internal: what the files of detect share, and nobody else: a source row, as it is seen.
 */
#ifndef QS_ENGINE_DETECT_INTERNAL_H
#define QS_ENGINE_DETECT_INTERNAL_H

#include "engine/detect.h"

/* It counts among state_count_live. */
static inline bool detect_is_live(const struct recorded *r)
{
    return r->exists && r->state != ROW_REMOVED && !r->gone;
}

static inline bool detect_is_in_flight(const struct recorded *r)
{
    return r->state == ROW_SENDING || r->state == ROW_UNCERTAIN;
}

bool sight_is_removed(const struct feed *f, const struct row *row); /* it counts as gone */
/* `unread`: the row came without its fields (detect_options.keys_only). */
void sight_row(const struct feed *f, const struct row *row, const char *key, bool unread,
               struct arena *a, struct sighting *out);
/* Rows of one key that no mapping is needed to refuse: see mapping_refuse. They are the account's
 * that they all name; where they do not agree, the key stays where it is. */
void sight_refused(const struct feed *f, const char *rule, const char *key, const struct row *rows,
                   size_t n, struct arena *a, struct sighting *out);
/* All rows without a key, as one of the feed's own account. */
void sight_null_keys(const struct feed *f, const char *key, int64_t count, struct arena *a,
                     struct sighting *out);

#endif
