/*
 * yaml_origin: how the files of yaml (yaml_read.c makes nodes, yaml_expand.c their texts,
 * yaml_place.c finds their characters in the file) tell each other where a scalar's text came from.
 * For nobody else.
 */
#ifndef QS_FORMATS_YAML_ORIGIN_H
#define QS_FORMATS_YAML_ORIGIN_H

#include "formats/yaml.h"

enum { YAML_MAX_BYTES = 4 * 1024 * 1024 };

/* What became of one `${NAME}` or `$${`. All in characters; the list is in the text's order. */
struct yaml_expansion {
    size_t at, len;         /* in the node's text */
    size_t raw_at, raw_len; /* in the text before expansion */
    struct yaml_expansion *next;
};

struct yaml_origin {
    const char *raw; /* the text before expansion */
    size_t start;    /* byte of the file where it begins, behind a quote or a block's first line */
    char quote;      /* ' or " or 0 */
    struct yaml_expansion *expansions;
    bool unset; /* a variable in it is not set */
};

/* The raw text of `o` with its variables in place; notes them in `o`. */
const char *yaml_expand(const struct yaml_node *node, struct yaml_origin *o, yaml_lookup lookup,
                        struct problems *p);
/* Bytes of the line break at s, 0 when none stands there; the breaks of YAML 1.1, as libyaml has
 * them. */
size_t yaml_break(const char *s, size_t len);
/* Line and column of a byte of the file. */
void yaml_place_byte(const struct yaml_doc *doc, size_t byte, int *line, int *column);
/* Line and column of the raw text's n-th character (from 0). */
void yaml_place_raw(const struct yaml_doc *doc, const struct yaml_origin *o, size_t n, int *line,
                    int *column);

#endif
