/*
 * text_utf8: the few code point primitives that the text room shares with html and city.
 *
 * The input is valid UTF-8 (text.h), so decoding does not check again.
 */
#ifndef QS_FORMATS_TEXT_UTF8_H
#define QS_FORMATS_TEXT_UTF8_H

#include <stdint.h>

#include "base/utf8.h"
#include "formats/text.h"

/* Reads the code point at *p and moves *p behind it. */
static inline uint32_t text_utf8_next(const char **p)
{
    const unsigned char *s = (const unsigned char *)*p;
    if (s[0] < 0x80) {
        *p += 1;
        return s[0];
    }
    if (s[0] < 0xE0) {
        *p += 2;
        return (s[0] & 0x1FU) << 6 | (s[1] & 0x3FU);
    }
    if (s[0] < 0xF0) {
        *p += 3;
        return (s[0] & 0x0FU) << 12 | (s[1] & 0x3FU) << 6 | (s[2] & 0x3FU);
    }
    *p += 4;
    return (s[0] & 0x07U) << 18 | (s[1] & 0x3FU) << 12 | (s[2] & 0x3FU) << 6 | (s[3] & 0x3FU);
}

/* Moves back over the code point that ends at p. */
static inline const char *text_utf8_before(const char *p)
{
    do
        p--;
    while (((unsigned char)*p & 0xC0U) == 0x80);
    return p;
}

static inline void text_utf8_add(struct buf *b, uint32_t cp)
{
    char bytes[4];
    buf_add(b, bytes, utf8_put(bytes, cp));
}

/* The buffer's content in the arena; the buffer's own memory is given back. */
static inline struct text text_take(struct arena *a, struct buf *b)
{
    struct text t = {.data = arena_strndup(a, buf_str(b), b->len), .len = b->len};
    buf_release(b);
    return t;
}

bool text_is_space(uint32_t cp);     /* white space of any kind, NBSP too */
bool text_is_invisible(uint32_t cp); /* zero-width, bidi control, BOM, tag: no ink, no width */
bool text_is_word(uint32_t cp);      /* a letter, a digit or a mark on one */

/* The value of an ASCII, Arabic-Indic or Persian digit, -1 for anything else. */
static inline int text_digit_value(uint32_t cp)
{
    if (cp >= '0' && cp <= '9')
        return (int)(cp - '0');
    if (cp >= 0x0660 && cp <= 0x0669)
        return (int)(cp - 0x0660);
    if (cp >= 0x06F0 && cp <= 0x06F9)
        return (int)(cp - 0x06F0);
    return -1;
}

#endif
