/*
 * Arrays go in PostgreSQL's binary form (arrayfuncs.c, array_recv): a header of 32-bit words, then
 * each element as length and bytes, all in network order. The header stands at the front of the
 * same buffer and is filled in last, so that a page of values is never copied again on its way to
 * libpq.
 *
 * A text scalar is copied because its text form must end with a NUL, which a struct text need not;
 * the binary form would pin its type to text, where the statement may want a number or a date.
 */
#include "edges/pg.h"

#include <endian.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { ARRAY_MAX_BYTES = 256 * 1024 * 1024 };

/* From catalog/pg_type.dat; they never change. */
enum { OID_BOOL = 16, OID_BYTEA = 17, OID_INT8 = 20, OID_FLOAT8 = 701, OID_TIMESTAMPTZ = 1184 };

static const struct {
    unsigned element, array;
} array_types[] = {
    [PG_TEXT] = {25, 1009},           [PG_INT8] = {OID_INT8, 1016},
    [PG_FLOAT8] = {OID_FLOAT8, 1022}, [PG_BOOL] = {OID_BOOL, 1000},
    [PG_BYTEA] = {OID_BYTEA, 1001},   [PG_TIMESTAMPTZ_MS] = {OID_TIMESTAMPTZ, 1185},
};

struct array_header {
    uint32_t dimensions, has_null, element_type;
    uint32_t size, lower_bound; /* of the one dimension; absent when there is none */
};
enum { EMPTY_HEADER_BYTES = 3 * sizeof(uint32_t) };

/* Microseconds since 2000-01-01, as the server counts. */
static int64_t postgres_time(int64_t unix_ms)
{
    return (unix_ms - INT64_C(946684800000)) * 1000;
}

/* ---- arrays ------------------------------------------------------------------------------------
 */

void pg_array_init(struct pg_array *a, enum pg_type type)
{
    *a = (struct pg_array){.type = type, .bytes = BUF_INIT(ARRAY_MAX_BYTES)};
    buf_add(&a->bytes, &(struct array_header){0}, sizeof(struct array_header));
}

void pg_array_clear(struct pg_array *a)
{
    buf_truncate(&a->bytes, sizeof(struct array_header));
    a->n = 0;
    a->has_null = false;
}

void pg_array_release(struct pg_array *a)
{
    buf_release(&a->bytes);
    a->n = 0;
}

static void add_element(struct pg_array *a, const void *data, size_t len)
{
    uint32_t length = htobe32((uint32_t)len);
    char *to = buf_extend(&a->bytes, sizeof(length) + len);
    if (to) {
        memcpy(to, &length, sizeof(length));
        memcpy(to + sizeof(length), data, len);
    }
    a->n++;
}

static void add_word(struct pg_array *a, uint64_t word)
{
    word = htobe64(word);
    add_element(a, &word, sizeof(word));
}

static void expect_type(const struct pg_array *a, enum pg_type type)
{
    if (a->type != type)
        BUG("a value of type %d for an array of type %d", (int)type, (int)a->type);
}

void pg_array_null(struct pg_array *a)
{
    static const uint32_t null_length = UINT32_MAX;
    buf_add(&a->bytes, &null_length, sizeof(null_length));
    a->n++;
    a->has_null = true;
}

void pg_array_str(struct pg_array *a, const char *s)
{
    pg_array_text(a, text_of(s));
}

void pg_array_text(struct pg_array *a, struct text t)
{
    expect_type(a, PG_TEXT);
    if (t.data)
        add_element(a, t.data, t.len);
    else
        pg_array_null(a);
}

void pg_array_int(struct pg_array *a, int64_t v)
{
    expect_type(a, PG_INT8);
    add_word(a, (uint64_t)v);
}

void pg_array_float(struct pg_array *a, double v)
{
    expect_type(a, PG_FLOAT8);
    uint64_t word;
    memcpy(&word, &v, sizeof(word));
    add_word(a, word);
}

