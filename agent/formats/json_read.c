/*
 * One pass over the text and no recursion: the open containers stand on a stack of JSON_MAX_DEPTH,
 * which is also the depth limit. Answers are mostly long strings, so those are found by their runs
 * of plain bytes and copied whole; only one that holds an escape is put together piece by piece.
 * UTF-8 is checked once, for the text as a whole.
 */
#include <string.h>

#include "base/utf8.h"
#include "formats/json.h"
#include "formats/json_run.h"
#include "formats/text_utf8.h"

enum { JSON_MAX_DEPTH = 64, JSON_MAX_NODES = 1000 * 1000 };

struct reader {
    struct arena *arena;
    const char *at, *end;
    const char *refused; /* why the reading ended at `at` */
    const char *key;     /* of the value that comes next */
    struct json *root;
    size_t nodes, depth;
    struct {
        struct json *node;
        struct json **tail; /* where the next child goes */
    } open[JSON_MAX_DEPTH];
};

static bool refuse(struct reader *r, const char *why)
{
    r->refused = why;
    return false;
}

/* The character that comes next; NUL at the end, and nowhere else in JSON. */
static char peek(const struct reader *r)
{
    return r->at < r->end ? *r->at : '\0';
}

static void skip_blanks(struct reader *r)
{
    for (char c = peek(r); c == ' ' || c == '\n' || c == '\r' || c == '\t'; c = peek(r))
        r->at++;
}

/* ---- the tree ----------------------------------------------------------------------------------
 */

static struct json *add_node(struct reader *r, enum json_type type)
{
    struct json *v = arena_alloc(r->arena, sizeof *v);
    v->type = type;
    v->key = r->key;
    r->key = NULL;
    r->nodes++;
    if (r->depth == 0) {
        r->root = v;
        return v;
    }
    r->open[r->depth - 1].node->count++;
    *r->open[r->depth - 1].tail = v;
    r->open[r->depth - 1].tail = &v->next;
    return v;
}

static bool open_container(struct reader *r, enum json_type type)
{
    if (r->depth == JSON_MAX_DEPTH)
        return refuse(r, "nested too deeply");
    struct json *v = add_node(r, type);
    r->open[r->depth].node = v;
    r->open[r->depth].tail = &v->first;
    r->depth++;
    r->at++;
    return true;
}

/* ---- strings -----------------------------------------------------------------------------------
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

/* The escape \u at *p, with the second half of a pair. What stands for no character reads as
 * U+FFFD, NUL too: nothing that we talk to can hold it, and C strings would end there. */
static bool unescape_unit(struct reader *r, const char **p, const char *end, char **out)
{
    int unit = code_unit(*p, end), low;
    if (unit < 0) {
        r->at = *p;
        return refuse(r, "an escape without its four digits");
    }
    *p += 6;
    if (unit >= 0xd800 && unit < 0xdc00 && (low = code_unit(*p, end)) >= 0xdc00 && low < 0xe000) {
        unit = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
        *p += 6;
    } else if (unit == 0 || (unit >= 0xd800 && unit < 0xe000)) {
        unit = 0xfffd;
    }
    *out += text_utf8_put(*out, (uint32_t)unit);
    return true;
}

static bool unescape_one(struct reader *r, const char **p, const char *end, char **out)
{
    static const char letters[] = "\"\"\\\\//b\bf\fn\nr\rt\t";
    if ((*p)[1] == 'u')
        return unescape_unit(r, p, end, out);
    for (const char *l = letters; *l; l += 2)
        if (l[0] == (*p)[1]) {
            *(*out)++ = l[1];
            *p += 2;
            return true;
        }
    r->at = *p;
    return refuse(r, "no such escape");
}

/* An escape is never shorter than what it stands for. */
static bool unescape(struct reader *r, const char *from, const char *end, const char **text,
                     size_t *len)
{
    char *copy = arena_strndup(r->arena, from, (size_t)(end - from)), *out = copy;
    for (const char *p = from; p < end;) {
        size_t run = json_plain_run(p, (size_t)(end - p));
        memmove(out, p, run);
        out += run;
        p += run;
        if (p < end && !unescape_one(r, &p, end, &out))
            return false;
    }
    *out = '\0';
    *text = copy;
    *len = (size_t)(out - copy);
    return true;
}

