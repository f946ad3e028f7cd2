/*
 * Headers. Documented are Unix seconds and seconds; what else is in use for these names (seconds
 * from now, milliseconds, fractions) is told apart by its size, which cannot be mistaken.
 */
#include "edges/qudra.h"

#include "base/clock.h"

#define RELATIVE_BELOW     100000000      /* 1973: nobody's reset, but three years from now */
#define MILLISECONDS_ABOVE 100000000000   /* the year 5138 in seconds */
#define NO_PACE_MS         120000         /* twice a window: about something else, a month say */
#define NUMBER_MAX         10000000000000 /* beyond: nonsense */

/* The whole number that the value begins with, a fraction rounded up; -1 when it is none. */
static int64_t number(const char *s)
{
    int64_t n = 0;
    if (!s || *s < '0' || *s > '9')
        return -1;
    for (; *s >= '0' && *s <= '9'; s++)
        if ((n = n * 10 + (*s - '0')) > NUMBER_MAX)
            return -1;
    if (*s == '.')
        for (n++, s++; *s >= '0' && *s <= '9';)
            s++;
    return *s == '\0' || *s == ' ' || *s == ',' || *s == ';' ? n : -1;
}

static int64_t reset_ms(const char *value, int64_t now_ms)
{
    const int64_t n = number(value);
    if (n < 0 || n > MILLISECONDS_ABOVE)
        return n;
    return n < RELATIVE_BELOW ? now_ms + n * 1000 : n * 1000;
}

static int64_t retry_after_ms(const char *value, int64_t now_ms)
{
    int64_t until;
    const int64_t n = number(value);
    if (n >= 0)
        return n < RELATIVE_BELOW ? n * 1000 : -1;
    if (!value || !clock_parse_http_date(value, &until))
        return -1;
    return until > now_ms ? until - now_ms : 0;
}

void qudra_headers(const struct http_response *r, int64_t wall_ms, struct limiter_headers *out)
{
    const char *date = http_header(r, "date");
    if (!date || !clock_parse_http_date(date, &out->date_ms))
        out->date_ms = -1;
    const int64_t now_ms = out->date_ms >= 0 ? out->date_ms : wall_ms;
    out->limit = number(http_header(r, "x-ratelimit-limit"));
    out->remaining = number(http_header(r, "x-ratelimit-remaining"));
    out->reset_ms = reset_ms(http_header(r, "x-ratelimit-reset"), now_ms);
    out->retry_after_ms = retry_after_ms(http_header(r, "retry-after"), now_ms);
}

bool qudra_is_unpaced(const struct http_response *r)
{
    struct limiter_headers h;
    qudra_headers(r, clock_wall_ms(), &h);
    return h.remaining > 0 && (h.retry_after_ms < 0 || h.retry_after_ms > NO_PACE_MS);
}
