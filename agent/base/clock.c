/*
 * Calendar sums are done on a day number (days since 1970-01-01, proleptic Gregorian), with years
 * that begin in March so that the leap day is the last: mktime() and gmtime() would bring the
 * process's time zone and the width of struct tm into it. All parsers share one small cursor.
 */
#include "base/clock.h"

#include <string.h>
#include <time.h>

enum {
    SECOND_MS = 1000,
    MINUTE_MS = 60 * SECOND_MS,
    HOUR_MS = 60 * MINUTE_MS,
    DAY_MS = 24 * HOUR_MS,
};

static int64_t now_ms(clockid_t id)
{
    struct timespec t;

    if (clock_gettime(id, &t) != 0)
        BUG("clock %d cannot be read", (int)id);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t clock_mono_ms(void)
{
    return now_ms(CLOCK_BOOTTIME);
}

int64_t clock_wall_ms(void)
{
    return now_ms(CLOCK_REALTIME);
}

/* ---- durations --------------------------------------------------------------------------------
 */

static const struct unit {
    const char *name;
    int64_t ms;
} units[] = {{"d", DAY_MS}, {"h", HOUR_MS}, {"m", MINUTE_MS}, {"s", SECOND_MS}, {"ms", 1}};

/* The unit at *p, from the index `from` on: each unit once, the largest first. */
static const struct unit *take_unit(const char **p, size_t from)
{
    size_t len = 0;

    while ((*p)[len] >= 'a' && (*p)[len] <= 'z')
        len++;
    for (size_t i = from; i < ARRAY_LEN(units); i++) {
        if (len == strlen(units[i].name) && !strncmp(*p, units[i].name, len)) {
            *p += len;
            return &units[i];
        }
    }
    return NULL;
}

static bool take_number(const char **p, int64_t *n)
{
    const char *start = *p;

    for (*n = 0; **p >= '0' && **p <= '9'; (*p)++) {
        if (__builtin_mul_overflow(*n, 10, n) || __builtin_add_overflow(*n, **p - '0', n))
            return false;
    }
    return *p > start;
}

bool clock_parse_duration(const char *text, int64_t *ms, struct err *e)
{
    const char *p = text;
    int64_t total = 0;
    size_t from = 0;

    do {
        const struct unit *unit;
        int64_t n;

        if (!take_number(&p, &n) || !(unit = take_unit(&p, from)))
            goto refuse;
        if (__builtin_mul_overflow(n, unit->ms, &n) || __builtin_add_overflow(total, n, &total))
            goto refuse;
        from = (size_t)(unit - units) + 1;
    } while (*p);
    *ms = total;
    return true;
refuse:
    err_set(e, ERR_CONFIG, "\"%s\" is not a duration", text);
    return err_hint(e, "Write a number with its unit: 250ms, 30s, 2m, 6h, 1d, or 1h30m.");
}

static uint64_t magnitude(int64_t n)
{
    return n < 0 ? 0 - (uint64_t)n : (uint64_t)n;
}

char *clock_print_duration(struct arena *a, int64_t ms)
{
    struct buf out = BUF_INIT(64);
    uint64_t left = magnitude(ms);
    char *text;

    if (ms < 0)
        buf_addch(&out, '-');
    for (size_t i = 0; i < ARRAY_LEN(units); i++) {
        uint64_t n = left / (uint64_t)units[i].ms;

        left %= (uint64_t)units[i].ms;
        if (n)
            buf_printf(&out, "%llu%s", (unsigned long long)n, units[i].name);
    }
    if (ms == 0)
        buf_addstr(&out, "0s");
    text = arena_strdup(a, buf_str(&out));
    buf_release(&out);
    return text;
}

/* Rounded unit by unit, so that 59.7 s is "1 min" and never "60 s". */
char *clock_print_roughly(struct arena *a, int64_t ms)
{
    long long s = ms <= 0 ? 0 : ms / 1000 + (ms % 1000 >= 500);
    long long min = s / 60 + (s % 60 >= 30);
    long long h = min / 60 + (min % 60 >= 30);

    if (s < 60)
        return arena_printf(a, "%lld s", s);
    if (min < 60)
        return arena_printf(a, "%lld min", min);
    if (min < 24 * 60)
        return arena_printf(a, "%lld h %02lld min", min / 60, min % 60);
    return arena_printf(a, "%lld d %lld h", h / 24, h % 24);
}

/* ---- calendar ---------------------------------------------------------------------------------
 */

struct date {
    int64_t year;
    int month, day; /* 1-based */
};

static int64_t floor_div(int64_t n, int64_t by)
{
    return n / by - (n % by < 0);
}

/* 400 years have 146097 days; the day number 0 (1970-01-01) is day 719468 of 0000-03-01. */
static int64_t days_of(struct date d)
{
    int64_t year = d.month <= 2 ? d.year - 1 : d.year;
    int64_t era = floor_div(year, 400);
    int64_t of_era = year - era * 400;
    int64_t of_year = (153 * (d.month + (d.month > 2 ? -3 : 9)) + 2) / 5 + d.day - 1;

    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static struct date date_of(int64_t days)
{
    int64_t shifted = days + 719468;
    int64_t era = floor_div(shifted, 146097);
    int64_t of_era = shifted - era * 146097;
    int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    int64_t m = (5 * of_year + 2) / 153;
    int month = (int)(m < 10 ? m + 3 : m - 9);

    return (struct date){.year = year + era * 400 + (month <= 2),
                         .month = month,
                         .day = (int)(of_year - (153 * m + 2) / 5 + 1)};
}

static bool date_exists(struct date d)
{
    static const int length[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = d.year % 4 == 0 && (d.year % 100 != 0 || d.year % 400 == 0);

    if (d.month < 1 || d.month > 12 || d.day < 1)
        return false;
    return d.day <= length[d.month - 1] + (leap && d.month == 2);
}

int64_t clock_next_month_ms(int64_t ms)
{
    struct date d = date_of(floor_div(ms, DAY_MS));
    int64_t next;

    d.day = 1;
    if (++d.month > 12) {
        d.month = 1;
        d.year++;
    }
    return __builtin_mul_overflow(days_of(d), (int64_t)DAY_MS, &next) ? INT64_MAX : next;
}

/* ---- timestamps -------------------------------------------------------------------------------
 */

struct stamp {
    struct date date;
    int hour, minute, second;
    int ms;
    int offset_min;
};

/* Exactly `n` digits. */
static bool take_digits(const char **p, int n, int *value)
{
    int v = 0;

    for (int i = 0; i < n; i++, (*p)++) {
        if (**p < '0' || **p > '9')
            return false;
        v = v * 10 + (**p - '0');
    }
    *value = v;
    return true;
}

static bool take_text(const char **p, const char *text)
{
    size_t len = strlen(text);

    if (strncmp(*p, text, len) != 0)
        return false;
    *p += len;
    return true;
}

static bool take_one_of(const char **p, const char *set)
{
    if (!**p || !strchr(set, **p))
        return false;
    (*p)++;
    return true;
}

/* Index of the name that stands at *p, -1 for none. */
static int take_name(const char **p, const char *const *names, int n)
{
    for (int i = 0; i < n; i++) {
        if (take_text(p, names[i]))
            return i;
    }
    return -1;
}

static bool take_time(const char **p, struct stamp *t)
{
    return take_digits(p, 2, &t->hour) && take_text(p, ":") && take_digits(p, 2, &t->minute) &&
           take_text(p, ":") && take_digits(p, 2, &t->second);
}

/* Second 60 is a leap second: it becomes the first of the next minute, as in POSIX time. */
static bool stamp_to_ms(const struct stamp *t, int64_t *ms)
{
    int64_t minutes;

    if (!date_exists(t->date) || t->hour > 23 || t->minute > 59 || t->second > 60)
        return false;
    minutes = days_of(t->date) * 24 * 60 + t->hour * 60 + t->minute - t->offset_min;
    *ms = minutes * MINUTE_MS + t->second * SECOND_MS + t->ms;
    return true;
}

/* Any number of digits, cut to milliseconds. */
static bool take_fraction(const char **p, int *ms)
{
    int weight = 100;

    *ms = 0;
    if (!take_text(p, "."))
        return true;
    if (**p < '0' || **p > '9')
        return false;
    for (; **p >= '0' && **p <= '9'; (*p)++, weight /= 10)
        *ms += (**p - '0') * weight;
    return true;
}

static bool take_offset(const char **p, int *minutes)
{
    bool west = **p == '-';
    int hour, minute;

    *minutes = 0;
    if (take_one_of(p, "Zz"))
        return true;
    if (!take_one_of(p, "+-") || !take_digits(p, 2, &hour) || !take_text(p, ":") ||
        !take_digits(p, 2, &minute) || hour > 23 || minute > 59)
        return false;
    *minutes = (hour * 60 + minute) * (west ? -1 : 1);
    return true;
}

bool clock_parse_rfc3339(const char *text, int64_t *ms)
{
    struct stamp t = {.ms = 0};
    const char *p = text;
    int year;

    if (!take_digits(&p, 4, &year) || !take_text(&p, "-") || !take_digits(&p, 2, &t.date.month) ||
        !take_text(&p, "-") || !take_digits(&p, 2, &t.date.day) || !take_one_of(&p, "Tt ") ||
        !take_time(&p, &t) || !take_fraction(&p, &t.ms) || !take_offset(&p, &t.offset_min))
        return false;
    t.date.year = year;
    return !*p && stamp_to_ms(&t, ms);
}

char *clock_print_rfc3339(struct arena *a, int64_t ms)
{
    int64_t days = floor_div(ms, DAY_MS);
    int of_day = (int)(ms % DAY_MS + (ms % DAY_MS < 0 ? DAY_MS : 0));
    struct date d = date_of(days);

    return arena_printf(a, "%04lld-%02d-%02dT%02d:%02d:%02d.%03dZ", (long long)d.year, d.month,
                        d.day, of_day / HOUR_MS, of_day / MINUTE_MS % 60, of_day / SECOND_MS % 60,
                        of_day % 1000);
}

/* ---- HTTP dates -------------------------------------------------------------------------------
 */

static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
static const char *const days_short[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
static const char *const days_long[] = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                        "Friday", "Saturday", "Sunday"};

static bool take_month(const char **p, int *month)
{
    *month = take_name(p, months, ARRAY_LEN(months)) + 1;
    return *month > 0;
}

/* RFC 9110: a two-digit year that seems over 50 years ahead belongs to the century before. */
static int64_t full_year(int two_digits)
{
    int64_t this_year = date_of(floor_div(clock_wall_ms(), DAY_MS)).year;
    int64_t year = this_year - this_year % 100 + two_digits;

    return year > this_year + 50 ? year - 100 : year;
}

/* "Sun, 06 Nov 1994 08:49:37 GMT" and "Sunday, 06-Nov-94 08:49:37 GMT" */
static bool take_rfc_date(const char **p, struct stamp *t)
{
    bool old = take_name(p, days_long, ARRAY_LEN(days_long)) >= 0;
    const char *gap = old ? "-" : " ";
    int year;

    if (!old && take_name(p, days_short, ARRAY_LEN(days_short)) < 0)
        return false;
    if (!take_text(p, ", ") || !take_digits(p, 2, &t->date.day) || !take_text(p, gap) ||
        !take_month(p, &t->date.month) || !take_text(p, gap) ||
        !take_digits(p, old ? 2 : 4, &year) || !take_text(p, " "))
        return false;
    t->date.year = old ? full_year(year) : year;
    return take_time(p, t) && take_text(p, " GMT");
}

/* "Sun Nov  6 08:49:37 1994" */
static bool take_asctime(const char **p, struct stamp *t)
{
    int year;

    if (take_name(p, days_short, ARRAY_LEN(days_short)) < 0 || !take_text(p, " ") ||
        !take_month(p, &t->date.month) || !take_text(p, " ") ||
        !take_digits(p, take_text(p, " ") ? 1 : 2, &t->date.day) || !take_text(p, " ") ||
        !take_time(p, t) || !take_text(p, " ") || !take_digits(p, 4, &year))
        return false;
    t->date.year = year;
    return true;
}

bool clock_parse_http_date(const char *text, int64_t *ms)
{
    struct stamp t = {.ms = 0};
    const char *p = text;
    bool taken = strchr(text, ',') ? take_rfc_date(&p, &t) : take_asctime(&p, &t);

    return taken && !*p && stamp_to_ms(&t, ms);
}
