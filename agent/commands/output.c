/*
 * Widths come from libunistring and not from wcwidth(): they must not depend on the locale, which
 * in a service or under cron is "C".
 */
#include "commands/output.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <uniwidth.h>

#include "base/clock.h"
#include "base/utf8.h"

#define WIDTH_IF_UNKNOWN 80
#define WIDTH_LEAST      20
#define HEIGHT_LEAST     5
#define EXCERPT_BYTES    240

/* 0: not set, or no number of columns or lines. */
static size_t from_environment(const char *name)
{
    const char *text = getenv(name);
    char *end;
    unsigned long given = text != NULL ? strtoul(text, &end, 10) : 0;
    return given > 0 && given <= 10000 && *end == '\0' ? given : 0;
}

static size_t at_least(size_t n, size_t least)
{
    return n < least ? least : n;
}

static void measure(struct output *o)
{
    struct winsize size = {.ws_col = 0};
    o->width = from_environment("COLUMNS");
    o->height = from_environment("LINES");
    if (o->terminal && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0) {
        o->width = o->width > 0 ? o->width : size.ws_col;
        o->height = o->height > 0 ? o->height : size.ws_row;
    }
    if (o->terminal && o->width == 0)
        o->width = WIDTH_IF_UNKNOWN;
    o->width = o->width > 0 ? at_least(o->width, WIDTH_LEAST) : 0;
    o->height = o->height > 0 ? at_least(o->height, HEIGHT_LEAST) : 0;
}

void output_init(struct output *o)
{
    const char *no_colour = getenv("NO_COLOR");
    const char *kind = getenv("TERM");
    o->terminal = isatty(STDOUT_FILENO);
    o->colour = o->terminal && (no_colour == NULL || no_colour[0] == '\0') &&
                (kind == NULL || strcmp(kind, "dumb") != 0);
    measure(o);
}

void output_flush(const struct buf *text)
{
    fwrite(buf_str(text), 1, text->len, stdout);
    fflush(stdout);
}

/* ---- text ------------------------------------------------------------------------------------ */

static bool is_direction_mark(uint32_t point)
{
    return point == 0x200e || point == 0x200f || point == 0x061c ||
           (point >= 0x202a && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069);
}

static bool is_line_or_blank(uint32_t point)
{
    return point == '\t' || point == '\n' || point == '\r' || point == 0x85 || point == 0xa0 ||
           point == 0x2028 || point == 0x2029;
}

const char *output_clean(struct arena *a, const char *text)
{
    if (text == NULL)
        return "";
    size_t len = strlen(text);
    char *clean = arena_alloc(a, len + 1);
    size_t n = 0;
    for (size_t at = 0; at < len;) {
        uint32_t point = 0;
        size_t bytes = utf8_next(text + at, len - at, &point);
        if (bytes > 0 && is_line_or_blank(point))
            clean[n++] = ' ';
        else if (bytes == 0 || uc_width(point, "UTF-8") < 0 || is_direction_mark(point))
            clean[n++] = '?';
        else {
            memcpy(clean + n, text + at, bytes);
            n += bytes;
        }
        at += bytes > 0 ? bytes : 1;
    }
    return clean;
}

static size_t columns_of(uint32_t point)
{
    int columns = uc_width(point, "UTF-8");
    return columns > 0 ? (size_t)columns : 0;
}

const char *output_excerpt(struct arena *a, struct text t)
{
    if (t.data == NULL)
        return NULL;
    if (t.len <= EXCERPT_BYTES)
        return arena_strndup(a, t.data, t.len);
    size_t cut = utf8_cut(t.data, t.len, EXCERPT_BYTES);
    return arena_printf(a, "%.*s… (%zu bytes)", (int)cut, t.data, t.len);
}

size_t output_columns(const char *clean, size_t bytes)
{
    size_t columns = 0;
    for (size_t at = 0; at < bytes;) {
        uint32_t point = 0;
        size_t n = utf8_next(clean + at, bytes - at, &point);
        columns += columns_of(point);
        at += n > 0 ? n : 1;
    }
    return columns;
}

/* The longest beginning that fits; marks of no width stay with the character that carries them. */
static size_t fitting(const char *clean, size_t len, size_t columns)
{
    size_t at = 0, used = 0;
    while (at < len) {
        uint32_t point = 0;
        size_t n = utf8_next(clean + at, len - at, &point);
        size_t wide = columns_of(point);
        if (used + wide > columns && at > 0)
            break;
        used += wide;
        at += n > 0 ? n : 1;
    }
    return at;
}

