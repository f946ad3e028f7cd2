/*
 * json: text to a tree in an arena, and values to canonical text. The only room with yajl.
 *
 * Canonical: no blanks, members in the order they are written, numbers of a job as integers,
 * strings with the escapes of RFC 8259 that are needed and no others, UTF-8 kept as it is.
 */
#ifndef QS_FORMATS_JSON_H
#define QS_FORMATS_JSON_H

#include <stdint.h>

#include "base/err.h"

enum json_type { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

struct json {
    enum json_type type;
    bool boolean;
    char initial;       /* of key: most keys that are looked for differ in it */
    const char *text;   /* a string's bytes, or a number as it was written; NUL-terminated */
    size_t len;         /* of text */
    const char *key;    /* the member's name when the parent is an object */
    struct json *first; /* children of an array or object, in order */
    struct json *next;  /* sibling */
    size_t count;       /* number of children */
};

/* Reads one document; trailing bytes, invalid UTF-8, depth over 64, more than a million values and
 * a torn end are errors. An escape that stands for no character (a lone surrogate, \u0000) reads as
 * U+FFFD, so no string holds a NUL. Of members with one name json_get() finds the first. The tree
 * lives in `a`. NULL and a filled e (ERR_INTERNAL, with the offset) on failure. */
struct json *json_read(struct arena *a, const char *data, size_t len, struct err *e);
/* The same without a copy of the text, for the long ones: `data` is changed, whether it can be read
 * or not, and has to live as long as the tree. */
struct json *json_read_in_place(struct arena *a, char *data, size_t len, struct err *e);

/* Every getter takes NULL and the wrong type calmly: NULL, or the fallback, comes back. */
const struct json *json_get(const struct json *object, const char *key);
const char *json_string(const struct json *v);                /* NULL unless a string */
bool json_int(const struct json *v, int64_t *out) MUST_CHECK; /* exact integers, "12.0" too */
bool json_bool(const struct json *v, bool fallback);

/* Writing: a comma is put where one is due, so the calls read like the text. */
struct json_writer {
    struct buf *out;
    bool comma; /* a value stands before the next one */
};
void json_writer_init(struct json_writer *w, struct buf *out);
void json_open_object(struct json_writer *w);
void json_close_object(struct json_writer *w);
void json_open_array(struct json_writer *w);
void json_close_array(struct json_writer *w);
void json_key(struct json_writer *w, const char *key);
void json_write_str(struct json_writer *w, const char *s); /* NULL writes null */
void json_write_strn(struct json_writer *w, const char *s, size_t len);
void json_write_int(struct json_writer *w, int64_t n);
void json_write_double(struct json_writer *w, double d); /* shortest form; not finite: null */
void json_write_bool(struct json_writer *w, bool b);
void json_write_null(struct json_writer *w);
void json_write_raw(struct json_writer *w, const char *text, size_t len); /* canonical already */

#endif
