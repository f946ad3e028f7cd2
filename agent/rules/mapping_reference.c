/*
 * mapping_reference: the language of mappings as Markdown, from the tables that read it.
 */
#include <string.h>

#include "rules/mapping_internal.h"

static const struct {
    const char *section, *title, *text;
} sections[] = {
    {"", "Top of the file", NULL},
    {"source", "`source`",
     "An expression that is one plain name is that column, exactly as written; anything else is "
     "SQL, "
     "in which sub-selects call the row `source`.\n"},
    {"source.write_back", "`source.write_back`",
     "Written only where they differ, and never the cause of another sync: in the transaction that "
     "records an outcome where source and state are one database (no `source_url`), right after it "
     "where they are two. Where the table does not let it (a locked row, a trigger that fails, a "
     "missing right), the mirror goes on, and the columns are written when they can be. Where "
     "`write_back` is added later, a row that is mirrored already is filled with its next change "
     "or removal.\n"},
    {"fields.*", "Each of `fields`",
     "One source (`column`, `sql` or `const`), then in this order whatever is given of "
     "`transform`, "
     "`map`, `default`.\n\nEvery value is checked to be UTF-8, cleaned (NFC, Arabic presentation "
     "forms, NBSP, line ends; invisible and control characters dropped) and trimmed; an empty "
     "value "
     "is a missing one. No transform is needed for that.\n"},
};

/* What tables of real products ask of a mapping, and which piece answers. */
static const struct {
    const char *need, *served;
} needs[] = {
    {"Table, view or SELECT; schema, odd names", "`table` (names as in the catalogue), `query`"},
    {"Row filter; a row that leaves it is removed", "`where`"},
    {"Keys of any type; duplicates",
     "`key`, one column or several; choose by DISTINCT ON in `query`"},
    {"Joins, first of many, aggregates", "SQL in `query`, or a sub-select in `sql`"},
    {"Column, constant, first that is there, junk as missing",
     "`column`, `const`, coalesce in `sql`, `null_if`"},
    {"jsonb paths; language with fallback; text or jsonb", "SQL's ->>; `language` takes both"},
    {"Arrays, composite types, lists stored as text",
     "SQL; to_jsonb(…) and `item`, `item_after`, `list_to_markdown`"},
    {"Bilingual pairs of columns", "coalesce in `sql`, with `title ~ '[ء-ي]'` as a test of script"},
    {"Unicode, blanks, control characters, damage", "by itself; `collapse`; `refuse_damaged`"},
    {"HTML, plain text, Markdown", "`html_to_markdown`, `html_to_text`, `text_to_markdown`"},
    {"Several columns under headings",
     "concat_ws and '## Heading' || … in `sql`: NULL leaves no heading"},
    {"Length limits", "`truncate`; without it, too long is refused"},
    {"Cities", "`ksa_city`, `cities`; another column behind: concat_ws(' | ', city, region)"},
    {"Employment type", "`map`, `default`; two columns, or a priority, by CASE in `sql`"},
    {"Amounts as text, ranges, Arabic digits",
     "integer fields read them; `range_min`, `range_max`; prose is refused"},
    {"Yearly, hourly, micros", "`scale`; by a period column: CASE in `sql`"},
    {"Currency", "`const`, `map`; rates in `sql`"},
    {"Fixed or reversed salaries, 0 as none, negotiable",
     "coalesce, least and CASE in `sql`; `null_if`; a salary that Qudra needs and is not there "
     "refuses the row"},
    {"Status by rules; drafts; soft deletion", "CASE in `sql`, `map`; `where`; `removed`"},
    {"Rules that follow the clock", "SQL with now(), and `due`"},
    {"When a row changed: any type, or none",
     "`updated_at`, `updated_at_unit`, `time_zone`, `detect`"},
    {"Changes in joined tables; late commits", "greatest(…) in `updated_at`; `overlap`"},
    {"Deletions", "the sweep and the removal guard; `on_removed`, `remove_after`"},
    {"No update without a change", "only what the mapping makes is compared"},
    {"Broken encoding", "the row is refused, rule `<field>.invalid_utf8`; the pass goes on"},
};

/* A '|' would end the table's cell. */
static void add_cell(struct buf *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '|')
            buf_addch(out, '\\');
        buf_addch(out, *text);
    }
}

static void write_keys(struct buf *out, const char *section)
{
    buf_addstr(out, "| key | what it says | example |\n|---|---|---|\n");
    for (size_t i = 0; i < mapping_keys_count; i++) {
        const struct mapping_key *key = &mapping_keys[i];

        if (strcmp(key->section, section) != 0)
            continue;
        buf_printf(out, "| `%s` | ", key->name);
        for (size_t c = 0; key->choices && key->choices[c]; c++)
            buf_printf(out, "%s`%s`%s", c > 0 ? ", " : "", key->choices[c],
                       key->choices[c + 1] ? "" : ". ");
        add_cell(out, key->help);
        if (key->example)
            buf_printf(out, " | `%s` |\n", key->example);
        else
            buf_addstr(out, " | |\n");
    }
}

static void write_transforms(struct buf *out)
{
    buf_addstr(out,
               "\n## Transforms\n\nA list under `transform`: names, or `{name: argument}`, one "
               "after the other. A missing value skips the rest.\n\n"
               "| transform | what it does | example |\n|---|---|---|\n");
    for (size_t i = 0; i < mapping_transforms_count; i++) {
        const struct transform *t = &mapping_transforms[i];

        buf_printf(out, "| `%s` | ", t->name);
        add_cell(out, t->help);
        buf_addstr(out, " | ");
        add_cell(out, t->example);
        buf_addstr(out, " |\n");
    }
}

static void write_fields(struct buf *out)
{
    buf_addstr(out, "\n## The fields of a job\n\n| field | rule |\n|---|---|\n");
    for (size_t i = 0; i < JOB_FIELDS; i++) {
        buf_printf(out, "| `%s` | %s", job_fields[i].name,
                   job_fields[i].required ? "Required. " : "");
        add_cell(out, job_fields[i].help);
        buf_addstr(out, " |\n");
    }
}

static void write_needs(struct buf *out)
{
    buf_addstr(out,
               "\n## Which piece for what\n\nThe twenty-five things that tables of real products "
               "ask for.\n\n| | the table has | use |\n|---|---|---|\n");
    for (size_t i = 0; i < ARRAY_LEN(needs); i++) {
        buf_printf(out, "| %zu | ", i + 1);
        add_cell(out, needs[i].need);
        buf_addstr(out, " | ");
        add_cell(out, needs[i].served);
        buf_addstr(out, " |\n");
    }
}

void mapping_write_reference(struct buf *out)
{
    for (size_t i = 0; i < ARRAY_LEN(sections); i++) {
        buf_printf(out, "%s## %s\n\n", i > 0 ? "\n" : "", sections[i].title);
        if (sections[i].text)
            buf_printf(out, "%s\n", sections[i].text);
        write_keys(out, sections[i].section);
    }
    write_fields(out);
    write_transforms(out);
    write_needs(out);
}
