/*
 * zone: a time zone as a value: what clocks on its walls show, and back.
 *
 * Read once from the system's tz database (RFC 9636, the file's rule for the years to come
 * included), then pure: no TZ variable, no global of libc. Not here: printing times.
 */
#ifndef QS_RULES_ZONE_H
#define QS_RULES_ZONE_H

#include <stdint.h>

#include "base/err.h"

struct zone; /* opaque; lives in the arena it was loaded into */

/* `name` as in "Asia/Riyadh". NULL (ERR_CONFIG) when there is no such zone. "UTC" needs no file. */
struct zone *zone_load(struct arena *a, const char *name, struct err *e);
/* The same from a file's bytes; NULL when they are no TZif data. */
struct zone *zone_read(struct arena *a, const unsigned char *data, size_t len);

/* Seconds east of UTC at that moment (Unix seconds). */
int64_t zone_offset(const struct zone *z, int64_t utc_s);
/* The moment at which the wall shows `local_s` (seconds since 1970 as if the wall were UTC): the
 * first of two; for a time that is skipped, as much after the skip as it lies within it. */
int64_t zone_to_utc(const struct zone *z, int64_t local_s);

#endif
