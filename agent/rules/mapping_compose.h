/*
 * mapping_compose: how the SQL of a mapping is put together. Only for mapping_*.c.
 */
#ifndef QS_RULES_MAPPING_COMPOSE_H
#define QS_RULES_MAPPING_COMPOSE_H

#include "rules/mapping_internal.h"

struct span {
    size_t from, to; /* bytes of the composed text */
    const struct yaml_node *node;
    bool verbatim; /* character by character what the node holds */
};

struct composer {
    struct buf text;
    struct arena *arena;
    const struct mapping *m;
    const struct mapping_types *types; /* NULL for MAPPING_DESCRIBE */
    const char *zone;
    enum mapping_query query;
    struct span *spans;
    size_t n_spans, cap_spans;
    struct err *e;
    bool failed;
};

void compose_put(struct composer *c, const char *sql);
void compose_literal(struct composer *c, const char *text);
/* The quoted name that the node holds, after `before`. */
void compose_name(struct composer *c, const struct yaml_node *node, const char *before);
void compose_column(struct composer *c, const struct yaml_node *node);
/* The first `bytes` of the node: compose_sql in brackets, compose_part as a column when it is one
 * plain name; compose_expression takes the whole node. */
void compose_sql(struct composer *c, const struct yaml_node *node, size_t bytes);
void compose_part(struct composer *c, const struct yaml_node *node, size_t bytes);
void compose_expression(struct composer *c, const struct yaml_node *node);
void compose_from(struct composer *c);
/* All key columns with a cast behind each, "" for none. */
void compose_keys(struct composer *c, const char *cast);
bool compose_is_changed(const struct composer *c); /* one of the two MAPPING_CHANGED… */

/* SELECT … FROM …: the columns of struct row. */
void compose_select(struct composer *c);
/* MAPPING_WATCHED */
void compose_watched(struct composer *c);
/* $1, a timestamptz, as the type of updated_at. */
void compose_bound(struct composer *c);

#endif
