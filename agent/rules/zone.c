/*
 * A TZif file holds moments of change up to some year, and a rule in the notation of POSIX's TZ
 * ("EST5EDT,M3.2.0,M11.1.0") for all that follow; today's files are "slim" and leave even this year
 * to the rule, so it is read too. The file's first block (32-bit times) is skipped: every file of
 * the last fifteen years has the second one. Nothing of the file is trusted: each read is bounded.
 */
#include "rules/zone.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define DAY_S        86400
#define TZ_FOLDER    "/usr/share/zoneinfo"
#define TZ_MAX_BYTES 65536

/* One of the two days of a year on which a POSIX rule changes the clock. */
struct rule_day {
    char form; /* 'M': month, week, weekday; 'J': day 1-365, no 29 February; 'n': day 0-365 */
    int month, week, day;
    int64_t at_s; /* on the wall before the change, since midnight */
};

struct zone {
    size_t n;        /* changes */
    int64_t *at;     /* Unix seconds, rising */
    int64_t *offset; /* in force from then on */
    int64_t first;   /* in force before the first change */
    bool has_rule, has_summer;
    int64_t standard, summer;
    struct rule_day begins, ends;
};

/* ---- the rule -------------------------------------------------------------------------------- */

static bool skip_name(const char **s)
{
    const char *p = *s;
    if (*p == '<') {
        p = strchr(p, '>');
        *s = p ? p + 1 : *s;
        return p != NULL;
    }
    while ((*p >= 'A' && *p <= 'Z') || (*p >= 'a' && *p <= 'z'))
        p++;
    bool named = p - *s >= 3;
    *s = p;
    return named;
}

static bool read_number(const char **s, int max, int *out)
{
    const char *p = *s;
    int n = 0;
    while (*p >= '0' && *p <= '9' && n <= max)
        n = n * 10 + (*p++ - '0');
    bool good = p > *s && n <= max;
    *s = p;
    *out = n;
    return good;
}

/* [+-]h[h[h]][:mm[:ss]] */
static bool read_hms(const char **s, int64_t *out)
{
    int sign = **s == '-' ? -1 : 1, part[3] = {0, 0, 0};
    if (**s == '-' || **s == '+')
        (*s)++;
    if (!read_number(s, 167, &part[0]))
        return false;
    for (int i = 1; i < 3 && **s == ':'; i++) {
        (*s)++;
        if (!read_number(s, 59, &part[i]))
            return false;
    }
    *out = sign * (part[0] * 3600LL + part[1] * 60 + part[2]);
    return true;
}

static bool read_char(const char **s, char c)
{
    return **s == c && (*s)++;
}

static bool read_rule_day(const char **s, struct rule_day *d)
{
    *d = (struct rule_day){.form = 'n', .at_s = 7200};
    if (!read_char(s, ','))
        return false;
    if (read_char(s, 'M')) {
        d->form = 'M';
        if (!read_number(s, 12, &d->month) || !read_char(s, '.') || !read_number(s, 5, &d->week) ||
            !read_char(s, '.') || !read_number(s, 6, &d->day) || d->month < 1 || d->week < 1)
            return false;
    } else {
        d->form = read_char(s, 'J') ? 'J' : 'n';
        if (!read_number(s, 365, &d->day) || (d->form == 'J' && d->day == 0))
            return false;
    }
    return !read_char(s, '/') || read_hms(s, &d->at_s);
}

/* POSIX counts offsets west of Greenwich; everybody else, this file too, counts east. */
static bool read_rule(struct zone *z, const char *s)
{
    if (!skip_name(&s) || !read_hms(&s, &z->standard))
        return false;
    z->standard = -z->standard;
    if (*s == '\0')
        return true;
    if (!skip_name(&s))
        return false;
    z->summer = z->standard + 3600;
    if (*s != ',') {
        if (!read_hms(&s, &z->summer))
            return false;
        z->summer = -z->summer;
    }
    z->has_summer = true;
    return read_rule_day(&s, &z->begins) && read_rule_day(&s, &z->ends) && *s == '\0';
}

static int64_t first_of(int year, int month)
{
    struct tm tm = {.tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = 1};
    return timegm(&tm) / DAY_S;
}

static int weekday_of(int64_t day)
{
    return (int)(((day + 4) % 7 + 7) % 7); /* 1970-01-01 was a Thursday */
}

/* The wall's time of the change, in seconds as if the wall were UTC. */
static int64_t rule_moment(const struct rule_day *d, int year)
{
    int64_t day = first_of(year, 1);
    bool leap = first_of(year, 3) - day == 60;
    if (d->form == 'n') {
        day += d->day;
    } else if (d->form == 'J') {
        day += d->day - 1 + (leap && d->day >= 60);
    } else {
        day = first_of(year, d->month);
        int64_t next = d->month == 12 ? first_of(year + 1, 1) : first_of(year, d->month + 1);
        day += (d->day - weekday_of(day) + 7) % 7 + 7 * (d->week - 1);
        if (day >= next)
            day -= 7; /* week 5 means the last */
    }
    return day * DAY_S + d->at_s;
}

static int64_t rule_offset(const struct zone *z, int64_t utc_s)
{
    if (!z->has_summer)
        return z->standard;
    time_t local = (time_t)(utc_s + z->standard);
    struct tm tm;
    gmtime_r(&local, &tm);
    int64_t begins = rule_moment(&z->begins, tm.tm_year + 1900) - z->standard;
    int64_t ends = rule_moment(&z->ends, tm.tm_year + 1900) - z->summer;
    bool summer = begins < ends ? utc_s >= begins && utc_s < ends
                                : utc_s >= begins || utc_s < ends; /* south of the equator */
    return summer ? z->summer : z->standard;
}

