/*
 * yajl calls back per token; each call hangs one node into the tree. The open containers stand on a
 * stack of JSON_MAX_DEPTH, which is also the depth limit: no recursion, whatever the input is.
 *
 * Of a string yajl is shown its two quotes: it looks at each byte by a table, which took longer
 * than all else about an answer of a hundred jobs, and its eye for Unicode is weak (it lets
 * overlong forms and encoded surrogates pass, and joins \u escapes to characters that were never
 * meant). The strings themselves stay where they are in the text: behind each is a quote that has
 * been read, and the NUL goes there. That all is UTF-8 is settled before.
 */
#include "formats/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_parse.h>

#include "base/utf8.h"
#include "formats/json_internal.h"

enum {
    JSON_MAX_DEPTH = 64,
    JSON_MAX_NODES = 1000 * 1000,
    SHOWN_BYTES = 1024,
    FEW_NODES = 4, /* taken at once of the first ones: most texts are small */
    MANY_NODES = 32,
};

struct reader {
    struct arena *arena;
    yajl_handle parser;
    char *data;
    size_t len;
    size_t shown_from;       /* the place in the text that `shown` begins at */
    char shown[SHOWN_BYTES]; /* a piece of the text, of each string its quotes */
    size_t n_shown;
    struct {
        char *text;
        size_t len;
        size_t behind; /* its second quote: a place in the text */
    } string[SHOWN_BYTES / 2];
    size_t n_strings, n_taken; /* of those that are shown, how many yajl has come to */
    struct json *root;
    const char *key;    /* of the value that comes next */
    size_t nodes;       /* so far */
    struct json *fresh; /* where the next ones go, */
    size_t n_fresh;     /* for so many */
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

    if (r->nodes == JSON_MAX_NODES) {
        r->refused = "too many values";
        return NULL;
    }
    if (r->n_fresh == 0) {
        r->n_fresh = r->nodes < MANY_NODES ? FEW_NODES : MANY_NODES;
        r->fresh = arena_take(r->arena, r->n_fresh * sizeof(*v));
    }
    r->nodes++;
    r->n_fresh--;
    v = r->fresh++;
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

/* The string whose quotes yajl has come to. */
static const char *next_string(struct reader *r, size_t *len)
{
    if (r->n_taken == r->n_strings)
        BUG("yajl hands out a string that it was not shown");
    char *text = r->string[r->n_taken].text;
    *len = r->string[r->n_taken++].len;
    text[*len] = '\0';
    return text;
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

static int on_string(void *ctx, const unsigned char *quotes, size_t none)
{
    struct reader *r = ctx;
    struct json *v = add_node(r, JSON_STRING);

    (void)quotes, (void)none;
    if (v)
        v->text = next_string(r, &v->len);
    return v != NULL;
}

static int on_key(void *ctx, const unsigned char *quotes, size_t none)
{
    struct reader *r = ctx;

    (void)quotes, (void)none;
    r->key = next_string(r, &(size_t){0});
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

/* Where in the text a byte of what is shown stands; of a string that yajl would not have, where
 * that begins. */
static size_t place_of(const struct reader *r, size_t at)
{
    size_t place = r->shown_from;

    for (size_t i = 0, n = 0; i < at; i++, place++) {
        if (r->shown[i] != '"')
            continue;
        if (n == r->n_taken)
            break;
        place = r->string[n++].behind;
        i++;
    }
    return place;
}

static void explain(const struct reader *r, size_t place, struct err *e)
{
    unsigned char *said;

    if (r->refused) {
        err_set(e, ERR_INTERNAL, "not usable as JSON at byte %zu: %s", place, r->refused);
        return;
    }
    said = yajl_get_error(r->parser, 0, NULL, 0);
    err_set(e, ERR_INTERNAL, "not JSON at byte %zu: %.*s", place,
            (int)strcspn((const char *)said, "\n"), (const char *)said);
    yajl_free_error(r->parser, said);
}

/* Shows yajl what has gathered, up to before `next` in the text. */
static bool show(struct reader *r, const char *next, struct err *e)
{
    const unsigned char *shown = (const unsigned char *)r->shown;

    if (yajl_parse(r->parser, shown, r->n_shown) != yajl_status_ok) {
        explain(r, place_of(r, yajl_get_bytes_consumed(r->parser)), e);
        return false;
    }
    r->shown_from = (size_t)(next - r->data);
    r->n_shown = r->n_strings = r->n_taken = 0;
    return true;
}

/* What comes before the next string, as far as there is room; where that ends. */
static char *take_marks(struct reader *r, char *p, const char *end)
{
    size_t left = (size_t)(end - p), room = SHOWN_BYTES - r->n_shown, n = 0;
    char *to = r->shown + r->n_shown;

    for (; n < left && n < room && p[n] != '"'; n++)
        to[n] = p[n];
    r->n_shown += n;
    return p + n;
}

/* The string whose first quote is at p; its second quote, NULL when it has none. */
static char *take_string(struct reader *r, char *p, const char *end)
{
    bool escaped;
    char *quote = json_string_end(p + 1, end, &escaped);

    if (!quote)
        return NULL;
    r->string[r->n_strings].text = p + 1;
    r->string[r->n_strings].len = escaped ? json_unescape(p + 1, quote) : (size_t)(quote - p - 1);
    r->string[r->n_strings++].behind = (size_t)(quote - r->data);
    memcpy(r->shown + r->n_shown, "\"\"", 2);
    r->n_shown += 2;
    return quote;
}

static bool show_all(struct reader *r, struct err *e)
{
    char *p = r->data, *quote;
    const char *end = r->data + r->len;

    while ((p = take_marks(r, p, end)) < end) {
        if (r->n_shown + 2 > SHOWN_BYTES) {
            if (!show(r, p, e))
                return false;
            continue;
        }
        quote = take_string(r, p, end);
        if (!quote)
            return show(r, p, e) &&
                   err_set(e, ERR_INTERNAL, "not JSON at byte %zu: %s", (size_t)(p - r->data),
                           "a torn string, or one with what no string may have");
        p = quote + 1;
    }
    if (!show(r, end, e))
        return false;
    if (yajl_complete_parse(r->parser) == yajl_status_ok)
        return true;
    explain(r, r->len, e);
    return false;
}

static bool run_parser(struct reader *r, struct err *e)
{
    yajl_alloc_funcs memory = {yajl_malloc, yajl_realloc, yajl_release, NULL};

    r->parser = yajl_alloc(&callbacks, &memory, r);
    if (!r->parser)
        BUG("yajl refuses to start");
    yajl_config(r->parser, yajl_dont_validate_strings, 1);
    bool done = show_all(r, e);
    yajl_free(r->parser);
    return done;
}

/* The stacks, most of a reader, are filled before they are read. */
static void init(struct reader *r, struct arena *a, char *data, size_t len)
{
    r->arena = a;
    r->data = data;
    r->len = len;
    r->shown_from = r->n_shown = r->n_strings = r->n_taken = 0;
    r->nodes = r->n_fresh = r->depth = 0;
    r->root = NULL;
    r->key = r->refused = NULL;
}

struct json *json_read_in_place(struct arena *a, char *data, size_t len, struct err *e)
{
    struct reader r;
    size_t valid = utf8_valid(data, len);

    if (valid < len) {
        err_set(e, ERR_INTERNAL, "not JSON at byte %zu: invalid UTF-8", valid);
        return NULL;
    }
    init(&r, a, data, len);
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
