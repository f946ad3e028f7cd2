/*
 * yajl calls back per token; each call hangs one node into the tree. The open containers stand on a
 * stack of JSON_MAX_DEPTH, which is also the depth limit: no recursion, whatever the input is.
 *
 * yajl's own eye for Unicode is weak (it lets overlong forms and encoded surrogates pass, and joins
 * \u escapes to characters that were never meant), so that is settled before yajl sees the text:
 * bytes are checked as a whole, and an escape that stands for no character is overwritten with
 * \ufffd, which has its length.
 */
#include "formats/json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_parse.h>

#include "base/utf8.h"

enum { JSON_MAX_DEPTH = 64, JSON_MAX_NODES = 1000 * 1000 };

struct reader {
    struct arena *arena;
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
    *v = (struct json){.type = type, .key = r->key};
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

static int add_text(struct reader *r, enum json_type type, const char *text, size_t len)
{
    struct json *v = add_node(r, type);

    if (!v)
        return 0;
    v->text = arena_strndup(r->arena, text, len);
    v->len = len;
    return 1;
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

static int on_number(void *ctx, const char *text, size_t len)
{
    return add_text(ctx, JSON_NUMBER, text, len);
}

static int on_string(void *ctx, const unsigned char *text, size_t len)
{
    return add_text(ctx, JSON_STRING, (const char *)text, len);
}

static int on_key(void *ctx, const unsigned char *text, size_t len)
{
    struct reader *r = ctx;

    r->key = arena_strndup(r->arena, (const char *)text, len);
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

/* ---- mending escapes --------------------------------------------------------------------------
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

/* Bytes of the escape at p that belong together; *broken when it stands for no character. NUL is
 * taken for broken too: nothing that we talk to can hold it, and C strings would end there. */
static size_t escape_length(const char *p, const char *end, bool *broken)
{
    int unit = code_unit(p, end);

    *broken = false;
    if (unit < 0)
        return end - p < 2 ? 1 : 2;
    if (unit >= 0xd800 && unit < 0xdc00) {
        int low = code_unit(p + 6, end);

        if (low >= 0xdc00 && low < 0xe000)
            return 12;
    }
    *broken = unit == 0 || (unit >= 0xd800 && unit < 0xe000);
    return 6;
}

/* `data` itself, or a mended copy of it: a copy is hardly ever needed. */
static const char *mend_escapes(struct arena *a, const char *data, size_t len)
{
    const char *end = data + len;
    const char *p = data;
    char *copy = NULL;
    bool broken;

    while (p < end && (p = memchr(p, '\\', (size_t)(end - p)))) {
        size_t bytes = escape_length(p, end, &broken);

        if (broken) {
            if (!copy)
                copy = arena_copy(a, data, len);
            memcpy(copy + (p - data), "\\ufffd", 6);
        }
        p += bytes;
    }
    return copy ? copy : data;
}

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

static bool run_parser(struct reader *r, const char *data, size_t len, struct err *e)
{
    yajl_alloc_funcs memory = {yajl_malloc, yajl_realloc, yajl_release, NULL};
    yajl_handle parser = yajl_alloc(&callbacks, &memory, r);
    size_t offset = len;
    bool done;

    if (!parser)
        BUG("yajl refuses to start");
    yajl_config(parser, yajl_dont_validate_strings, 1);
    done = yajl_parse(parser, (const unsigned char *)data, len) == yajl_status_ok;
    if (!done)
        offset = yajl_get_bytes_consumed(parser);
    else
        done = yajl_complete_parse(parser) == yajl_status_ok;
    if (!done)
        explain(parser, r, offset, e);
    yajl_free(parser);
    return done;
}

struct json *json_read(struct arena *a, const char *data, size_t len, struct err *e)
{
    struct reader r = {.arena = a};
    size_t valid = utf8_valid(data, len);

    if (valid < len) {
        err_set(e, ERR_INTERNAL, "not JSON at byte %zu: invalid UTF-8", valid);
        return NULL;
    }
    if (!run_parser(&r, mend_escapes(a, data, len), len, e))
        return NULL;
    return r.root;
}

/* ---- getters ----------------------------------------------------------------------------------
 */

const struct json *json_get(const struct json *object, const char *key)
{
    if (!object || object->type != JSON_OBJECT)
        return NULL;
    for (const struct json *v = object->first; v; v = v->next) {
        if (v->key[0] == key[0] && !strcmp(v->key, key)) /* most differ in their first letter */
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
