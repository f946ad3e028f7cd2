/*
 * utf8: one character at a time, for those who must look into text (log, names, problem, yaml).
 *
 * Strict as RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF.
 */
#ifndef QS_BASE_UTF8_H
#define QS_BASE_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* Bytes of the character that s begins with (1 to 4) and, unless NULL, its code point. 0 when the
 * `len` bytes begin with no whole character, or len is 0. */
size_t utf8_next(const char *s, size_t len, uint32_t *point);
/* Bytes of the longest well-formed beginning of s; `len` when all of it is. */
size_t utf8_valid(const char *s, size_t len);
/* The largest cut <= limit of the text s of `len` bytes that does not split a character. */
size_t utf8_cut(const char *s, size_t len, size_t limit);
/* Control characters of ASCII become blanks: they could forge lines in a log. */
void utf8_blank_controls(char *s, size_t len);

/* Writes a character to out, without a NUL, and says how many bytes it has (1 to 4). */
static inline size_t utf8_put(char *out, uint32_t point)
{
    if (point < 0x80) {
        out[0] = (char)point;
        return 1;
    }
    if (point < 0x800) {
        out[0] = (char)(0xc0 | point >> 6);
        out[1] = (char)(0x80 | (point & 0x3f));
        return 2;
    }
    if (point < 0x10000) {
        out[0] = (char)(0xe0 | point >> 12);
        out[1] = (char)(0x80 | (point >> 6 & 0x3f));
        out[2] = (char)(0x80 | (point & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | point >> 18);
    out[1] = (char)(0x80 | (point >> 12 & 0x3f));
    out[2] = (char)(0x80 | (point >> 6 & 0x3f));
    out[3] = (char)(0x80 | (point & 0x3f));
    return 4;
}

#endif
