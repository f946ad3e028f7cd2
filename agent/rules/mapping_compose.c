/*
 * mapping_compose: pieces of SQL with a memory of where each came from.
 *
 * Every piece of partner SQL stands in brackets of its own with a line break before the closing
 * one, so that a trailing "-- comment" cannot swallow what follows. Where a piece lies in the text
 * is kept for mapping_blame.
 */
#include "rules/mapping_compose.h"

#include <string.h>
#include <strings.h>

/* ---- pieces --------------------------------------------------------------------------------- */

void compose_put(struct composer *c, const char *sql)
{
    buf_addstr(&c->text, sql);
}

void compose_literal(struct composer *c, const char *text)
{
    mapping_quote_literal(&c->text, text);
}

static void add_span(struct composer *c, size_t from, const struct yaml_node *node, bool verbatim)
{
    if (c->n_spans == c->cap_spans) {
        size_t cap = c->cap_spans ? 2 * c->cap_spans : 64;
        struct span *spans = arena_alloc(c->arena, cap * sizeof(*spans));

        if (c->n_spans > 0)
            memcpy(spans, c->spans, c->n_spans * sizeof(*spans));
        c->spans = spans;
        c->cap_spans = cap;
    }
    c->spans[c->n_spans++] =
        (struct span){.from = from, .to = c->text.len, .node = node, .verbatim = verbatim};
}

void compose_name(struct composer *c, const struct yaml_node *node, const char *before)
{
    const char *parts[MAPPING_MAX_PARTS] = {""};
    size_t from, n = mapping_split_name(c->arena, node->text, parts);

    compose_put(c, before);
    from = c->text.len;
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            compose_put(c, ".");
        mapping_quote_name(&c->text, parts[i]);
    }
    add_span(c, from, node, false);
}

void compose_column(struct composer *c, const struct yaml_node *node)
{
    compose_name(c, node, "source.");
}

void compose_sql(struct composer *c, const struct yaml_node *node, size_t bytes)
{
    size_t from;

    compose_put(c, "(");
    from = c->text.len;
    buf_add(&c->text, node->text, bytes);
    add_span(c, from, node, true);
    compose_put(c, "\n)");
}

/* Words that are an expression by themselves and so never taken for a column's name. */
static bool is_sql_word(const char *text, size_t bytes)
{
    static const char *const words[] = {"true",         "false",          "null",
                                        "current_date", "localtimestamp", "current_timestamp",
                                        "current_user", "session_user",   "user"};

    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (strlen(words[i]) == bytes && strncasecmp(words[i], text, bytes) == 0)
            return true;
    return false;
}

/* A plain name is a column, exactly as it is written ("updatedAt" needs no quotes in YAML). */
void compose_part(struct composer *c, const struct yaml_node *node, size_t bytes)
{
    const char *name = arena_strndup(c->arena, node->text, bytes);
    size_t from;

    if (!mapping_is_plain_name(name) || is_sql_word(name, bytes)) {
        compose_sql(c, node, bytes);
        return;
    }
    from = c->text.len;
    compose_put(c, "source.");
    mapping_quote_name(&c->text, name);
    add_span(c, from, node, false);
}

void compose_expression(struct composer *c, const struct yaml_node *node)
{
    compose_part(c, node, strlen(node->text));
}

void compose_from(struct composer *c)
{
    const struct mapping *m = c->m;

    if (m->table) {
        compose_name(c, m->table, "\nFROM ");
    } else {
        compose_put(c, "\nFROM ");
        compose_sql(c, m->query, strlen(m->query->text));
    }
    compose_put(c, " AS source");
}

void compose_keys(struct composer *c, const char *cast)
{
    for (size_t i = 0; i < c->m->n_key; i++) {
        if (i > 0)
            compose_put(c, ", ");
        compose_column(c, c->m->key[i]);
        compose_put(c, cast);
    }
}

bool compose_is_changed(const struct composer *c)
{
    return c->query == MAPPING_CHANGED || c->query == MAPPING_CHANGED_AFTER;
}
