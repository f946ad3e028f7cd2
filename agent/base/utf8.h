/*
 * utf8: one character at a time, for those who must look into text (log, names, problem, yaml).
 *
 * Strict as RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF.
 */
#ifndef QS_BASE_UTF8_H
#define QS_BASE_UTF8_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Bytes of the character that s begins with (1 to 4) and, unless NULL, its code point. 0 when the
 * `len` bytes begin with no whole character, or len is 0. */
/* How many bytes at `s`, in steps of eight, are printable ASCII: what loops over text skip. */
static inline size_t utf8_plain_run(const char *s, size_t len)
{
    const uint64_t high = 0x8080808080808080u, ones = 0x0101010101010101u;
    size_t at = 0;
    for (uint64_t w; at + sizeof w <= len; at += sizeof w) {
        memcpy(&w, s + at, sizeof w);
        uint64_t control = (w - ones * 0x20) & ~w, delete = (w ^ ones * 0x7f) - ones;
        if ((w | control | (delete &~(w ^ ones * 0x7f))) & high)
            break;
    }
    return at;
}

size_t utf8_next(const char *s, size_t len, uint32_t *point);
/* Bytes of the longest well-formed beginning of s; `len` when all of it is. */
size_t utf8_valid(const char *s, size_t len);
/* The largest cut <= limit of the text s of `len` bytes that does not split a character. */
size_t utf8_cut(const char *s, size_t len, size_t limit);

#endif
