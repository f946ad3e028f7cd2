/*
 * mapping_select: the columns of a row, and what the types of the catalogue make of them.
 *
 * Expressions are converted to what the engine counts in (epoch milliseconds, float8); columns that
 * are compared never are: compose_bound converts the bound instead, so that their index serves.
 */
#include <stdio.h>
#include <string.h>

#include "rules/mapping_compose.h"

/* ---- types ---------------------------------------------------------------------------------- */

enum type_class {
    TYPE_INSTANT,
    TYPE_LOCAL,
    TYPE_DATE,
    TYPE_WHOLE,
    TYPE_DECIMAL,
    TYPE_BOOLEAN,
    TYPE_OTHER
};

static const struct {
    const char *name;
    enum type_class class;
    const char *bound; /* what a bound for such a column is cast to, so that its index serves */
} type_names[] = {
    {"timestamp with time zone", TYPE_INSTANT, NULL},
    {"timestamptz", TYPE_INSTANT, NULL},
    {"timestamp without time zone", TYPE_LOCAL, NULL},
    {"timestamp", TYPE_LOCAL, NULL},
    {"date", TYPE_DATE, NULL},
    {"smallint", TYPE_WHOLE, "bigint"},
    {"integer", TYPE_WHOLE, "bigint"},
    {"bigint", TYPE_WHOLE, "bigint"},
    {"numeric", TYPE_DECIMAL, "numeric"},
    {"real", TYPE_DECIMAL, "double precision"},
    {"double precision", TYPE_DECIMAL, "double precision"},
    {"boolean", TYPE_BOOLEAN, NULL},
};

/* "timestamp(3) with time zone" is looked up as "timestamp with time zone". */
static enum type_class classify(const char *type, const char **bound)
{
    const char *open = type ? strchr(type, '(') : NULL;
    const char *close = open ? strchr(open, ')') : NULL;
    enum type_class class = TYPE_OTHER;
    char plain[64];

    if (close)
        snprintf(plain, sizeof(plain), "%.*s%s", (int)(open - type), type, close + 1);
    else
        snprintf(plain, sizeof(plain), "%s", type ? type : "");
    for (size_t i = 0; i < ARRAY_LEN(type_names); i++) {
        if (strcmp(plain, type_names[i].name) != 0)
            continue;
        class = type_names[i].class;
        if (bound)
            *bound = type_names[i].bound;
    }
    return class;
}

/* A type that cannot serve ends the composing; the text that follows is not used. */
static void fail_type(struct composer *c, const struct yaml_node *node, const char *key,
                      const char *type, const char *hint)
{
    if (c->failed)
        return;
    c->failed = true;
    err_set(c->e, ERR_CONFIG, "%s:%d:%d: %s is of the type \"%s\", which cannot serve", c->m->file,
            node->line, node->column, key, type ? type : "unknown");
    err_hint(c->e, "%s", hint);
}

/* ---- moments -------------------------------------------------------------------------------- */

static void put_at_zone(struct composer *c, const char *cast)
{
    compose_put(c, cast);
    compose_put(c, " AT TIME ZONE ");
    compose_literal(c, c->zone);
    compose_put(c, ")");
}

/* The expression as timestamptz; the class is one of the three that are dates. */
static void put_moment(struct composer *c, const struct yaml_node *node, enum type_class class,
                       const char *plus)
{
    if (class == TYPE_INSTANT) {
        compose_expression(c, node);
        return;
    }
    compose_put(c, "((");
    compose_expression(c, node);
    compose_put(c, plus);
    put_at_zone(c, class == TYPE_DATE ? ")::timestamp" : ")");
}

static void check_changed(struct composer *c)
{
    const struct mapping *m = c->m;

    switch (classify(c->types->changed, NULL)) {
    case TYPE_INSTANT:
    case TYPE_LOCAL:
    case TYPE_DATE:
        break;
    case TYPE_WHOLE:
    case TYPE_DECIMAL:
        if (m->updated_at_unit == UNIT_NONE)
            fail_type(c, m->updated_at, "updated_at", c->types->changed,
                      "add updated_at_unit: seconds or milliseconds since 1970");
        break;
    case TYPE_BOOLEAN:
    case TYPE_OTHER:
        fail_type(c, m->updated_at, "updated_at", c->types->changed,
                  "it must be a timestamp, a date or a number; convert it in SQL");
        break;
    }
}

/* A watermark that is ahead of the source's clock says that the clock has been set back: what was
 * written since may lie anywhere behind it, so all rows are read, after which it is moved back too.
 */
#define SINCE                                                                                      \
    "CASE WHEN $1::timestamptz <= pg_catalog.now() THEN $1::timestamptz\n"                         \
    "        ELSE '1970-01-01Z' END"

/* $1, a timestamptz, as the type of updated_at: the column itself stays as it is in the index. */
void compose_bound(struct composer *c)
{
    const char *bound = NULL;

    switch (classify(c->types->changed, &bound)) {
    case TYPE_INSTANT:
        compose_put(c, SINCE);
        break;
    case TYPE_LOCAL:
        put_at_zone(c, "(" SINCE);
        break;
    case TYPE_DATE:
        put_at_zone(c, "(" SINCE);
        compose_put(c, "::date");
        break;
    case TYPE_WHOLE:
    case TYPE_DECIMAL:
        compose_put(c, "floor(extract(epoch FROM " SINCE ")");
        compose_put(c, c->m->updated_at_unit == UNIT_SECONDS ? ")::" : " * 1000)::");
        compose_put(c, bound);
        break;
    case TYPE_BOOLEAN:
    case TYPE_OTHER:
        break;
    }
}

/* ---- columns -------------------------------------------------------------------------------- */

