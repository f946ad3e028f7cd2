/*
 * json_run: the bytes of a string that stand for themselves, found many at a time. For reading and
 * for writing; nobody else includes it.
 */
#ifndef QS_FORMATS_JSON_RUN_H
#define QS_FORMATS_JSON_RUN_H

#include <stddef.h>

#include "base/lanes.h"

static inline bool json_is_plain(char c)
{
    return (unsigned char)c >= 0x20 && c != '"' && c != '\\';
}

/* Bytes at s before the first control character, quote or backslash; `len` when there is none. */
static inline size_t json_plain_run(const char *s, size_t len)
{
    size_t at = 0;
    for (; at + sizeof(lanes) <= len; at += sizeof(lanes)) {
        lanes v = lanes_at(s + at);
        if (lanes_any(lanes_between(v, 0, 0x1f) | lanes_are(v, '"') | lanes_are(v, '\\')))
            break;
    }
    while (at < len && json_is_plain(s[at]))
        at++;
    return at;
}

#endif