size_t output_line(const char *clean, size_t columns, const char **next)
{
    size_t len = strlen(clean);
    size_t whole = fitting(clean, len, columns), end = whole;
    if (whole < len && clean[whole] != ' ') {
        while (end > 0 && clean[end - 1] != ' ')
            end--;
        if (end == 0)
            end = whole; /* one long word: broken between two characters */
    }
    size_t after = end;
    while (clean[after] == ' ')
        after++;
    *next = clean + after;
    while (end > 1 && clean[end - 1] == ' ')
        end--;
    return end;
}

static bool holds_right_to_left(const char *clean, size_t bytes)
{
    for (size_t at = 0; at < bytes;) {
        uint32_t point = 0;
        size_t n = utf8_next(clean + at, bytes - at, &point);
        if ((point >= 0x590 && point <= 0x8ff) || (point >= 0xfb1d && point <= 0xfdff) ||
            (point >= 0xfe70 && point <= 0xfeff))
            return true;
        at += n > 0 ? n : 1;
    }
    return false;
}

#define ISOLATE     "\xe2\x81\xa8" /* U+2068, direction by its first letter */
#define END_ISOLATE "\xe2\x81\xa9" /* U+2069 */

void output_styled(const struct output *o, struct buf *out, enum style style, const char *clean,
                   size_t bytes)
{
    static const char *const codes[] = {
        [STYLE_PLAIN] = "",  [STYLE_BOLD] = "1",  [STYLE_DIM] = "2",
        [STYLE_GOOD] = "32", [STYLE_WARN] = "33", [STYLE_BAD] = "1;31",
    };
    bool colour = o->colour && style != STYLE_PLAIN && bytes > 0;
    bool isolate = o->terminal && holds_right_to_left(clean, bytes);
    if (colour)
        buf_printf(out, "\033[%sm", codes[style]);
    if (isolate)
        buf_addstr(out, ISOLATE);
    buf_add(out, clean, bytes);
    if (isolate)
        buf_addstr(out, END_ISOLATE);
    if (colour)
        buf_addstr(out, "\033[0m");
}

void output_wrapped(const struct output *o, struct buf *out, enum style style, const char *text,
                    size_t indent)
{
    struct arena a;
    arena_init(&a, 0);
    const char *at = output_clean(&a, text);
    size_t room = o->width == 0 ? SIZE_MAX : o->width > indent + 20 ? o->width - indent : 20;
    do {
        const char *next;
        size_t bytes = output_line(at, room, &next);
        output_styled(o, out, style, at, bytes);
        buf_addch(out, '\n');
        at = next;
        if (*at != '\0')
            buf_printf(out, "%*s", (int)indent, "");
    } while (*at != '\0');
    arena_release(&a);
}

void output_title(const struct output *o, struct buf *out, const char *title)
{
    output_styled(o, out, STYLE_BOLD, title, strlen(title));
    buf_addch(out, '\n');
}

/* ---- values ---------------------------------------------------------------------------------- */

const char *output_count(struct arena *a, int64_t n)
{
    char digits[32];
    int len = snprintf(digits, sizeof digits, "%lld", (long long)n);
    char *text = arena_alloc(a, sizeof digits * 2);
    char *at = text;
    for (int i = 0; i < len; i++) {
        *at++ = digits[i];
        int left = len - 1 - i;
        if (left > 0 && left % 3 == 0 && digits[i] != '-')
            *at++ = ',';
    }
    return text;
}

const char *output_ago(struct arena *a, const char *rfc3339, int64_t wall_ms)
{
    int64_t ms;
    if (rfc3339 == NULL || !clock_parse_rfc3339(rfc3339, &ms))
        return NULL;
    if (ms > wall_ms)
        return arena_printf(a, "in %s", clock_print_roughly(a, ms - wall_ms));
    return arena_printf(a, "%s ago", clock_print_roughly(a, wall_ms - ms));
}

const char *output_when(struct arena *a, const char *rfc3339, const struct zone *zone,
                        int64_t wall_ms)
{
    int64_t ms;
    if (rfc3339 == NULL || !clock_parse_rfc3339(rfc3339, &ms))
        return NULL;
    int64_t s = ms / 1000;
    char *wall = clock_print_rfc3339(a, (s + zone_offset(zone, s)) * 1000);
    return arena_printf(a, "%.10s %.8s (%s)", wall, wall + 11, output_ago(a, rfc3339, wall_ms));
}

/* ---- JSON ------------------------------------------------------------------------------------ */

void output_member_str(struct json_writer *w, const char *key, const char *value)
{
    json_key(w, key);
    json_write_str(w, value);
}

void output_member_int(struct json_writer *w, const char *key, int64_t value)
{
    json_key(w, key);
    json_write_int(w, value);
}

void output_member_bool(struct json_writer *w, const char *key, bool value)
{
    json_key(w, key);
    json_write_bool(w, value);
}

void output_member_ms(struct json_writer *w, const char *key, int64_t value)
{
    json_key(w, key);
    if (value < 0)
        json_write_null(w);
    else
        json_write_int(w, value);
}
