/*
 * yajl calls back per token; each call hangs one node into the tree. The open containers stand on a
 * stack of JSON_MAX_DEPTH, which is also the depth limit: no recursion, whatever the input is.
 *
 * Strings stay where they are in the text: behind each is a quote that has been read, and the NUL
 * goes there. Those that are long, or have escapes, are passed over, and yajl is shown two quotes
 * in their place: it looks at each byte by a table, which took longer than all else about an answer
 * of a hundred jobs, and its eye for Unicode is weak (it lets overlong forms and encoded surrogates
 * pass, and joins \u escapes to characters that were never meant). That all is UTF-8 is settled
 * before.
 */
#include "formats/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_parse.h>

#include "base/utf8.h"
#include "formats/json_internal.h"

enum { JSON_MAX_DEPTH = 64, JSON_MAX_NODES = 1000 * 1000, LONG_STRING = 64 };

struct reader {
    struct arena *arena;
    char *data;
    size_t len;
    char *passed; /* the string that yajl was not shown, until it comes to its quotes */
    size_t passed_len;
    struct json *root;
    const char *key; /* of the value that comes next */
    size_t nodes;
    size_t depth;
    const char *refused; /* why a callback ended the reading */
    struct {
        struct json *node;
        struct json **end; /* where the next child goes */
    } open[JSON_MAX_DEPTH];
};

/* ---- building the tree ------------------------------------------------------------------------
 */

static struct json *add_node(struct reader *r, enum json_type type)
{
    struct json *v;

    if (r->nodes++ == JSON_MAX_NODES) {
        r->refused = "too many values";
        return NULL;
    }
    v = arena_take(r->arena, sizeof(*v));
    *v = (struct json){.type = type, .key = r->key, .initial = r->key ? r->key[0] : '\0'};
    r->key = NULL;
    if (r->depth == 0) {
        r->root = v;
    } else {
        r->open[r->depth - 1].node->count++;
        *r->open[r->depth - 1].end = v;
        r->open[r->depth - 1].end = &v->next;
    }
    return v;
}

/* The string that was passed over, or the one that yajl hands out where it stands: it is never
 * shown a part of one, so it has none to hold over in memory of its own. */
static const char *keep_string(struct reader *r, const unsigned char *text, size_t *len)
{
    size_t at = (size_t)((uintptr_t)text - (uintptr_t)r->data);

    if (r->passed) {
        at = (size_t)(r->passed - r->data);
        *len = r->passed_len;
        r->passed = NULL;
    }
    if (at >= r->len || *len >= r->len - at)
        BUG("yajl hands out a string that it was not shown");
    r->data[at + *len] = '\0';
    return r->data + at;
}

static int open_container(struct reader *r, enum json_type type)
{
    struct json *v;

    if (r->depth == JSON_MAX_DEPTH) {
        r->refused = "nested too deeply";
        return 0;
    }
    v = add_node(r, type);
    if (!v)
        return 0;
    r->open[r->depth].node = v;
    r->open[r->depth].end = &v->first;
    r->depth++;
    return 1;
}

static int on_null(void *ctx)
{
    return add_node(ctx, JSON_NULL) != NULL;
}

static int on_boolean(void *ctx, int value)
{
    struct json *v = add_node(ctx, JSON_BOOL);

    if (v)
        v->boolean = value != 0;
    return v != NULL;
}

/* Behind a number there may be what yajl has yet to read. */
static int on_number(void *ctx, const char *text, size_t len)
{
    struct reader *r = ctx;
    struct json *v = add_node(r, JSON_NUMBER);

    if (v) {
        v->text = arena_strndup(r->arena, text, len);
        v->len = len;
    }
    return v != NULL;
}

static int on_string(void *ctx, const unsigned char *text, size_t len)
{
    struct reader *r = ctx;
    struct json *v = add_node(r, JSON_STRING);

    if (v) {
        v->text = keep_string(r, text, &len);
        v->len = len;
    }
    return v != NULL;
}

static int on_key(void *ctx, const unsigned char *text, size_t len)
{
    struct reader *r = ctx;

    r->key = keep_string(r, text, &len);
    return 1;
}

static int on_open_object(void *ctx)
{
    return open_container(ctx, JSON_OBJECT);
}

static int on_open_array(void *ctx)
{
    return open_container(ctx, JSON_ARRAY);
}

static int on_close(void *ctx)
{
    struct reader *r = ctx;

    r->depth--;
    return 1;
}

static const yajl_callbacks callbacks = {
    .yajl_null = on_null,
    .yajl_boolean = on_boolean,
    .yajl_number = on_number,
    .yajl_string = on_string,
    .yajl_start_map = on_open_object,
    .yajl_map_key = on_key,
    .yajl_end_map = on_close,
    .yajl_start_array = on_open_array,
    .yajl_end_array = on_close,
};

/* ---- reading ----------------------------------------------------------------------------------
 */

static void *yajl_malloc(void *ctx, size_t bytes)
{
    (void)ctx;
    return mem_realloc(NULL, bytes);
}

static void *yajl_realloc(void *ctx, void *p, size_t bytes)
{
    (void)ctx;
    return mem_realloc(p, bytes);
}

static void yajl_release(void *ctx, void *p)
{
    (void)ctx;
    mem_free(p);
}

