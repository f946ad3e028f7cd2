/*
 * mapping_internal: what the files of the room mapping share. No other room includes it.
 */
#ifndef QS_RULES_MAPPING_INTERNAL_H
#define QS_RULES_MAPPING_INTERNAL_H

#include "rules/mapping.h"

/* ---- mapping_lexer.c: partner SQL and names ------------------------------------------------- */

#define MAPPING_MAX_PARTS 2 /* schema.table */

/* One identifier that needs no quotes: letters, digits, '_' and '$', no digit first. */
bool mapping_is_plain_name(const char *text);
/* Splits a (qualified) name; parts in double quotes may hold anything. 0 when it is no name. */
size_t mapping_split_name(struct arena *a, const char *text, const char *parts[MAPPING_MAX_PARTS]);
void mapping_quote_name(struct buf *out, const char *name);
void mapping_quote_literal(struct buf *out, const char *text);

/* What would let partner SQL out of the brackets it is put into. */
struct sql_fault {
    int position; /* 1-based character */
    const char *message, *hint;
};
bool mapping_check_sql(const char *text, struct sql_fault *fault) MUST_CHECK;

/* Bytes of the expression in front of "ASC" or "DESC". */
size_t mapping_priority_length(const char *text, bool *desc);

/* ---- field programs ------------------------------------------------------------------------- */

enum transform_result {
    TRANSFORM_DONE,
    TRANSFORM_UNKNOWN, /* a name nobody knows: the field's default stands in, or the row is refused
                        */
    TRANSFORM_REFUSED,
};

enum transform_argument {
    ARGUMENT_NONE,
    ARGUMENT_LENGTH, /* optional number of characters; without: the limit of the field */
    ARGUMENT_INDEX,  /* 1, 2, … */
    ARGUMENT_RATIO,  /* "1/12", "1000" */
    ARGUMENT_TEXT,
    ARGUMENT_FOLDED, /* a list of texts, compared folded */
    ARGUMENT_TEXTS,  /* a list of texts */
    ARGUMENT_REGION, /* optional word "region" */
};

struct transform_values {
    int64_t number, divisor;
    const struct text *text;
    size_t n;
};

struct transform_call {
    struct arena *arena;
    const struct mapping *mapping;
    enum job_field field;
    const struct transform_values *with;
    bool has_default;        /* an unknown name needs no words: the default stands in */
    struct refusal *refusal; /* filled unless TRANSFORM_DONE, or unknown with a default */
};

struct transform {
    const char *name;
    enum transform_argument argument;
    bool decodes; /* its result may hold characters that were written as escapes: cleaned again */
    enum transform_result (*run)(const struct transform_call *call, struct text *value);
    const char *help;
    const char *example; /* as in YAML, "in → out" after it */
};
extern const struct transform mapping_transforms[];
extern const size_t mapping_transforms_count;

struct transform_step {
    const struct transform *transform;
    struct transform_values with;
};

struct map_entry {
    struct text key;    /* as written: found without folding when the table is tidy */
    struct text folded; /* mapping_fold_key() of it; the entries are sorted by this */
    struct text value;  /* TEXT_NONE: the value counts as missing */
};

enum field_source { FIELD_COLUMN, FIELD_SQL, FIELD_CONST };

struct field_program {
    enum job_field field;
    enum field_source source;
    const struct yaml_node *node; /* the column's name, the SQL, or the constant */
    size_t column;                /* in struct row after the key parts; not for FIELD_CONST */
    struct transform_step *steps;
    size_t n_steps;
    struct map_entry *map; /* of an enum field it always holds the field's own choices */
    size_t n_map;
    struct text fallback; /* TEXT_NONE: no default */
};

/* For comparing keys: folded, and without the blanks, hyphens and underscores. */
struct text mapping_fold_key(struct arena *a, struct text t);
const struct map_entry *mapping_map_find(const struct field_program *f, struct arena *a,
                                         struct text value);

/* Fills a refusal of one field: rule "<field>.<rule>". */
void mapping_refuse_field(struct refusal *refusal, struct arena *a, enum job_field field,
                          const char *rule, const char *message, const char *message_ar);
/* At most 60 characters of a value, for a message. */
const char *mapping_excerpt(struct arena *a, struct text t);

/* ---- loading -------------------------------------------------------------------------------- */

struct mapping_loader {
    struct arena *arena;
    struct problems *problems;
    struct mapping *mapping;
};

/* The keys of a mapping file; mapping_reference.c prints them, mapping.c and mapping_fields.c read
 * by them. */
enum key_type {
    KEY_WORD,       /* const char *: a name that others refer to */
    KEY_TEXT,       /* const char * */
    KEY_COLUMN,     /* const char *: a column's name, without quotes */
    KEY_TABLE,      /* node */
    KEY_QUERY,      /* node: a SELECT */
    KEY_EXPRESSION, /* node: a column or SQL */
    KEY_COLUMNS,    /* node[] and count: one or a list */
    KEY_DUE,        /* node[] and count: one or a list of expressions */
    KEY_CHOICE,     /* enum */
    KEY_DURATION,   /* int64_t, ms */
    KEY_OWN,        /* read by a function of its own */
};

struct mapping_key {
    const char *section; /* "", "source", "source.write_back", "fields.*" */
    const char *name;
    enum key_type type;
    size_t offset; /* in struct mapping */
    const char *const *choices;
    const char *help, *example;
};
extern const struct mapping_key mapping_keys[];
extern const size_t mapping_keys_count;

/* Every key of `node` that the section does not have is a problem. */
void mapping_check_keys(struct mapping_loader *l, const struct yaml_node *node, const char *section,
                        const char *what);
/* False, with a problem, unless the node is a scalar that holds one column name. */
bool mapping_read_column(struct mapping_loader *l, const struct yaml_node *node,
                         const char **name) MUST_CHECK;
/* False, with a problem at its place, unless the node is SQL that stays inside its brackets. */
bool mapping_read_sql(struct mapping_loader *l, const struct yaml_node *node) MUST_CHECK;
void mapping_load_fields(struct mapping_loader *l, const struct yaml_node *fields);

#endif
