/*
 * No character of UTF-8 is longer than an escape for it, so a string is unescaped where it stands.
 */
#include "formats/json_internal.h"

#include <string.h>

#include "base/lanes.h"
#include "base/mem.h"
#include "base/utf8.h"

static bool is_plain(char c)
{
    return (unsigned char)c >= 0x20 && c != '"' && c != '\\';
}

static lanes are_odd(lanes v)
{
    return lanes_between(v, 0, 0x1f) | lanes_are(v, '"') | lanes_are(v, '\\');
}

size_t json_plain_run(const char *s, size_t len)
{
    size_t at = 0;

    for (; at + LANES <= len; at += LANES) {
        lanes odd = are_odd(lanes_at(s + at));

        if (lanes_any(odd))
            return at + lanes_where(odd);
    }
    if (at + LANES_FEW <= len && !lanes_any(are_odd(lanes_of_few(s + at, len - at))))
        return len;
    while (at < len && is_plain(s[at]))
        at++;
    return at;
}

/* ---- escapes ----------------------------------------------------------------------------------
 */

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The code unit of the escape \uXXXX at p, -1 when none stands there. */
static int code_unit(const char *p, const char *end)
{
    int unit = 0;

    if (end - p < 6 || p[0] != '\\' || p[1] != 'u')
        return -1;
    for (int i = 2; i < 6; i++) {
        int digit = hex_value(p[i]);

        if (digit < 0)
            return -1;
        unit = unit * 16 + digit;
    }
    return unit;
}

static size_t long_escape(const char *p, const char *end, uint32_t *point)
{
    int unit = code_unit(p, end), low;

    if (unit < 0)
        return 0;
    *point = unit > 0 ? (uint32_t)unit : 0xfffd;
    if (unit < 0xd800 || unit > 0xdfff)
        return 6;
    low = unit < 0xdc00 ? code_unit(p + 6, end) : -1;
    if (low < 0xdc00 || low > 0xdfff) {
        *point = 0xfffd;
        return 6;
    }
    *point = 0x10000 + ((uint32_t)unit - 0xd800) * 0x400 + ((uint32_t)low - 0xdc00);
    return 12;
}

/* Bytes of the escape at p, and the character that it stands for; 0 when there is none. */
static size_t escape_at(const char *p, const char *end, uint32_t *point)
{
    static const char letters[] = "\"\"\\\\//b\bf\fn\nr\rt\t";

    if (end - p < 2 || p[0] != '\\')
        return 0;
    for (const char *l = letters; *l; l += 2) {
        if (*l == p[1]) {
            *point = (unsigned char)l[1];
            return 2;
        }
    }
    return long_escape(p, end, point);
}

char *json_string_end(char *s, const char *end, bool *escaped)
{
    uint32_t point;

    *escaped = false;
    for (size_t step;; s += step) {
        s += json_plain_run(s, (size_t)(end - s));
        if (s < end && *s == '"')
            return s;
        step = escape_at(s, end, &point);
        if (step == 0)
            return NULL;
        *escaped = true;
    }
}

size_t json_unescape(char *s, const char *end)
{
    const char *p = s;
    char *to = s;
    uint32_t point;

    while (p < end) {
        size_t run = json_plain_run(p, (size_t)(end - p));

        memmove(to, p, run);
        to += run;
        p += run;
        if (p == end)
            break;
        size_t step = escape_at(p, end, &point);
        if (step == 0)
            BUG("a string with what no string may have");
        p += step;
        to += utf8_put(to, point);
    }
    return (size_t)(to - s);
}
