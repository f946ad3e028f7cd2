/*
 * schedule: cron's five fields, and when they are next due.
 *
 *     minute hour day-of-month month day-of-week
 *
 * Each is a star, a number, a range, a list, with an optional step: "*", "5", "7-19", "1,15", and a
 * star or a range followed by "/15". Months and weekdays may be three-letter English names; Sunday
 * is 0 or 7. As in cron, when both the day of the month and the day of the week are restricted,
 * either one is enough.
 */
#ifndef QS_RULES_SCHEDULE_H
#define QS_RULES_SCHEDULE_H

#include "rules/zone.h"

struct schedule {
    uint64_t minutes; /* bit n: at minute n */
    uint64_t hours, days, months, weekdays;
    bool any_day, any_weekday; /* the field begins with a star */
};

/* A schedule that never comes (31 February) is an error too. */
bool schedule_parse(const char *text, struct schedule *out, struct err *e) MUST_CHECK;
/* The first moment after `after_ms` (Unix) at which it is due on the zone's walls. A time that the
 * clock shows twice is due once; one that it skips is due right after. */
int64_t schedule_next(const struct schedule *s, int64_t after_ms, const struct zone *zone);

#endif
