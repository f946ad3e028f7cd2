/*
 * The least code point of each length is what tells an overlong form from a right one, so that no
 * table of second bytes is needed.
 */
#include "base/utf8.h"

#include "base/lanes.h"
#include "base/mem.h"

static bool is_second(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

static size_t length_of(unsigned char lead)
{
    if (lead < 0x80)
        return 1;
    if (lead >= 0xc2 && lead < 0xe0)
        return 2;
    if (lead >= 0xe0 && lead < 0xf0)
        return 3;
    return lead >= 0xf0 && lead < 0xf5 ? 4 : 0;
}

size_t utf8_next(const char *s, size_t len, uint32_t *point)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    static const unsigned char mask[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    const unsigned char *p = (const unsigned char *)s;
    size_t n = len ? length_of(p[0]) : 0;
    uint32_t c;

    if (!n || n > len)
        return 0;
    c = p[0] & mask[n];
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
        c = c << 6 | (p[i] & 0x3fu);
    }
    if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
        return 0;
    if (point)
        *point = c;
    return n;
}

/* Bytes at s, in steps of sixteen, that are whole characters of one or two bytes. Each lane looks
 * at the byte behind it too: a second byte stands behind a first one and nowhere else. */
static size_t short_run(const char *s, size_t len)
{
    size_t at = 0;

    if (len == 0 || is_second(s[0]))
        return 0;
    for (; at + sizeof(lanes) < len; at += sizeof(lanes)) {
        lanes v = lanes_at(s + at), next = lanes_at(s + at + 1);
        if (lanes_bits(v | next) == 0) /* ASCII */
            continue;
        lanes first = lanes_between(v, 0xc2, 0xdf), before_second = lanes_go_on(next);

        if (!lanes_all((first | lanes_between(v, 0, 0xbf)) & ~(first ^ before_second)))
            break;
    }
    return at > 0 && is_second(s[at]) ? at - 1 : at;
}

size_t utf8_valid(const char *s, size_t len)
{
    size_t at = 0;

    while (at < len) {
        at += short_run(s + at, len - at);
        for (size_t stop = at + sizeof(lanes), n; at < len && at < stop; at += n) {
            n = utf8_next(s + at, len - at, NULL);
            if (!n)
                return at;
        }
    }
    return at;
}

size_t utf8_cut(const char *s, size_t len, size_t limit)
{
    if (len <= limit)
        return len;
    while (limit && is_second(s[limit]))
        limit--;
    return limit;
}

void utf8_blank_controls(char *s, size_t len)
{
    size_t i = 0;

    for (; i + LANES <= len; i += LANES)
        if (lanes_any(lanes_between(lanes_at(s + i), 0, 0x1f) | lanes_are(lanes_at(s + i), 0x7f)))
            break;
    for (; i < len; i++)
        s[i] = (unsigned char)s[i] < 0x20 || s[i] == 0x7f ? ' ' : s[i];
}