/* With the quote at `at`. */
static bool read_string(struct reader *r, const char **text, size_t *len)
{
    const char *from = ++r->at;
    bool escaped = false;
    for (;;) {
        r->at += json_plain_run(r->at, (size_t)(r->end - r->at));
        if (r->at == r->end)
            return refuse(r, "the end of a string is missing");
        if (*r->at == '"')
            break;
        if (*r->at != '\\')
            return refuse(r, "a control character in a string");
        escaped = true;
        r->at = r->end - r->at < 2 ? r->end : r->at + 2;
    }
    const char *end = r->at;
    if (escaped && !unescape(r, from, end, text, len))
        return false;
    if (!escaped) {
        *len = (size_t)(end - from);
        *text = arena_strndup(r->arena, from, *len);
    }
    r->at = end + 1;
    return true;
}

/* ---- values ------------------------------------------------------------------------------------
 */

static bool skip_digits(struct reader *r)
{
    const char *from = r->at;
    while (peek(r) >= '0' && peek(r) <= '9')
        r->at++;
    return r->at > from || refuse(r, "a digit is missing");
}

static bool skip_number(struct reader *r)
{
    r->at += peek(r) == '-';
    if (peek(r) == '0')
        r->at++;
    else if (!skip_digits(r))
        return false;
    if (peek(r) == '.') {
        r->at++;
        if (!skip_digits(r))
            return false;
    }
    if ((peek(r) | 0x20) != 'e')
        return true;
    r->at++;
    r->at += peek(r) == '+' || peek(r) == '-';
    return skip_digits(r);
}

static bool read_number(struct reader *r)
{
    const char *from = r->at;
    if (!skip_number(r))
        return false;
    struct json *v = add_node(r, JSON_NUMBER);
    v->len = (size_t)(r->at - from);
    v->text = arena_strndup(r->arena, from, v->len);
    return true;
}

static bool read_word(struct reader *r, const char *word, enum json_type type, bool boolean)
{
    size_t len = strlen(word);
    if ((size_t)(r->end - r->at) < len || memcmp(r->at, word, len) != 0)
        return refuse(r, "no value");
    r->at += len;
    add_node(r, type)->boolean = boolean;
    return true;
}

static bool read_text(struct reader *r)
{
    const char *text;
    size_t len;
    if (!read_string(r, &text, &len))
        return false;
    struct json *v = add_node(r, JSON_STRING);
    v->text = text;
    v->len = len;
    return true;
}

/* A value, or the beginning of a container. */
static bool read_value(struct reader *r)
{
    if (r->nodes == JSON_MAX_NODES)
        return refuse(r, "too many values");
    switch (peek(r)) {
    case '{':
        return open_container(r, JSON_OBJECT);
    case '[':
        return open_container(r, JSON_ARRAY);
    case '"':
        return read_text(r);
    case 't':
        return read_word(r, "true", JSON_BOOL, true);
    case 'f':
        return read_word(r, "false", JSON_BOOL, false);
    case 'n':
        return read_word(r, "null", JSON_NULL, false);
    default:
        return read_number(r);
    }
}

static bool read_key(struct reader *r)
{
    size_t len;
    skip_blanks(r);
    if (peek(r) != '"')
        return refuse(r, "a member's name is missing");
    if (!read_string(r, &r->key, &len))
        return false;
    skip_blanks(r);
    if (peek(r) != ':')
        return refuse(r, "the colon after a member's name is missing");
    r->at++;
    return true;
}

/* From the end of a value, or from an open bracket, to where the next value begins; closes what is
 * closed on the way. */
static bool go_on(struct reader *r, bool fresh)
{
    for (; r->depth > 0; r->depth--, r->at++, fresh = false) {
        const struct json *in = r->open[r->depth - 1].node;
        skip_blanks(r);
        if (peek(r) == (in->type == JSON_OBJECT ? '}' : ']'))
            continue;
        if (!fresh && peek(r) != ',')
            return refuse(r, "a comma or the end of a list is missing");
        r->at += !fresh;
        return in->type != JSON_OBJECT || read_key(r);
    }
    return true;
}

static bool read_document(struct reader *r)
{
    do {
        size_t depth = r->depth;
        skip_blanks(r);
        if (!read_value(r) || !go_on(r, r->depth > depth))
            return false;
    } while (r->depth > 0);
    skip_blanks(r);
    return r->at == r->end || refuse(r, "trailing garbage");
}

struct json *json_read(struct arena *a, const char *data, size_t len, struct err *e)
{
    struct reader r = {.arena = a, .at = data, .end = data + len};
    size_t valid = utf8_valid(data, len);
    if (valid == len && read_document(&r))
        return r.root;
    err_set(e, ERR_INTERNAL, "not JSON at byte %zu: %s",
            valid < len ? valid : (size_t)(r.at - data), valid < len ? "invalid UTF-8" : r.refused);
    return NULL;
}
