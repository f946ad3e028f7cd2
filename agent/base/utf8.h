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

#endif