/* ---- the file -------------------------------------------------------------------------------- */

static int64_t big_endian(const unsigned char *p, int bytes)
{
    uint64_t n = p[0] & 0x80 ? UINT64_MAX : 0;
    for (int i = 0; i < bytes; i++)
        n = n << 8 | p[i];
    return (int64_t)n;
}

struct tzif {
    const unsigned char *body;
    size_t utc_marks, wall_marks, leaps, changes, types, letters;
};

#define TZIF_HEAD 44

static bool read_head(const unsigned char *data, size_t len, struct tzif *t)
{
    if (len < TZIF_HEAD || memcmp(data, "TZif", 4) != 0 || data[4] < '2')
        return false;
    size_t *const counts[] = {&t->utc_marks, &t->wall_marks, &t->leaps,
                              &t->changes,   &t->types,      &t->letters};
    for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
        int64_t n = big_endian(data + 20 + 4 * i, 4);
        if (n < 0 || n > TZ_MAX_BYTES)
            return false;
        *counts[i] = (size_t)n;
    }
    t->body = data + TZIF_HEAD;
    return true;
}

static size_t body_bytes(const struct tzif *t, size_t time_bytes)
{
    return t->changes * (time_bytes + 1) + t->types * 6 + t->letters + t->leaps * (time_bytes + 4) +
           t->wall_marks + t->utc_marks;
}

static bool read_changes(struct arena *a, const struct tzif *t, struct zone *z)
{
    const unsigned char *kinds = t->body + t->changes * 8, *types = kinds + t->changes;
    if (t->types == 0)
        return false;
    z->first = big_endian(types, 4);
    z->n = t->changes;
    z->at = arena_alloc(a, (z->n + 1) * sizeof *z->at);
    z->offset = arena_alloc(a, (z->n + 1) * sizeof *z->offset);
    for (size_t i = 0; i < z->n; i++) {
        if (kinds[i] >= t->types)
            return false;
        z->at[i] = big_endian(t->body + 8 * i, 8);
        z->offset[i] = big_endian(types + 6 * (size_t)kinds[i], 4);
    }
    return true;
}

struct zone *zone_read(struct arena *a, const unsigned char *data, size_t len)
{
    struct tzif t;
    if (!read_head(data, len, &t))
        return NULL;
    size_t skip = TZIF_HEAD + body_bytes(&t, 4);
    if (skip > len || !read_head(data + skip, len - skip, &t))
        return NULL;
    size_t end = skip + TZIF_HEAD + body_bytes(&t, 8);
    struct zone *z = arena_alloc(a, sizeof *z);
    if (end >= len || data[end] != '\n' || !read_changes(a, &t, z))
        return NULL;
    const unsigned char *line = data + end + 1, *stop = memchr(line, '\n', len - end - 1);
    if (!stop)
        return NULL;
    z->has_rule = stop > line;
    const char *rule = arena_strndup(a, (const char *)line, (size_t)(stop - line));
    return !z->has_rule || read_rule(z, rule) ? z : NULL;
}

/* Names of the database alone: nothing that leads out of its folder. */
static bool is_name(const char *name)
{
    return *name && *name != '/' && !strstr(name, "..") &&
           strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/") ==
               strlen(name);
}

static ssize_t read_whole(const char *path, unsigned char *data, size_t room)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    size_t got = 0;
    ssize_t n = 0;
    while (got < room && ((n = read(fd, data + got, room - got)) > 0 || (n < 0 && errno == EINTR)))
        got += n > 0 ? (size_t)n : 0;
    close(fd);
    return n < 0 ? -1 : (ssize_t)got;
}

struct zone *zone_load(struct arena *a, const char *name, struct err *e)
{
    if (strcmp(name, "UTC") == 0)
        return arena_alloc(a, sizeof(struct zone));
    char path[PATH_MAX];
    struct zone *z = NULL;
    if (is_name(name) && snprintf(path, sizeof path, TZ_FOLDER "/%s", name) < (int)sizeof path) {
        unsigned char *data = mem_alloc(TZ_MAX_BYTES);
        ssize_t len = read_whole(path, data, TZ_MAX_BYTES);
        if (len > 0)
            z = zone_read(a, data, (size_t)len);
        mem_free(data);
    }
    if (!z) {
        err_set(e, ERR_CONFIG, "unknown time zone \"%s\"", name);
        err_hint(e, "use a name of the tz database, such as Asia/Riyadh or UTC, and see that the "
                    "package tzdata is installed");
    }
    return z;
}

/* ---- conversion ------------------------------------------------------------------------------ */

int64_t zone_offset(const struct zone *z, int64_t utc_s)
{
    size_t low = 0, high = z->n; /* the changes before `low` are past */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (z->at[middle] <= utc_s)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == z->n && z->has_rule)
        return rule_offset(z, utc_s);
    return low == 0 ? z->first : z->offset[low - 1];
}

int64_t zone_to_utc(const struct zone *z, int64_t local_s)
{
    /* No zone changes twice within two days: these are the offsets before and after. */
    int64_t before = zone_offset(z, local_s - DAY_S), behind = zone_offset(z, local_s + DAY_S);
    if (zone_offset(z, local_s - before) == before || zone_offset(z, local_s - behind) != behind)
        return local_s - before; /* usual, first of two, or skipped */
    return local_s - behind;
}