static void explain(yajl_handle parser, const struct reader *r, size_t offset, struct err *e)
{
    unsigned char *said;

    if (r->refused) {
        err_set(e, ERR_INTERNAL, "not usable as JSON at byte %zu: %s", offset, r->refused);
        return;
    }
    said = yajl_get_error(parser, 0, NULL, 0);
    err_set(e, ERR_INTERNAL, "not JSON at byte %zu: %.*s", offset,
            (int)strcspn((const char *)said, "\n"), (const char *)said);
    yajl_free_error(parser, said);
}

/* Shows yajl the text from `from` to before `to`. It places an error before the token that it met;
 * of a string that was passed over it knows the end alone. */
static bool show(struct reader *r, yajl_handle parser, const char *from, const char *to,
                 struct err *e)
{
    size_t len = (size_t)(to - from), offset;

    if (yajl_parse(parser, (const unsigned char *)from, len) == yajl_status_ok)
        return true;
    offset = (size_t)(from - r->data) + yajl_get_bytes_consumed(parser);
    explain(parser, r, r->passed ? (size_t)(r->passed - r->data) - 1 : offset, e);
    return false;
}

static bool show_all(struct reader *r, yajl_handle parser, struct err *e)
{
    char *shown = r->data, *p = r->data;
    const char *end = r->data + r->len, *quote = end;
    bool escaped;

    while ((p = memchr(p, '"', (size_t)(end - p))) &&
           (quote = json_string_end(++p, end, &escaped))) {
        size_t len = (size_t)(quote - p);

        if (escaped || len >= LONG_STRING) {
            if (!show(r, parser, shown, p, e))
                return false;
            r->passed = p;
            r->passed_len = escaped ? json_unescape(p, quote) : len;
            shown = p + len;
        }
        p += len + 1;
    }
    if (!show(r, parser, shown, end, e))
        return false;
    if (yajl_complete_parse(parser) != yajl_status_ok) {
        explain(parser, r, r->len, e);
        return false;
    }
    /* Behind the whole document yajl forgives it. */
    return quote || err_set(e, ERR_INTERNAL, "not JSON at byte %zu: a torn string", r->len);
}

static bool run_parser(struct reader *r, struct err *e)
{
    yajl_alloc_funcs memory = {yajl_malloc, yajl_realloc, yajl_release, NULL};
    yajl_handle parser = yajl_alloc(&callbacks, &memory, r);

    if (!parser)
        BUG("yajl refuses to start");
    yajl_config(parser, yajl_dont_validate_strings, 1);
    bool done = show_all(r, parser, e);
    yajl_free(parser);
    return done;
}

struct json *json_read_in_place(struct arena *a, char *data, size_t len, struct err *e)
{
    struct reader r = {.arena = a, .data = data, .len = len};
    size_t valid = utf8_valid(data, len);

    if (valid < len) {
        err_set(e, ERR_INTERNAL, "not JSON at byte %zu: invalid UTF-8", valid);
        return NULL;
    }
    return run_parser(&r, e) ? r.root : NULL;
}

struct json *json_read(struct arena *a, const char *data, size_t len, struct err *e)
{
    return json_read_in_place(a, arena_strndup(a, data, len), len, e);
}

/* ---- getters ----------------------------------------------------------------------------------
 */

const struct json *json_get(const struct json *object, const char *key)
{
    if (!object || object->type != JSON_OBJECT)
        return NULL;
    for (const struct json *v = object->first; v; v = v->next) {
        if (v->initial == key[0] && !strcmp(v->key, key))
            return v;
    }
    return NULL;
}

const char *json_string(const struct json *v)
{
    return v && v->type == JSON_STRING ? v->text : NULL;
}

bool json_bool(const struct json *v, bool fallback)
{
    return v && v->type == JSON_BOOL ? v->boolean : fallback;
}

/* How many decimal places the exponent moves the point; kept small, as int64 ends at 19 digits. */
static int exponent_of(const char *text)
{
    const char *e = strpbrk(text, "eE");
    long n = e ? strtol(e + 1, NULL, 10) : 0;

    return (int)(n > 1000 ? 1000 : n < -1000 ? -1000 : n);
}

/* Digit by digit from the text, never by way of a double: 2^53 + 1 must stay what it is. `places`
 * counts down from the point: a digit other than 0 below it makes the number no integer. */
bool json_int(const struct json *v, int64_t *out)
{
    const char *p;
    long places;
    int64_t n = 0;
    bool negative;

    if (!v || v->type != JSON_NUMBER)
        return false;
    negative = v->text[0] == '-';
    p = v->text + negative;
    places = (long)strspn(p, "0123456789") + exponent_of(p);
    for (; *p && *p != 'e' && *p != 'E'; p++) {
        if (*p == '.')
            continue;
        if (places-- <= 0) {
            if (*p != '0')
                return false;
        } else if (__builtin_mul_overflow(n, 10, &n) || __builtin_sub_overflow(n, *p - '0', &n)) {
            return false;
        }
    }
    for (; places > 0 && n; places--) {
        if (__builtin_mul_overflow(n, 10, &n))
            return false;
    }
    /* Gathered below zero, where there is one value more. */
    return !__builtin_mul_overflow(n, negative ? 1 : -1, out);
}
