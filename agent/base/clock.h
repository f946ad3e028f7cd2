/*
 * clock: what time it is, and durations and timestamps as text.
 *
 * Deadlines use the monotonic clock; the wall clock is only for what leaves the process (log
 * lines, comparison with a server's clock). Units are in the names. Floors 1 and 2 never call the
 * two reading functions: time is passed to them.
 */
#ifndef QS_BASE_CLOCK_H
#define QS_BASE_CLOCK_H

#include <stdint.h>

#include "base/err.h"

int64_t
clock_mono_ms(void); /* goes on while the machine is suspended: a lease must not outlive that */
int64_t clock_wall_ms(void); /* since 1970-01-01 UTC */

/* "250ms", "30s", "2m", "6h", "1d", "1h30m". A bare number is refused: no unit is guessed. */
bool clock_parse_duration(const char *text, int64_t *ms, struct err *e) MUST_CHECK;
/* Shortest form that reads back as the same value: 90000 -> "1m30s", 0 -> "0s". */
char *clock_print_duration(struct arena *a, int64_t ms);
/* For people: "12 s", "3 min", "2 h 05 min", "4 d 6 h". */
char *clock_print_roughly(struct arena *a, int64_t ms);

/* RFC 3339 with any fraction and offset ("2026-01-31T09:30:00.123Z", "…+03:00"). */
bool clock_parse_rfc3339(const char *text, int64_t *ms) MUST_CHECK;
char *clock_print_rfc3339(struct arena *a, int64_t ms); /* UTC, milliseconds */
/* An HTTP date of RFC 9110, 5.6.7 (all three forms). */
bool clock_parse_http_date(const char *text, int64_t *ms) MUST_CHECK;

/* First millisecond of the UTC month after the one that holds `ms`; the quota turns there. */
int64_t clock_next_month_ms(int64_t ms);

#endif
