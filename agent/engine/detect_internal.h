/*
 * detect_internal: what the files of detect share, and nobody else: a source row, as it is seen.
 */
#ifndef QS_ENGINE_DETECT_INTERNAL_H
#define QS_ENGINE_DETECT_INTERNAL_H

#include "engine/detect.h"

bool sight_is_removed(const struct feed *f, const struct row *row); /* it counts as gone */
/* `unread`: the row came without its fields (detect_options.keys_only). */
void sight_row(const struct feed *f, const struct row *row, const char *key, bool unread,
               struct arena *a, struct sighting *out);
/* A row that no mapping is needed to refuse: see mapping_refuse. */
void sight_refused(const struct feed *f, const char *rule, const char *key, int64_t count,
                   struct arena *a, struct sighting *out);

#endif
