/*
 * mapping_sql: the queries of a mapping, and whose fault an error in one of them is.
 *
 * mapping_blame composes the text again to find whose character the server complains of: the same
 * inputs give the same text. A single key is looked up by = ANY (array), a composite one by IN
 * (SELECT … FROM unnest(…)), and pages go on by row comparison: each can use an index.
 */
#include <string.h>

#include "rules/mapping_compose.h"

#define MAX_SQL_BYTES ((size_t)32 << 20)

/* ---- conditions ----------------------------------------------------------------------------- */

static void put_where(struct composer *c, const char *word)
{
    if (!c->m->where)
        return;
    compose_put(c, word);
    compose_expression(c, c->m->where);
}

/* Rows without a key are counted by MAPPING_NULL_KEYS and refused; no page holds them. */
static void put_has_key(struct composer *c)
{
    for (size_t i = 0; i < c->m->n_key; i++) {
        compose_put(c, i > 0 ? " AND " : "\nWHERE ");
        compose_column(c, c->m->key[i]);
        compose_put(c, " IS NOT NULL");
    }
}

static void put_order(struct composer *c, const char *limit)
{
    compose_put(c, "\nORDER BY ");
    if (compose_is_changed(c)) {
        compose_expression(c, c->m->updated_at);
        compose_put(c, ", ");
    }
    compose_keys(c, "");
    compose_put(c, limit);
}

/* (updated_at, key…) > ($1::type, $n::type…) */
static void put_after(struct composer *c, unsigned first)
{
    const struct mapping *m = c->m;

    compose_put(c, "\n    AND (");
    if (compose_is_changed(c)) {
        compose_expression(c, m->updated_at);
        compose_put(c, ", ");
    }
    compose_keys(c, "");
    compose_put(c, ") > (");
    if (compose_is_changed(c))
        buf_printf(&c->text, "$1::%s, ", c->types->changed);
    for (unsigned i = 0; i < m->n_key; i++)
        buf_printf(&c->text, "%s$%u::%s", i > 0 ? ", " : "", first + i, c->types->key[i]);
    compose_put(c, ")");
}

static void put_by_key(struct composer *c)
{
    const struct mapping *m = c->m;

    compose_put(c, "\nWHERE ");
    if (m->n_key == 1) {
        compose_column(c, m->key[0]);
        buf_printf(&c->text, " = ANY ($1::text[]::%s[])", c->types->key[0]);
        return;
    }
    compose_put(c, "(");
    compose_keys(c, "");
    compose_put(c, ") IN (SELECT ");
    for (unsigned i = 0; i < m->n_key; i++)
        buf_printf(&c->text, "%swanted.key%u::%s", i > 0 ? ", " : "", i + 1, c->types->key[i]);
    compose_put(c, "\n    FROM unnest(");
    for (unsigned i = 0; i < m->n_key; i++)
        buf_printf(&c->text, "%s$%u::text[]", i > 0 ? ", " : "", i + 1);
    compose_put(c, ") AS wanted (");
    for (unsigned i = 0; i < m->n_key; i++)
        buf_printf(&c->text, "%skey%u", i > 0 ? ", " : "", i + 1);
    compose_put(c, "))");
}

/* ---- the queries ---------------------------------------------------------------------------- */

static void compose_pages(struct composer *c)
{
    bool after = c->query == MAPPING_SCAN_AFTER || c->query == MAPPING_KEYS_AFTER;

    compose_select(c);
    put_has_key(c);
    if (after)
        put_after(c, 2);
    put_where(c, "\n    AND ");
    put_order(c, "\nLIMIT $1::bigint");
}

static void compose_changed(struct composer *c)
{
    compose_select(c);
    put_has_key(c);
    if (c->query == MAPPING_CHANGED_AFTER) {
        put_after(c, 3);
    } else {
        compose_put(c, "\n    AND ");
        compose_expression(c, c->m->updated_at);
        compose_put(c, " >= ");
        compose_bound(c);
    }
    put_order(c, "\nLIMIT $2::bigint");
}

