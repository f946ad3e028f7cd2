/*
 * yaml: a YAML file as nodes that know where they stand. The only room with libyaml.
 *
 * One document per file; scalars, lists and maps; anchors and aliases are understood, tags and
 * merge keys are refused. Duplicate keys, tabs, broken UTF-8 and aliases that unfold to more than
 * 50,000 nodes are problems, told with their place like everything else. `${NAME}` and
 * `${NAME:-default}` are expanded in plain and double-quoted values (never in keys, never in single
 * quotes; `$${` stands for `${`); a name that is not set and has no default is a problem. As in the
 * shell, `:-` also stands in for an empty value.
 */
#ifndef QS_FORMATS_YAML_H
#define QS_FORMATS_YAML_H

#include <stdint.h>

#include "formats/problem.h"

enum yaml_kind { YAML_SCALAR, YAML_LIST, YAML_MAP };

struct yaml_doc;
struct yaml_origin;

struct yaml_node {
    enum yaml_kind kind;
    const struct yaml_doc *doc;
    int line, column;               /* 1-based start */
    int width;                      /* characters to underline */
    const char *text;               /* YAML_SCALAR: after expansion; NUL-terminated, never NULL */
    bool quoted;                    /* a quoted "null" or "true" is text */
    bool block;                     /* a | or > scalar: its text begins on the line after `line` */
    const struct yaml_node *key;    /* in a map: the key's own node, for its place */
    struct yaml_node *first, *next; /* children of a list or map, in order */
    size_t count;
    /* Where the text came from, so that an error inside partner SQL can be shown at its place: see
     * yaml_place_in(). NULL for lists and maps, and for what stood in no file. */
    const struct yaml_origin *origin;
};

struct yaml_doc {
    const char *file;
    const char *source; /* the file's whole text */
    size_t len;
    const struct yaml_node *root; /* NULL when empty or unreadable */
};

/* Looks a variable up; NULL when it is not set. getenv() fits. */
typedef char *(*yaml_lookup)(const char *name);

/* Reads `file` (at most 4 MiB). Always returns a doc; what is wrong goes to `problems`. Lives in
 * the arena of `problems`. */
struct yaml_doc *yaml_load(const char *file, yaml_lookup lookup, struct problems *problems);
/* The same from memory; `file` is only for messages. */
struct yaml_doc *yaml_read(const char *file, const char *text, size_t len, yaml_lookup lookup,
                           struct problems *problems);

/* A problem at a node; hint may be NULL. Adds the source line and the underline. */
void yaml_problem(struct problems *p, const struct yaml_node *at, const char *hint, const char *fmt,
                  ...) PRINTF_LIKE(4, 5);
void yaml_warning(struct problems *p, const struct yaml_node *at, const char *hint, const char *fmt,
                  ...) PRINTF_LIKE(4, 5);
/* A problem at the n-th character (1-based) of a scalar's text: for SQL in a mapping. */
void yaml_problem_in(struct problems *p, const struct yaml_node *at, int position, const char *hint,
                     const char *message);
/* Line and column of that character in the file. */
void yaml_place_in(const struct yaml_node *at, int position, int *line, int *column);

/* The value under `key` of a map, or NULL. */
const struct yaml_node *yaml_get(const struct yaml_node *map, const char *key);
/* A problem "unknown key … in <what>", with the nearest of `known`, for each key of `map` not in
 * it. A node that is no map is a problem too; NULL is none. */
void yaml_check_keys(struct problems *p, const struct yaml_node *map, const char *what,
                     const char *const *known, size_t n);

bool yaml_is_null(const struct yaml_node *n); /* absent, or plain ~, null or empty */
/* A variable in it is not set, and that has been told: its text says nothing. */
bool yaml_is_unset(const struct yaml_node *n);
/* Its text is what one ${NAME} holds: nothing of it, and no default, stands in the file. */
bool yaml_is_variable(const struct yaml_node *n);

/* Typed getters: false, with a problem that names what was expected, when the text does not fit.
 * What was found is shown as the file has it: what a variable expanded to (a secret?) never is. */
bool yaml_int(struct problems *p, const struct yaml_node *n, int64_t min, int64_t max,
              int64_t *out) MUST_CHECK;
bool yaml_bool(struct problems *p, const struct yaml_node *n,
               bool *out) MUST_CHECK; /* true false */
bool yaml_duration(struct problems *p, const struct yaml_node *n, int64_t min_ms, int64_t max_ms,
                   int64_t *out) MUST_CHECK;
/* Index into `choices`. */
bool yaml_choice(struct problems *p, const struct yaml_node *n, const char *const *choices,
                 size_t count, int *out) MUST_CHECK;
bool yaml_text(struct problems *p, const struct yaml_node *n, const char **out) MUST_CHECK;

#endif
