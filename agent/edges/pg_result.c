/*
 * Values as text, read where they stand in libpq's memory. What cannot be read as the type that is
 * asked for is a mistake in our own SQL and so a BUG: partner values are only ever asked for as
 * text.
 */
#include "edges/pg_internal.h"

#include <stdlib.h>
#include <string.h>

void pg_result_free(struct pg_result *r)
{
    if (!r)
        return;
    PQclear(r->res);
    mem_free(r);
}

size_t pg_rows(const struct pg_result *r)
{
    return r->rows;
}

size_t pg_columns(const struct pg_result *r)
{
    return r->columns;
}

int64_t pg_affected(const struct pg_result *r)
{
    return strtoll(PQcmdTuples(r->res), NULL, 10);
}

static const char *column_name(const struct pg_result *r, size_t column)
{
    return PQfname(r->res, (int)column);
}

unsigned pg_column_type(const struct pg_result *r, size_t column)
{
    return PQftype(r->res, (int)column);
}

/* libpq itself prints a warning and goes on with NULL. */
static void expect_cell(const struct pg_result *r, size_t row, size_t column)
{
    if (row >= r->rows || column >= r->columns)
        BUG("no row %zu, column %zu in a result of %zu by %zu", row, column, r->rows, r->columns);
}

/* Every value of a scan goes through here: NULL is asked for only where there are no bytes. */
static struct text cell(const struct pg_result *r, size_t row, size_t column)
{
    int i = (int)row, k = (int)column;
    size_t len = (size_t)PQgetlength(r->res, i, k);
    if (len == 0 && PQgetisnull(r->res, i, k))
        return TEXT_NONE;
    return (struct text){.data = PQgetvalue(r->res, i, k), .len = len};
}

struct text pg_text(const struct pg_result *r, size_t row, size_t column)
{
    expect_cell(r, row, column);
    return cell(r, row, column);
}

const char *pg_str(const struct pg_result *r, size_t row, size_t column)
{
    return pg_text(r, row, column).data;
}

void pg_texts(const struct pg_result *r, struct text *out)
{
    for (size_t i = 0; i < r->rows; i++)
        for (size_t k = 0; k < r->columns; k++)
            *out++ = cell(r, i, k);
}

int64_t pg_int(const struct pg_result *r, size_t row, size_t column, int64_t if_null)
{
    struct text t = pg_text(r, row, column);
    int64_t v;
    if (!t.data)
        return if_null;
    if (!text_whole(t, &v))
        BUG("column \"%s\" is no whole number: \"%s\"", column_name(r, column), t.data);
    return v;
}

double pg_float(const struct pg_result *r, size_t row, size_t column, double if_null)
{
    const char *s = pg_str(r, row, column);
    if (!s)
        return if_null;
    char *end;
    double v = strtod(s, &end);
    if (end == s || *end)
        BUG("column \"%s\" is no number: \"%s\"", column_name(r, column), s);
    return v;
}

bool pg_bool(const struct pg_result *r, size_t row, size_t column)
{
    const char *s = pg_str(r, row, column);
    if (s && strcmp(s, "t") != 0 && strcmp(s, "f") != 0)
        BUG("column \"%s\" is neither true nor false: \"%s\"", column_name(r, column), s);
    return s && *s == 't';
}

/* PQunescapeBytea knows both forms of bytea_output: behind a pool the setting is not ours. */
size_t pg_bytes(const struct pg_result *r, size_t row, size_t column, void *out, size_t max)
{
    const char *s = pg_str(r, row, column);
    if (!s)
        return 0;
    size_t len = 0;
    unsigned char *bytes = PQunescapeBytea((const unsigned char *)s, &len);
    if (!bytes)
        BUG("out of memory");
    if (len > max)
        BUG("column \"%s\" has %zu bytes, more than %zu", column_name(r, column), len, max);
    memcpy(out, bytes, len);
    PQfreemem(bytes);
    return len;
}

size_t pg_result_bytes(const struct pg_result *r)
{
    return PQresultMemorySize(r->res);
}