/* Partner SQL is not run for a row outside `where`: the filter may be what makes it safe to run. */
static bool is_guarded(const struct composer *c)
{
    return compose_is_changed(c) && c->m->where;
}

static void open_guard(struct composer *c)
{
    compose_put(c, is_guarded(c) ? ",\n    CASE WHEN qudra_sync_row.qudra_sync_included THEN "
                                 : ",\n    ");
}

static void close_guard(struct composer *c)
{
    if (is_guarded(c))
        compose_put(c, " END");
}

static void put_removed(struct composer *c)
{
    compose_put(c, ",\n    ");
    if (is_guarded(c))
        compose_put(c, "NOT qudra_sync_row.qudra_sync_included OR ");
    if (c->m->removed) {
        compose_expression(c, c->m->removed);
        compose_put(c, " IS TRUE");
    } else {
        compose_put(c, "false");
    }
}

/* Ascending is most urgent first, whatever the partner's expression and direction. */
static void put_priority(struct composer *c)
{
    const struct mapping *m = c->m;
    enum type_class class = classify(c->types->priority, NULL);
    size_t bytes = mapping_priority_length(m->priority->text, &(bool){false});

    compose_put(c, m->priority_desc ? "-(" : "(");
    switch (class) {
    case TYPE_INSTANT:
    case TYPE_LOCAL:
    case TYPE_DATE:
        compose_put(c, "extract(epoch FROM ");
        compose_part(c, m->priority, bytes);
        compose_put(c, "))::float8");
        return;
    case TYPE_WHOLE:
    case TYPE_DECIMAL:
    case TYPE_BOOLEAN:
        compose_part(c, m->priority, bytes);
        compose_put(c, class == TYPE_BOOLEAN ? "::integer)::float8" : ")::float8");
        return;
    case TYPE_OTHER:
        fail_type(c, m->priority, "priority", c->types->priority,
                  "it must be a number, a timestamp or a boolean; convert it in SQL");
        return;
    }
}

static void put_due(struct composer *c)
{
    const struct mapping *m = c->m;
    enum type_class class = classify(c->types->due, NULL);

    if (class > TYPE_DATE)
        fail_type(c, m->due[0], "due", c->types->due,
                  "it must be a timestamp or a date; numbers are converted by to_timestamp(…)");
    compose_put(
        c, "(SELECT ceil(extract(epoch FROM min(due.at)) * 1000)::bigint\n        FROM (VALUES ");
    for (size_t i = 0; i < m->n_due; i++) {
        compose_put(c, i > 0 ? "),\n            (" : "(");
        put_moment(c, m->due[i], class, "");
        if (class != TYPE_DATE)
            continue;
        compose_put(c, "), (");
        put_moment(c, m->due[i], class, " + 1");
    }
    compose_put(c, ")) AS due (at)\n        WHERE due.at > now() AND isfinite(due.at))");
}

static void put_computed(struct composer *c)
{
    const struct mapping *m = c->m;

    put_removed(c);
    open_guard(c);
    if (m->priority)
        put_priority(c);
    else
        compose_put(c, "NULL::float8");
    close_guard(c);
    open_guard(c);
    if (m->n_due)
        put_due(c);
    else
        compose_put(c, "NULL::bigint");
    close_guard(c);
    compose_put(c, ",\n    ");
    if (m->updated_at) {
        check_changed(c);
        compose_expression(c, m->updated_at);
        compose_put(c, "::text");
    } else {
        compose_put(c, "NULL::text");
    }
}

/* The same columns with the types they have in the partner's schema. */
static void put_described(struct composer *c)
{
    const struct mapping *m = c->m;

    put_removed(c);
    compose_put(c, ",\n    ");
    if (m->priority)
        compose_part(c, m->priority, mapping_priority_length(m->priority->text, &(bool){false}));
    else
        compose_put(c, "NULL::float8");
    compose_put(c, m->n_due ? ",\n    least(" : ",\n    NULL::bigint");
    for (size_t i = 0; i < m->n_due; i++) {
        compose_put(c, i > 0 ? ", " : "");
        compose_expression(c, m->due[i]);
    }
    compose_put(c, m->n_due ? "),\n    " : ",\n    ");
    if (m->updated_at)
        compose_expression(c, m->updated_at);
    else
        compose_put(c, "NULL::text");
}

static void put_fields(struct composer *c, const char *cast)
{
    for (size_t i = 0; i < JOB_FIELDS; i++) {
        const struct field_program *f = c->m->field[i];

        if (!f || f->source == FIELD_CONST)
            continue;
        open_guard(c);
        if (f->source == FIELD_COLUMN)
            compose_column(c, f->node);
        else
            compose_sql(c, f->node, strlen(f->node->text));
        compose_put(c, cast);
        close_guard(c);
    }
}

void compose_select(struct composer *c)
{
    bool describe = c->query == MAPPING_DESCRIBE;

    compose_put(c, "SELECT ");
    compose_keys(c, describe ? "" : "::text");
    if (describe)
        put_described(c);
    else
        put_computed(c);
    compose_put(c, ",\n    ");
    if (c->m->account_sql) {
        compose_expression(c, c->m->account_sql);
        compose_put(c, "::text");
    } else {
        compose_put(c, "NULL::text");
    }
    if (c->query != MAPPING_KEYS && c->query != MAPPING_KEYS_AFTER)
        put_fields(c, describe ? "" : "::text");
    compose_from(c);
    if (is_guarded(c)) {
        /* OFFSET 0 keeps the planner from copying the filter into every column that asks for it. */
        compose_put(c, "\nCROSS JOIN LATERAL (SELECT ");
        compose_expression(c, c->m->where);
        compose_put(c, " IS TRUE AS qudra_sync_included OFFSET 0) AS qudra_sync_row");
    }
}
