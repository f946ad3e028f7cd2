/*
 * mapping_schema: the language of mappings as a JSON Schema for editors, from the tables that read
 * it.
 *
 * An editor helps with names and shapes; what the loader alone can tell (SQL, rules over several
 * fields) is left to it. Any text may hold ${NAME}, which an editor cannot see through.
 */
#include <string.h>

#include "rules/mapping_internal.h"

static void member(struct json_writer *w, const char *key, const char *value)
{
    json_key(w, key);
    json_write_str(w, value);
}

static void open_member(struct json_writer *w, const char *key)
{
    json_key(w, key);
    json_open_object(w);
}

static void write_type(struct json_writer *w, const char *type)
{
    json_open_object(w);
    member(w, "type", type);
    json_close_object(w);
}

static void write_pattern(struct json_writer *w, const char *pattern)
{
    json_open_object(w);
    member(w, "type", "string");
    member(w, "pattern", pattern);
    json_close_object(w);
}

static void write_choices(struct json_writer *w, const char *const *choices)
{
    json_open_object(w);
    json_key(w, "enum");
    json_open_array(w);
    for (; *choices; choices++)
        json_write_str(w, *choices);
    json_close_array(w);
    json_close_object(w);
}

/* A scalar of YAML: what stands without quotes may read as a number or a truth. */
static void write_scalar_types(struct json_writer *w)
{
    json_key(w, "type");
    json_open_array(w);
    json_write_str(w, "string");
    json_write_str(w, "number");
    json_write_str(w, "boolean");
    json_close_array(w);
}

static void write_scalar(struct json_writer *w)
{
    json_open_object(w);
    write_scalar_types(w);
    json_close_object(w);
}

static void write_list(struct json_writer *w, size_t least)
{
    json_open_object(w);
    member(w, "type", "array");
    json_key(w, "minItems");
    json_write_int(w, (int64_t)least);
    json_key(w, "items");
    write_scalar(w);
    json_close_object(w);
}

static void write_variable(struct json_writer *w)
{
    write_pattern(w, "\\$\\{");
}

static void write_one_or_list(struct json_writer *w)
{
    json_key(w, "anyOf");
    json_open_array(w);
    write_scalar(w);
    write_list(w, 1);
    json_close_array(w);
}

/* ---- transforms ------------------------------------------------------------------------------ */

static void write_argument(struct json_writer *w, enum transform_argument argument)
{
    switch (argument) {
    case ARGUMENT_NONE:
        break;
    case ARGUMENT_LENGTH:
    case ARGUMENT_INDEX:
        json_key(w, "type");
        json_write_str(w, "integer");
        json_key(w, "minimum");
        json_write_int(w, 1);
        break;
    case ARGUMENT_RATIO:
        json_key(w, "anyOf");
        json_open_array(w);
        write_type(w, "integer");
        write_pattern(w, "^[0-9]+/[0-9]+$");
        json_close_array(w);
        break;
    case ARGUMENT_TEXT:
        write_scalar_types(w);
        break;
    case ARGUMENT_FOLDED:
    case ARGUMENT_TEXTS:
        write_one_or_list(w);
        break;
    case ARGUMENT_REGION:
        json_key(w, "enum");
        json_open_array(w);
        json_write_str(w, "region");
        json_close_array(w);
        break;
    }
}

static bool stands_alone(const struct transform *t)
{
    return t->argument == ARGUMENT_NONE || t->argument == ARGUMENT_REGION ||
           t->argument == ARGUMENT_LENGTH;
}

static void write_names(struct json_writer *w)
{
    const char *names[64] = {NULL};
    size_t n = 0;

    for (size_t i = 0; i < mapping_transforms_count; i++)
        if (stands_alone(&mapping_transforms[i]) && n + 1 < ARRAY_LEN(names))
            names[n++] = mapping_transforms[i].name;
    write_choices(w, names);
}

static void write_calls(struct json_writer *w)
{
    json_open_object(w);
    member(w, "type", "object");
    json_key(w, "minProperties");
    json_write_int(w, 1);
    json_key(w, "maxProperties");
    json_write_int(w, 1);
    json_key(w, "additionalProperties");
    json_write_bool(w, false);
    open_member(w, "properties");
    for (size_t i = 0; i < mapping_transforms_count; i++) {
        const struct transform *t = &mapping_transforms[i];

        if (t->argument == ARGUMENT_NONE)
            continue;
        open_member(w, t->name);
        member(w, "description", t->help);
        write_argument(w, t->argument);
        json_close_object(w);
    }
    json_close_object(w);
    json_close_object(w);
}

static void write_transforms(struct json_writer *w)
{
    member(w, "type", "array");
    open_member(w, "items");
    json_key(w, "anyOf");
    json_open_array(w);
    write_names(w);
    write_calls(w);
    json_close_array(w);
    json_close_object(w);
}

/* ---- fields ---------------------------------------------------------------------------------- */

/* A value as the job takes it. */
static void write_value(struct json_writer *w, enum job_field f)
{
    const struct job_field_rule *rule = &job_fields[f];

    switch (rule->type) {
    case JOB_TYPE_ENUM:
        write_choices(w, rule->choices);
        break;
    case JOB_TYPE_INTEGER:
        write_type(w, "integer");
        break;
    case JOB_TYPE_STRING:
        write_scalar(w);
        break;
    }
}

