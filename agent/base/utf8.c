/*
 * The least code point of each length is what tells an overlong form from a right one, so that no
 * table of second bytes is needed.
 */
#include "base/utf8.h"

#include "base/mem.h"

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

size_t utf8_valid(const char *s, size_t len)
{
    size_t at = 0;
    size_t n;

    while (at < len) {
        unsigned char lead = (unsigned char)s[at];
        if (lead < 0x80) {
            size_t run = utf8_plain_run(s + at, len - at);
            n = run > 0 ? run : 1;
        } else if (lead >= 0xc2 && lead < 0xe0 && at + 1 < len &&
                   ((unsigned char)s[at + 1] & 0xc0) == 0x80)
            n = 2;
        else
            n = utf8_next(s + at, len - at, NULL);
        if (!n)
            break;
        at += n;
    }
    return at;
}

size_t utf8_cut(const char *s, size_t len, size_t limit)
{
    if (len <= limit)
        return len;
    while (limit && ((unsigned char)s[limit] & 0xc0) == 0x80)
        limit--;
    return limit;
}