void pg_array_bool(struct pg_array *a, bool v)
{
    expect_type(a, PG_BOOL);
    add_element(a, v ? "\1" : "\0", 1);
}

void pg_array_bytes(struct pg_array *a, const void *data, size_t len)
{
    expect_type(a, PG_BYTEA);
    if (data)
        add_element(a, data, len);
    else
        pg_array_null(a);
}

void pg_array_time(struct pg_array *a, int64_t unix_ms)
{
    expect_type(a, PG_TIMESTAMPTZ_MS);
    add_word(a, (uint64_t)postgres_time(unix_ms));
}

/* ---- parameters --------------------------------------------------------------------------------
 */

void pg_params_init(struct pg_params *p)
{
    *p = (struct pg_params){0};
    for (int i = 0; i < PG_MAX_PARAMS; i++)
        buf_init(&p->copy[i], ARRAY_MAX_BYTES);
}

void pg_params_release(struct pg_params *p)
{
    for (int i = 0; i < p->n; i++)
        buf_release(&p->copy[i]);
    p->n = 0;
}

enum { TEXT_FORMAT, BINARY_FORMAT };

static int add(struct pg_params *p, unsigned type, int format, const void *value, size_t len)
{
    if (p->n == PG_MAX_PARAMS)
        BUG("more than %d parameters", PG_MAX_PARAMS);
    int i = p->n++;
    p->type[i] = type;
    p->format[i] = format;
    p->value[i] = value;
    p->length[i] = (int)len;
    return i;
}

void pg_add_str(struct pg_params *p, const char *s)
{
    add(p, 0, TEXT_FORMAT, s, 0);
}

void pg_add_text(struct pg_params *p, struct text t)
{
    int i = add(p, 0, TEXT_FORMAT, NULL, 0);
    if (!t.data)
        return;
    buf_add(&p->copy[i], t.data, t.len);
    p->value[i] = buf_str(&p->copy[i]);
}

void pg_add_int(struct pg_params *p, int64_t v)
{
    int i = add(p, OID_INT8, TEXT_FORMAT, NULL, 0);
    snprintf(p->number[i], sizeof(p->number[i]), "%" PRId64, v);
    p->value[i] = p->number[i];
}

void pg_add_float(struct pg_params *p, double v)
{
    int i = add(p, OID_FLOAT8, TEXT_FORMAT, NULL, 0);
    snprintf(p->number[i], sizeof(p->number[i]), "%.17g", isnan(v) ? fabs(v) : v);
    p->value[i] = p->number[i];
}

void pg_add_bool(struct pg_params *p, bool v)
{
    add(p, OID_BOOL, TEXT_FORMAT, v ? "t" : "f", 0);
}

void pg_add_bytes(struct pg_params *p, const void *data, size_t len)
{
    add(p, OID_BYTEA, BINARY_FORMAT, data, len);
}

void pg_add_time(struct pg_params *p, int64_t unix_ms)
{
    int64_t word = (int64_t)htobe64((uint64_t)postgres_time(unix_ms));
    int i = add(p, OID_TIMESTAMPTZ, BINARY_FORMAT, NULL, sizeof(word));
    memcpy(p->number[i], &word, sizeof(word));
    p->value[i] = p->number[i];
}

void pg_add_array(struct pg_params *p, struct pg_array *a)
{
    if (a->bytes.overflowed)
        BUG("an array parameter of more than %d bytes", ARRAY_MAX_BYTES);
    struct array_header h = {
        .dimensions = htobe32(a->n > 0),
        .has_null = htobe32(a->has_null),
        .element_type = htobe32(array_types[a->type].element),
        .size = htobe32((uint32_t)a->n),
        .lower_bound = htobe32(1),
    };
    memcpy(a->bytes.data, &h, sizeof(h));
    add(p, array_types[a->type].array, BINARY_FORMAT, a->bytes.data,
        a->n > 0 ? a->bytes.len : EMPTY_HEADER_BYTES);
}