static void write_values(struct json_writer *w, enum job_field f, bool null)
{
    json_key(w, "anyOf");
    json_open_array(w);
    write_value(w, f);
    write_variable(w);
    if (null)
        write_type(w, "null");
    json_close_array(w);
}

static void write_field_key(struct json_writer *w, enum job_field f, const struct mapping_key *key)
{
    open_member(w, key->name);
    member(w, "description", key->help);
    if (strcmp(key->name, "transform") == 0) {
        write_transforms(w);
    } else if (strcmp(key->name, "map") == 0) {
        member(w, "type", "object");
        open_member(w, "additionalProperties");
        write_values(w, f, true);
        json_close_object(w);
    } else if (strcmp(key->name, "const") == 0 || strcmp(key->name, "default") == 0) {
        write_values(w, f, false);
    } else {
        write_scalar_types(w);
    }
    json_close_object(w);
}

static void write_sources(struct json_writer *w)
{
    static const char *const sources[] = {"column", "sql", "const"};

    json_key(w, "oneOf");
    json_open_array(w);
    for (size_t i = 0; i < ARRAY_LEN(sources); i++) {
        json_open_object(w);
        json_key(w, "required");
        json_open_array(w);
        json_write_str(w, sources[i]);
        json_close_array(w);
        json_close_object(w);
    }
    json_close_array(w);
}

static void write_field(struct json_writer *w, enum job_field f)
{
    open_member(w, job_fields[f].name);
    member(w, "description", job_fields[f].help);
    member(w, "type", "object");
    json_key(w, "additionalProperties");
    json_write_bool(w, false);
    open_member(w, "properties");
    for (size_t i = 0; i < mapping_keys_count; i++)
        if (strcmp(mapping_keys[i].section, "fields.*") == 0)
            write_field_key(w, f, &mapping_keys[i]);
    json_close_object(w);
    write_sources(w);
    json_close_object(w);
}

static void write_fields(struct json_writer *w)
{
    member(w, "type", "object");
    json_key(w, "additionalProperties");
    json_write_bool(w, false);
    open_member(w, "properties");
    for (enum job_field f = 0; f < JOB_FIELDS; f++)
        write_field(w, f);
    json_close_object(w);
    json_key(w, "required");
    json_open_array(w);
    for (enum job_field f = 0; f < JOB_FIELDS; f++)
        if (job_fields[f].required)
            json_write_str(w, job_fields[f].name);
    json_close_array(w);
}

/* ---- sections -------------------------------------------------------------------------------- */

static void write_section(struct json_writer *w, const char *section);

static void write_own(struct json_writer *w, const struct mapping_key *key)
{
    if (strcmp(key->name, "source") == 0) {
        write_section(w, "source");
    } else if (strcmp(key->name, "write_back") == 0) {
        write_section(w, "source.write_back");
    } else if (strcmp(key->name, "fields") == 0) {
        write_fields(w);
    } else { /* cities */
        member(w, "type", "object");
        open_member(w, "additionalProperties");
        write_scalar_types(w);
        json_close_object(w);
    }
}

static void write_shape(struct json_writer *w, const struct mapping_key *key)
{
    switch (key->type) {
    case KEY_WORD:
    case KEY_TEXT:
    case KEY_COLUMN:
    case KEY_TABLE:
    case KEY_QUERY:
    case KEY_EXPRESSION:
        write_scalar_types(w);
        break;
    case KEY_COLUMNS:
    case KEY_DUE:
        write_one_or_list(w);
        break;
    case KEY_CHOICE:
        json_key(w, "anyOf");
        json_open_array(w);
        write_choices(w, key->choices);
        write_variable(w);
        json_close_array(w);
        break;
    case KEY_DURATION:
        json_key(w, "anyOf");
        json_open_array(w);
        write_pattern(w, "^([0-9]+(ms|s|m|h|d))+$");
        write_variable(w);
        json_close_array(w);
        break;
    case KEY_OWN:
        write_own(w, key);
        break;
    }
}

static void write_required(struct json_writer *w, const char *section)
{
    json_key(w, "required");
    json_open_array(w);
    for (size_t i = 0; i < mapping_keys_count; i++) {
        const struct mapping_key *key = &mapping_keys[i];

        if (strcmp(key->section, section) == 0 && strstr(key->help, " Required."))
            json_write_str(w, key->name);
    }
    json_close_array(w);
}

static void write_section(struct json_writer *w, const char *section)
{
    member(w, "type", "object");
    json_key(w, "additionalProperties");
    json_write_bool(w, false);
    open_member(w, "properties");
    for (size_t i = 0; i < mapping_keys_count; i++) {
        const struct mapping_key *key = &mapping_keys[i];

        if (strcmp(key->section, section) != 0)
            continue;
        open_member(w, key->name);
        member(w, "description", key->help);
        write_shape(w, key);
        json_close_object(w);
    }
    json_close_object(w);
    write_required(w, section);
}

void mapping_write_schema(struct buf *out)
{
    struct json_writer w;

    json_writer_init(&w, out);
    json_open_object(&w);
    member(&w, "$schema", "http://json-schema.org/draft-07/schema#");
    member(&w, "title", "qudra-sync: a mapping");
    write_section(&w, "");
    json_close_object(&w);
    buf_addch(out, '\n');
}
