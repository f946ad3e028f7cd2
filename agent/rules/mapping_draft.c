/*
 * The draft as YAML. Every line ends in how sure it is and why, so that a person knows where to
 * look; what is a gap cannot be overlooked, because `check` refuses it.
 */
#include "rules/mapping_draft.h"

#include <string.h>

#include "rules/mapping_internal.h"

#define VALUES_SHOWN 40

/* ---- YAML ------------------------------------------------------------------------------------ */

/* A scalar that YAML reads back as this text. */
static void put_scalar(struct buf *out, const char *text)
{
    if (mapping_is_plain_name(text)) {
        buf_addstr(out, text);
        return;
    }
    buf_addch(out, '"');
    for (const char *c = text; *c; c++) {
        if (*c == '"' || *c == '\\')
            buf_addch(out, '\\');
        buf_addch(out, *c);
    }
    buf_addch(out, '"');
}

/* SQL holds double quotes, and so stands in single ones. */
static void put_sql(struct buf *out, const char *sql)
{
    buf_addch(out, '\'');
    for (const char *c = sql; *c; c++) {
        if (*c == '\'')
            buf_addch(out, '\'');
        buf_addch(out, *c);
    }
    buf_addch(out, '\'');
}

/* A name as a mapping has it: an odd one in the double quotes of SQL. */
static void put_column(struct buf *out, const char *name)
{
    struct buf quoted = BUF_INIT(1024);
    mapping_quote_name(&quoted, name);
    if (mapping_is_plain_name(name))
        buf_addstr(out, name);
    else
        put_sql(out, buf_str(&quoted));
    buf_release(&quoted);
}

static const char *certainty(int score)
{
    return score >= DRAFT_SURE ? "sure" : score >= DRAFT_LIKELY ? "likely" : "a guess: look at it";
}

/* ---- source ---------------------------------------------------------------------------------- */

static void put_key(const struct draft_table *t, struct buf *out)
{
    buf_addstr(out, t->n_key > 1 ? "  key: [" : "  key: ");
    for (size_t i = 0; i < t->n_key; i++) {
        buf_addstr(out, i > 0 ? ", " : "");
        put_column(out, t->key[i]);
    }
    if (t->n_key == 0)
        buf_addstr(out, "GAP  # GAP: no primary key and no unique index; name what is unique");
    else
        buf_addstr(out, t->n_key > 1 ? "]  # sure" : "  # sure");
    buf_addch(out, '\n');
}

static void put_updated_at(const struct draft_guess *g, struct buf *out)
{
    if (!g->column) {
        buf_addstr(out, "  detect: scan  # no time of change was found: all rows are compared each "
                        "time\n");
        return;
    }
    buf_addstr(out, "  updated_at: ");
    put_column(out, g->column->name);
    buf_printf(out, "  # %s\n", certainty(g->score));
    if (strstr(g->column->type, "without time zone"))
        buf_addstr(out, "  time_zone: UTC  # a guess: the zone that the application writes\n");
}

static void put_removed(const struct draft_guess *g, struct buf *out)
{
    if (!g->column)
        return;
    struct buf sql = BUF_INIT(4096);
    mapping_quote_name(&sql, g->column->name);
    if (strcmp(g->column->type, "boolean") != 0)
        buf_addstr(&sql, " IS NOT NULL");
    buf_addstr(out, "  removed: ");
    put_sql(out, buf_str(&sql));
    buf_printf(out, "  # %s\n", certainty(g->score));
    buf_release(&sql);
}

static void put_source(const struct draft_table *t, const struct draft_guess *guess,
                       struct buf *out)
{
    struct buf odd = BUF_INIT(1024);
    mapping_quote_name(&odd, t->schema);
    buf_addch(&odd, '.');
    mapping_quote_name(&odd, t->name);
    buf_addstr(out, "source:\n  table: ");
    if (mapping_is_plain_name(t->schema) && mapping_is_plain_name(t->name))
        buf_printf(out, "%s.%s", t->schema, t->name);
    else
        put_sql(out, buf_str(&odd));
    buf_addch(out, '\n');
    buf_release(&odd);
    put_key(t, out);
    put_updated_at(&guess[DRAFT_UPDATED_AT], out);
    buf_addstr(out, "#  where: published  # rows that belong at Qudra; without it, all do\n");
    put_removed(&guess[DRAFT_REMOVED], out);
}

