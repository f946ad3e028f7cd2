/*
 * Each field is a set of bits. The next time is found by walking days (at most the eight years
 * between two 29ths of February around a century) and, in a day that fits, hours and minutes: as
 * the wall's times rise, the first one whose moment lies ahead is the answer, whatever the clock
 * change.
 */
#include "rules/schedule.h"

#include <string.h>
#include <strings.h>
#include <time.h>

static const char *const month_names[] = {"jan", "feb", "mar", "apr", "may", "jun",
                                          "jul", "aug", "sep", "oct", "nov", "dec"};
static const char *const weekday_names[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

static const struct unit {
    const char *name;
    int min, max;
    const char *const *names;
    int n_names;
} units[5] = {
    {"minute", 0, 59, NULL, 0},
    {"hour", 0, 23, NULL, 0},
    {"day of the month", 1, 31, NULL, 0},
    {"month", 1, 12, month_names, 12},
    {"day of the week", 0, 7, weekday_names, 7},
};

static bool read_value(const char **s, const struct unit *u, int *out)
{
    for (int i = 0; i < u->n_names; i++)
        if (strncasecmp(*s, u->names[i], 3) == 0) {
            *s += 3;
            *out = u->min + i;
            return true;
        }
    const char *p = *s;
    int n = 0;
    while (*p >= '0' && *p <= '9' && n < 1000)
        n = n * 10 + (*p++ - '0');
    bool good = p > *s && n >= u->min && n <= u->max;
    *s = p;
    *out = n;
    return good;
}

static bool read_step(const char **s, int *step)
{
    static const struct unit steps = {.name = "step", .min = 1, .max = 60};
    *step = 1;
    if (**s != '/')
        return true;
    (*s)++;
    return read_value(s, &steps, step);
}

/* "*", "5", "7-19", with "/step" behind a star or a range. */
static bool read_item(const char **s, const struct unit *u, uint64_t *bits)
{
    int from = u->min, to = u->max, step;
    bool range = true;
    if (**s == '*') {
        (*s)++;
    } else {
        if (!read_value(s, u, &from))
            return false;
        to = from;
        range = **s == '-';
        if (range) {
            (*s)++;
            if (!read_value(s, u, &to) || to < from)
                return false;
        }
    }
    if ((**s == '/' && !range) || !read_step(s, &step))
        return false;
    for (int i = from; i <= to; i += step)
        *bits |= 1ULL << i;
    return true;
}

static bool read_field(const char **s, const struct unit *u, uint64_t *bits)
{
    *bits = 0;
    do {
        if (!read_item(s, u, bits))
            return false;
    } while (**s == ',' && (*s)++);
    return **s == '\0' || **s == ' ' || **s == '\t';
}

/* Some month that is asked for has a day that is asked for (or a weekday is enough). */
static bool ever_comes(const struct schedule *s)
{
    static const int longest[] = {0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (!s->any_weekday)
        return true;
    for (int month = 1; month <= 12; month++)
        if (s->months >> month & 1)
            for (int day = 1; day <= longest[month]; day++)
                if (s->days >> day & 1)
                    return true;
    return false;
}

bool schedule_parse(const char *text, struct schedule *out, struct err *e)
{
    uint64_t *const bits[5] = {&out->minutes, &out->hours, &out->days, &out->months,
                               &out->weekdays};
    bool star[5] = {false};
    const char *s = text + strspn(text, " \t");
    for (size_t i = 0; i < ARRAY_LEN(units); i++) {
        star[i] = *s == '*';
        if (!read_field(&s, &units[i], bits[i])) {
            err_set(e, ERR_CONFIG, "schedule \"%s\" is wrong at its %s", text, units[i].name);
            return err_hint(e, "five fields are expected (minute, hour, day of the month, month, "
                               "day of the week), such as \"*/15 7-19 * * 0-4\"");
        }
        s += strspn(s, " \t");
    }
    if (*s != '\0')
        return err_set(e, ERR_CONFIG, "schedule \"%s\" has more than five fields", text);
    if (out->weekdays >> 7 & 1)
        out->weekdays |= 1; /* Sunday is 7, too */
    out->any_day = star[2];
    out->any_weekday = star[4];
    if (!ever_comes(out))
        return err_set(e, ERR_CONFIG, "schedule \"%s\" names a day that no year has", text);
    return true;
}

/* With a star in either field both must fit (a star fits always, a star with a step restricts);
 * with none, one is enough: cron's rule. */
static bool fits_day(const struct schedule *s, int64_t day)
{
    time_t noon = (time_t)(day * 86400 + 43200);
    struct tm tm;
    gmtime_r(&noon, &tm);
    bool by_day = s->days >> tm.tm_mday & 1, by_weekday = s->weekdays >> tm.tm_wday & 1;
    bool days_fit = s->any_day || s->any_weekday ? by_day && by_weekday : by_day || by_weekday;
    return days_fit && s->months >> (tm.tm_mon + 1) & 1;
}

/* The first time of that day after `after_s`, or -1. */
static int64_t first_in_day(const struct schedule *s, int64_t day, int64_t after_s,
                            const struct zone *zone)
{
    for (int hour = 0; hour < 24; hour++)
        for (int minute = 0; minute < 60; minute++) {
            if (!(s->hours >> hour & 1) || !(s->minutes >> minute & 1))
                continue;
            int64_t due = zone_to_utc(zone, day * 86400 + hour * 3600 + minute * 60);
            if (due > after_s)
                return due;
        }
    return -1;
}

int64_t schedule_next(const struct schedule *s, int64_t after_ms, const struct zone *zone)
{
    int64_t after_s = after_ms / 1000, today = (after_s + zone_offset(zone, after_s)) / 86400;
    const int64_t horizon_days = 9 * 366 * 5; /* "29 2 by weekday step" may take a few leap years */
    for (int64_t day = today; day <= today + horizon_days; day++) {
        int64_t due = fits_day(s, day) ? first_in_day(s, day, after_s, zone) : -1;
        if (due >= 0)
            return due * 1000;
    }
    BUG("a schedule that never comes was let through");
}
