/*
 * mapping_keys: the one table of keys of a mapping file. mapping.c reads by it, mapping_reference.c
 * prints it.
 */
#include <string.h>

#include "rules/mapping_internal.h"

static const char *const detect_choices[] = {"watermark", "trigger", "scan", NULL};
static const char *const removed_choices[] = {"close", "delete", NULL};
static const char *const missing_choices[] = {"recreate", "refuse", NULL};
static const char *const unit_choices[] = {"seconds", "milliseconds", NULL};

#define AT(member) offsetof(struct mapping, member)

const struct mapping_key mapping_keys[] = {
    {"", "name", KEY_WORD, AT(name), NULL,
     "Name of the mapping, on the command line and in the state. Required.", "jobs"},
    {"", "account", KEY_TEXT, AT(account), NULL,
     "The account (of `agent.yaml`) whose jobs these are. Default: the only one.", "acme"},
    {"", "source", KEY_OWN, 0, NULL, "Where the rows are; see below. Required.", NULL},
    {"", "fields", KEY_OWN, 0, NULL, "How each field of the job is made; see below. Required.",
     NULL},
    {"", "cities", KEY_OWN, 0, NULL,
     "Spellings of cities of your own, tried before the built-in list.", "{Riyadh HQ: Riyadh}"},

    {"source", "table", KEY_TABLE, AT(table), NULL,
     "Table or view, with its schema if it has one, written as the catalogue has it (no folding to "
     "lower case). Odd names in double quotes. This or `query`.",
     "public.job_postings"},
    {"source", "query", KEY_QUERY, AT(query), NULL,
     "A SELECT to read from instead of a table: joins, aggregates, DISTINCT ON.",
     "SELECT j.*, c.city FROM jobs j LEFT JOIN cities c ON c.id = j.city_id"},
    {"source", "key", KEY_COLUMNS, 0, NULL,
     "The column, or list of columns, that names a row for good. Required.", "[company_id, id]"},
    {"source", "updated_at", KEY_EXPRESSION, AT(updated_at), NULL,
     "When the row changed last: a column, or SQL such as the greatest of several tables' dates. "
     "Rows in which it is NULL are found by the sweep alone.",
     "updated_at"},
    {"source", "updated_at_unit", KEY_CHOICE, AT(updated_at_unit), unit_choices,
     "Needed when `updated_at` is a number: what it counts since 1970.", "milliseconds"},
    {"source", "detect", KEY_CHOICE, AT(detect), detect_choices,
     "How changes are found. Default: `watermark` when `updated_at` is given, else `scan`.",
     "trigger"},
    {"source", "overlap", KEY_DURATION, AT(overlap_ms), NULL,
     "How far `watermark` looks back each time. Default: `sync.overlap`.", "10m"},
    {"source", "where", KEY_EXPRESSION, AT(where), NULL,
     "Rows that belong at Qudra. A row that leaves it is removed there.",
     "published AND company_id = 42"},
    {"source", "removed", KEY_EXPRESSION, AT(removed), NULL,
     "Rows that count as gone although they are still there. NULL counts as false.",
     "deleted_at IS NOT NULL"},
    {"source", "on_removed", KEY_CHOICE, AT(on_removed), removed_choices,
     "What becomes of the job of a row that is gone. Default: `close`.", "delete"},
    {"source", "on_missing", KEY_CHOICE, AT(on_missing), missing_choices,
     "What to do when Qudra no longer has the job of a row. Default: `recreate`.", "refuse"},
    {"source", "remove_after", KEY_DURATION, AT(remove_after_ms), NULL,
     "How long a row must have been gone before its job is removed. Default: at once.", "1h"},
    {"source", "priority", KEY_EXPRESSION, AT(priority), NULL,
     "Who goes first when the budget is short: a number, a timestamp or a boolean, with ASC "
     "(default) or DESC behind it. NULL goes last.",
     "posted_at DESC"},
    {"source", "due", KEY_DUE, 0, NULL,
     "Timestamps at which the row is to be looked at again although nothing changed it; one or a "
     "list, all of one type. A date counts twice: when its day begins and when it has ended.",
     "[publish_on, expires_at]"},
    {"source", "account", KEY_EXPRESSION, AT(account_sql), NULL,
     "The account by row, instead of `account` above: a column or SQL.", "company_id"},
    {"source", "time_zone", KEY_TEXT, AT(time_zone), NULL,
     "The zone of timestamps without time zone, and of dates. Default: `sync.time_zone`.", "UTC"},
    {"source", "write_back", KEY_OWN, 0, NULL,
     "Columns of the table that the agent keeps filled; see below.", NULL},

    {"source.write_back", "job_id", KEY_COLUMN, AT(write_back_job_id), NULL,
     "Column for Qudra's id of the job.", "qudra_job_id"},
    {"source.write_back", "qudra_url", KEY_COLUMN, AT(write_back_url), NULL,
     "Column for the job's public address.", "qudra_url"},
    {"source.write_back", "status", KEY_COLUMN, AT(write_back_status), NULL,
     "Column for the job's status at Qudra.", "qudra_status"},

    {"fields.*", "column", KEY_OWN, 0, NULL,
     "A column of the source, as the catalogue has its name; odd names in double quotes.",
     "job_title"},
    {"fields.*", "sql", KEY_OWN, 0, NULL,
     "An SQL expression over the source's columns; sub-selects call the row `source`.",
     "coalesce(title_ar, title)"},
    {"fields.*", "const", KEY_OWN, 0, NULL, "The same value for every row.", "SAR"},
    {"fields.*", "transform", KEY_OWN, 0, NULL,
     "List of transforms, one after the other; see below. A missing value skips them.",
     "[html_to_markdown, truncate]"},
    {"fields.*", "map", KEY_OWN, 0, NULL,
     "What each value stands for; case, hyphens and blanks do not matter. `~` makes it missing. A "
     "field with fixed choices knows those without being told.",
     "{FT: full_time, PT: part_time}"},
    {"fields.*", "default", KEY_OWN, 0, NULL,
     "Taken when nothing came out: a missing value, or one that `map` or `ksa_city` does not know.",
     "full_time"},
};
const size_t mapping_keys_count = ARRAY_LEN(mapping_keys);

void mapping_check_keys(struct mapping_loader *l, const struct yaml_node *node, const char *section,
                        const char *what)
{
    const char *known[ARRAY_LEN(mapping_keys)];
    size_t n = 0;

    for (size_t i = 0; i < mapping_keys_count; i++)
        if (strcmp(mapping_keys[i].section, section) == 0)
            known[n++] = mapping_keys[i].name;
    yaml_check_keys(l->problems, node, what, known, n);
}
