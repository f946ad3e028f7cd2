/*
 * mapping_draft: a first mapping for a table that nobody has described.
 *
 * Guesses by names (English and Arabic), types, references and a sample of the values, and says at
 * each line how sure it is. What it cannot find stands as GAP, which no table has and which `check`
 * therefore names. Pure: commands/introspect reads the catalogue and the sample.
 */
#ifndef QS_RULES_MAPPING_DRAFT_H
#define QS_RULES_MAPPING_DRAFT_H

#include "rules/job.h"

struct draft_column {
    const char *name, *type; /* type as format_type() names it */
    bool is_enum;
    const struct text *sample; /* values that are not NULL and not empty */
    size_t n_sample;
    /* A reference to one column of another table; NULL: none. All but the bare name are quoted. */
    const char *reference, *reference_key, *reference_label, *reference_name;
};

struct draft_table {
    const char *schema, *name;
    const struct draft_column *column;
    size_t n_columns;
    const char *const *key; /* of the primary key, or of a unique index without NULLs */
    size_t n_key;
    int64_t rows;     /* about */
    size_t looked_at; /* rows of the sample */
};

/* What a mapping wants to know: the fields of a job, and these. */
enum draft_target { DRAFT_UPDATED_AT = JOB_FIELDS, DRAFT_REMOVED, DRAFT_TARGETS };

#define DRAFT_SURE   80
#define DRAFT_LIKELY 50

struct draft_guess {
    const struct draft_column *column; /* NULL: nothing fits */
    int score;                         /* 0 to 100 */
};

/* The best column for each target; no column serves two. */
void mapping_draft_guess(const struct draft_table *t, struct arena *a,
                         struct draft_guess out[DRAFT_TARGETS]);
/* What a value most likely means in an enum field, or NULL. */
const char *mapping_draft_meaning(struct arena *a, enum job_field field, struct text value);
/* The mapping, as YAML. */
void mapping_draft_write(const struct draft_table *t, struct arena *a, struct buf *out);

/* ---- tables of known products -------------------------------------------------------------- */

struct preset {
    const char *name, *text; /* "odoo-16-18": the file of mappings/, whole */
};
extern const struct preset presets[]; /* ends with a NULL name; made by presets.awk */

/* The preset made for this table, or NULL. */
const struct preset *mapping_draft_preset(const struct draft_table *t);

#endif