/* ---- fields ---------------------------------------------------------------------------------- */

static void put_origin(const struct draft_column *c, struct buf *out)
{
    if (!c->reference) {
        buf_addstr(out, "column: ");
        put_column(out, c->name);
        return;
    }
    struct buf sql = BUF_INIT(4096);
    buf_printf(&sql, "(SELECT r.%s FROM %s AS r WHERE r.%s = source.", c->reference_label,
               c->reference, c->reference_key);
    mapping_quote_name(&sql, c->name);
    buf_addch(&sql, ')');
    buf_addstr(out, "sql: ");
    put_scalar(out, buf_str(&sql));
    buf_release(&sql);
}

static bool looks_like_html(const struct draft_column *c)
{
    for (size_t i = 0; i < c->n_sample; i++)
        if (strstr(c->sample[i].data, "</") || strstr(c->sample[i].data, "<br"))
            return true;
    return false;
}

static void put_transform(enum job_field f, const struct draft_column *c, struct buf *out)
{
    bool json = strncmp(c->type, "json", 4) == 0;
    bool amount = f == JOB_SALARY_MIN || f == JOB_SALARY_MAX;
    const char *language = json ? "{language: [ar, en, any]}, " : "";
    if (f == JOB_TITLE)
        buf_printf(out, ", transform: [%scollapse, truncate]", language);
    else if (f == JOB_DESCRIPTION)
        buf_printf(out, ", transform: [%s%struncate]", language,
                   looks_like_html(c) ? "html_to_markdown, " : "");
    else if (f == JOB_CITY)
        buf_addstr(out, ", transform: [ksa_city]");
    else if (amount)
        buf_printf(out, ", transform: [%s{null_if: [0]}]",
                   strncmp(c->type, "character", 9) != 0 && strcmp(c->type, "text") != 0 ? ""
                   : f == JOB_SALARY_MIN ? "range_min, "
                                         : "range_max, ");
}

static bool is_same_key(struct text a, struct text b)
{
    return a.len == b.len && memcmp(a.data, b.data, a.len) == 0;
}

static const char *meaning_of(struct arena *a, enum job_field f, const struct draft_column *c,
                              struct text value)
{
    if (strcmp(c->type, "boolean") == 0)
        return value.data[0] == 't' ? "active" : "closed";
    return mapping_draft_meaning(a, f, value);
}

/* The different values of the sample, each with its meaning; what nobody knows is a gap. Values
 * that the field takes for its own choice without being told are left out. */
static void put_map(enum job_field f, const struct draft_column *c, struct arena *a,
                    struct buf *out)
{
    struct text seen[VALUES_SHOWN];
    size_t n = 0, shown = 0;
    for (size_t i = 0; job_fields[f].choices && i < c->n_sample && n < VALUES_SHOWN; i++) {
        struct text key = mapping_fold_key(a, c->sample[i]);
        size_t k = 0;
        while (k < n && !is_same_key(seen[k], key))
            k++;
        if (k < n)
            continue;
        seen[n++] = key;
        const char *meaning = meaning_of(a, f, c, c->sample[i]);
        if (meaning && is_same_key(mapping_fold_key(a, text_of(meaning)), key))
            continue;
        buf_addstr(out, shown++ == 0 ? ", map: {" : ", ");
        put_scalar(out, mapping_excerpt(a, c->sample[i]));
        buf_printf(out, ": %s", meaning ? meaning : "GAP");
    }
    buf_addstr(out, shown > 0 ? "}" : "");
}