static void compose_present(struct composer *c)
{
    compose_put(c, "SELECT ");
    compose_keys(c, "::text");
    compose_from(c);
    put_by_key(c);
    put_where(c, "\n    AND ");
    if (c->m->removed) {
        compose_put(c, "\n    AND ");
        compose_expression(c, c->m->removed);
        compose_put(c, " IS NOT TRUE");
    }
}

static void compose_null_keys(struct composer *c)
{
    compose_put(c, "SELECT count(*)");
    compose_from(c);
    for (size_t i = 0; i < c->m->n_key; i++) {
        compose_put(c, i > 0 ? " OR " : "\nWHERE (");
        compose_column(c, c->m->key[i]);
        compose_put(c, " IS NULL");
    }
    compose_put(c, ")");
    put_where(c, "\n    AND ");
}

static void compose_write_back(struct composer *c)
{
    const struct mapping *m = c->m;
    const struct {
        const char *column, *value;
    } sets[] = {{m->write_back_job_id, "job_id"},
                {m->write_back_url, "url"},
                {m->write_back_status, "status"}};
    const char *between = "\nSET ";

    compose_name(c, m->table, "UPDATE ");
    compose_put(c, " AS source");
    for (size_t i = 0; i < ARRAY_LEN(sets); i++) {
        if (!sets[i].column)
            continue;
        compose_put(c, between);
        mapping_quote_name(&c->text, sets[i].column);
        buf_printf(&c->text, " = outcome.%s", sets[i].value);
        between = ", ";
    }
    compose_put(c, "\nFROM unnest(");
    for (unsigned i = 0; i < m->n_key + ARRAY_LEN(sets); i++)
        buf_printf(&c->text, "%s$%u::text[]", i > 0 ? ", " : "", i + 1);
    compose_put(c, ") AS outcome (");
    for (unsigned i = 0; i < m->n_key; i++)
        buf_printf(&c->text, "key%u, ", i + 1);
    compose_put(c, "job_id, url, status)\nWHERE ");
    for (unsigned i = 0; i < m->n_key; i++) {
        compose_put(c, i > 0 ? " AND " : "");
        compose_column(c, m->key[i]);
        buf_printf(&c->text, " = outcome.key%u::%s", i + 1, c->types->key[i]);
    }
    between = "\n    AND (";
    for (size_t i = 0; i < ARRAY_LEN(sets); i++) {
        if (!sets[i].column)
            continue;
        compose_put(c, between);
        compose_put(c, "source.");
        mapping_quote_name(&c->text, sets[i].column);
        buf_printf(&c->text, "::text IS DISTINCT FROM outcome.%s", sets[i].value);
        between = " OR ";
    }
    compose_put(c, ")");
}

static void compose(struct composer *c)
{
    switch (c->query) {
    case MAPPING_DESCRIBE:
        compose_select(c);
        put_where(c, "\nWHERE ");
        compose_put(c, "\nLIMIT 0");
        break;
    case MAPPING_SCAN:
    case MAPPING_SCAN_AFTER:
    case MAPPING_KEYS:
    case MAPPING_KEYS_AFTER:
        compose_pages(c);
        break;
    case MAPPING_BY_KEY:
        compose_select(c);
        put_by_key(c);
        put_where(c, "\n    AND ");
        break;
    case MAPPING_PRESENT:
        compose_present(c);
        break;
    case MAPPING_CHANGED:
    case MAPPING_CHANGED_AFTER:
        compose_changed(c);
        break;
    case MAPPING_NULL_KEYS:
        compose_null_keys(c);
        break;
    case MAPPING_WRITE_BACK:
        compose_write_back(c);
        break;
    case MAPPING_WATCHED:
        compose_watched(c);
        break;
    case MAPPING_QUERIES:
        BUG("not a query");
    }
}

static struct composer composer_of(const struct mapping *m, enum mapping_query q,
                                   const struct mapping_types *types, const char *time_zone)
{
    return (struct composer){.text = BUF_INIT(MAX_SQL_BYTES),
                             .m = m,
                             .types = types,
                             .zone = m->time_zone ? m->time_zone : time_zone,
                             .query = q};
}