static void put_gap(enum job_field f, struct buf *out)
{
    const char *name = job_fields[f].name;
    if (f == JOB_CURRENCY)
        buf_printf(out, "  %s: {const: SAR}  # likely: no column says otherwise\n", name);
    else if (f == JOB_STATUS)
        buf_printf(out, "  %s: {const: active}  # a guess: no column says it; see `where`\n", name);
    else if (f == JOB_SALARY_MAX || f == JOB_DESCRIPTION)
        buf_printf(out, "#  %s: {column: …}  # none was found, and none is needed\n", name);
    else
        buf_printf(out, "  %s: {column: GAP}  # GAP: no column was found\n", name);
}

static void put_field(enum job_field f, const struct draft_guess *g, struct arena *a,
                      struct buf *out)
{
    if (!g->column) {
        put_gap(f, out);
        return;
    }
    buf_printf(out, "  %s: {", job_fields[f].name);
    put_origin(g->column, out);
    put_transform(f, g->column, out);
    if (!g->column->reference)
        put_map(f, g->column, a, out);
    buf_printf(out, "}  # %s\n", certainty(g->score));
}

/* Names of mappings are words: what else a table's name holds becomes '_'. */
static void put_name(const struct draft_table *t, struct buf *out)
{
    buf_addstr(out, "name: ");
    for (const char *c = t->name; *c; c++) {
        bool word =
            (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9');
        buf_addch(out, word ? *c : '_');
    }
    buf_addch(out, '\n');
}

void mapping_draft_write(const struct draft_table *t, struct arena *a, struct buf *out)
{
    struct draft_guess guess[DRAFT_TARGETS];
    mapping_draft_guess(t, a, guess);
    buf_printf(
        out,
        "# yaml-language-server: $schema=mapping.schema.json\n#\n"
        "# Drafted from %s.%s: about %lld rows, %zu of them looked at. Read every line, fill "
        "the gaps\n# (GAP), and run `qudra-sync check`.\n",
        t->schema, t->name, (long long)t->rows, t->looked_at);
    put_name(t, out);
    put_source(t, guess, out);
    buf_addstr(out, "fields:\n");
    for (enum job_field f = 0; f < JOB_FIELDS; f++)
        put_field(f, &guess[f], a, out);
}

/* ---- tables of known products ---------------------------------------------------------------- */

/* The table's name, and columns that tell it from others of that name; the first that fits wins. */
static const struct {
    const char *preset, *table, *columns[4];
} known[] = {
    {"odoo-16-18-website", "hr_job", {"no_of_recruitment", "contract_type_id", "is_published"}},
    {"odoo-16-18", "hr_job", {"no_of_recruitment", "contract_type_id"}},
    {"odoo-14-15", "hr_job", {"no_of_recruitment", "state"}},
    {"horilla", "recruitment_recruitment", {"is_event_based", "company_id_id"}},
    {"reqcore", "job", {"organization_id", "salary_unit", "valid_through"}},
    {"openats", "jobs", {"pay_frequency", "salary_type", "salary_fixed"}},
    {"dolibarr", "llx_recruitment_recruitmentjobposition", {"remuneration_suggested", "fk_soc"}},
};

static bool has_column(const struct draft_table *t, const char *name)
{
    for (size_t i = 0; i < t->n_columns; i++)
        if (strcmp(t->column[i].name, name) == 0)
            return true;
    return false;
}

static bool is_known(const struct draft_table *t, size_t i)
{
    if (strcmp(t->name, known[i].table) != 0)
        return false;
    for (size_t c = 0; c < ARRAY_LEN(known[i].columns) && known[i].columns[c]; c++)
        if (!has_column(t, known[i].columns[c]))
            return false;
    return true;
}

const struct preset *mapping_draft_preset(const struct draft_table *t)
{
    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        for (const struct preset *p = presets; p->name && is_known(t, i); p++)
            if (strcmp(p->name, known[i].preset) == 0)
                return p;
    return NULL;
}