const char *mapping_sql(const struct mapping *m, enum mapping_query q,
                        const struct mapping_types *types, const char *time_zone, struct arena *a,
                        struct err *e)
{
    struct composer c = composer_of(m, q, types, time_zone);
    const char *sql = NULL;

    c.arena = a;
    c.e = e;
    compose(&c);
    if (!c.failed && c.text.overflowed)
        err_set(e, ERR_CONFIG, "%s: the mapping's SQL is longer than 32 MiB", m->file);
    else if (!c.failed)
        sql = arena_strndup(a, c.text.data, c.text.len);
    buf_release(&c.text);
    return sql;
}

/* ---- the index it wants ------------------------------------------------------------------------
 */

static void put_bare_column(struct composer *c, const struct yaml_node *node)
{
    const char *parts[MAPPING_MAX_PARTS] = {node->text};

    mapping_split_name(c->arena, node->text, parts);
    mapping_quote_name(&c->text, parts[0]);
}

const char *mapping_index(const struct mapping *m, enum mapping_query q, struct arena *a)
{
    struct composer c = {.text = BUF_INIT(MAX_SQL_BYTES), .arena = a, .m = m};
    bool changed = q == MAPPING_CHANGED || q == MAPPING_CHANGED_AFTER;
    const char *sql;

    if (!m->table || (changed && !mapping_is_plain_name(m->updated_at->text)))
        return NULL;
    compose_name(&c, m->table, "CREATE INDEX CONCURRENTLY ON ");
    compose_put(&c, " (");
    if (changed)
        put_bare_column(&c, m->updated_at);
    for (size_t i = 0; i < m->n_key; i++) {
        compose_put(&c, i > 0 || changed ? ", " : "");
        put_bare_column(&c, m->key[i]);
    }
    compose_put(&c, ")");
    sql = arena_strndup(a, c.text.data, c.text.len);
    buf_release(&c.text);
    return sql;
}

/* ---- blame ---------------------------------------------------------------------------------- */

static size_t byte_of(const char *text, int position)
{
    size_t at = 0;

    for (int n = 1; n < position && text[at]; n++)
        do
            at++;
        while (((unsigned char)text[at] & 0xC0) == 0x80);
    return at;
}

static int characters(const char *text, size_t bytes)
{
    int n = 0;

    for (size_t i = 0; i < bytes; i++)
        n += ((unsigned char)text[i] & 0xC0) != 0x80;
    return n;
}

static const struct span *nearest_span(const struct composer *c, size_t at)
{
    const struct span *best = NULL;
    size_t least = SIZE_MAX;

    for (size_t i = 0; i < c->n_spans; i++) {
        const struct span *s = &c->spans[i];
        size_t distance = at < s->from ? s->from - at : at >= s->to ? at - s->to + 1 : 0;

        if (distance < least) {
            least = distance;
            best = s;
        }
    }
    return best;
}

void mapping_blame(const struct mapping *m, enum mapping_query q, const struct mapping_types *types,
                   const char *time_zone, const struct err *e, struct problems *p)
{
    struct composer c = composer_of(m, q, types, time_zone);
    struct err unused = ERR_INIT;
    const char *hint = e->hint[0] ? e->hint : NULL;
    const struct span *span;
    size_t at;

    c.arena = p->arena;
    c.e = &unused;
    compose(&c);
    at = byte_of(buf_str(&c.text), e->sql_position);
    span = e->sql_position > 0 ? nearest_span(&c, at) : NULL;
    if (!span)
        yaml_problem(p, m->table ? m->table : m->query, hint, "%s", e->message);
    else if (span->verbatim && at >= span->from && at < span->to)
        yaml_problem_in(p, span->node, 1 + characters(c.text.data + span->from, at - span->from),
                        hint, e->message);
    else
        yaml_problem(p, span->node, hint, "%s", e->message);
    buf_release(&c.text);
}
