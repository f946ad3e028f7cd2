/*
 * A value may always be a text with ${NAME} in it, which an editor cannot see through: whatever is
 * not a text therefore allows such a text too.
 */
#include "rules/config.h"

#include <string.h>

/* What a type looks like in YAML: a JSON type, and a pattern for texts. */
static const struct shape {
    const char *type, *pattern;
} shapes[OPTION_TYPES] = {
    [OPTION_TEXT] = {"string", NULL},
    [OPTION_NAME] = {"string", "^[^\\s,]{1,100}$"},
    [OPTION_PATH] = {"string", NULL},
    [OPTION_BOOL] = {"boolean", NULL},
    [OPTION_INT] = {"integer", NULL},
    [OPTION_DURATION] = {"string", "^([0-9]+(ms|s|m|h|d))+$"},
    [OPTION_CHOICE] = {"string", NULL},
    [OPTION_WORD] = {"string", NULL},
    [OPTION_HEADROOM] = {"integer", "^[0-9]+(\\.[0-9]+)?%$"},
    [OPTION_REMOVE_LIMIT] = {"integer", "^[0-9]+(\\.[0-9]+)?%$"},
    [OPTION_QUOTA] = {"integer", "^unlimited$"},
    [OPTION_URL] = {"string", "^(https?://.*)?$"},
    [OPTION_ENDPOINT] = {"string", "^/"},
    [OPTION_ENDPOINT_ID] = {"string", "^/.*\\{id\\}"},
    [OPTION_LISTEN] = {"string", "^.+:[0-9]+$"},
    [OPTION_TIME_ZONE] = {"string", NULL},
    [OPTION_SECRET] = {"string", "\\$\\{"},
    [OPTION_SCHEDULE] = {"string", "^\\s*(\\S+\\s+){4}\\S+\\s*$"},
};

static void member(struct json_writer *w, const char *key, const char *value)
{
    json_key(w, key);
    json_write_str(w, value);
}

static void write_enum(struct json_writer *w, const char *const *choices)
{
    json_key(w, "enum");
    json_open_array(w);
    for (; *choices; choices++)
        json_write_str(w, *choices);
    json_close_array(w);
}

static void write_text_shape(struct json_writer *w, const char *pattern)
{
    json_open_object(w);
    member(w, "type", "string");
    member(w, "pattern", pattern);
    json_close_object(w);
}

/* anyOf: the value itself, a text of its own form, a text with a variable in it. */
static void write_scalar(struct json_writer *w, const struct option *o)
{
    const struct shape *s = &shapes[o->type];
    bool text = strcmp(s->type, "string") == 0;
    json_key(w, "anyOf");
    json_open_array(w);
    if (!text || !s->pattern) {
        json_open_object(w);
        member(w, "type", s->type);
        if (o->choices)
            write_enum(w, o->choices);
        if (o->type == OPTION_INT) {
            json_key(w, "minimum");
            json_write_int(w, o->min);
            json_key(w, "maximum");
            json_write_int(w, o->max);
        }
        json_close_object(w);
    }
    if (s->pattern)
        write_text_shape(w, s->pattern);
    if (o->type != OPTION_SECRET)
        write_text_shape(w, "\\$\\{");
    json_close_array(w);
}

static void write_strings_in(struct json_writer *w, const char *type, const char *items)
{
    member(w, "type", type);
    json_key(w, items);
    json_open_object(w);
    member(w, "type", "string");
    json_close_object(w);
}

static void write_property(struct json_writer *w, const struct option *o, const char *name)
{
    json_key(w, name);
    json_open_object(w);
    member(w, "description", o->help);
    if (o->type == OPTION_PATHS)
        write_strings_in(w, "array", "items");
    else if (o->type == OPTION_CITIES)
        write_strings_in(w, "object", "additionalProperties");
    else
        write_scalar(w, o);
    if (o->fallback && *o->fallback && strcmp(shapes[o->type].type, "string") == 0)
        member(w, "default", o->fallback);
    json_close_object(w);
}

/* An option of the section itself that must be there. */
static bool is_required(const struct option *o, const char *prefix)
{
    size_t skip = strlen(prefix);
    return o->required && strncmp(o->name, prefix, skip) == 0 && !strchr(o->name + skip, '.');
}

/* `required` lists the direct members of a section that must be there. */
static void write_required(struct json_writer *w, const char *prefix, bool account)
{
    json_key(w, "required");
    json_open_array(w);
    if (!*prefix)
        json_write_str(w, "database");
    if (account)
        json_write_str(w, "name");
    for (size_t i = 0; i < config_options_count; i++) {
        if (is_required(&config_options[i], prefix))
            json_write_str(w, config_options[i].name + strlen(prefix));
    }
    json_close_array(w);
}

static void write_section(struct json_writer *w, const char *prefix, bool account);

/* A list, or the word for those that are rows of the database; the word may stand in the list too.
 */
static void write_accounts(struct json_writer *w)
{
    json_key(w, "accounts");
    json_open_object(w);
    member(w, "description",
           "Several accounts, each with a key of its own, in place of one; database: those of the "
           "table qudra_sync.account.");
    json_key(w, "type");
    json_open_array(w);
    json_write_str(w, "array");
    json_write_str(w, "string");
    json_close_array(w);
    member(w, "pattern", "^database$");
    json_key(w, "items");
    json_open_object(w);
    member(w, "pattern", "^database$");
    write_section(w, "qudra.", true);
    json_close_object(w);
    json_close_object(w);
}

/* The section that option `i` opens below the prefix; returns the first option behind it. */
static size_t write_subsection(struct json_writer *w, size_t i, const char *name, size_t skip)
{
    char below[64];
    size_t len = skip + strlen(name) + 1;
    if (len >= sizeof below)
        BUG("section of \"%s\" has too long a name", config_options[i].name);
    memcpy(below, config_options[i].name, len);
    below[len] = '\0';
    if (strcmp(below, "accounts.") == 0) {
        write_accounts(w);
    } else {
        json_key(w, name);
        json_open_object(w);
        write_section(w, below, false);
        json_close_object(w);
    }
    while (i < config_options_count && strncmp(config_options[i].name, below, len) == 0)
        i++;
    return i;
}

static void write_properties(struct json_writer *w, const char *prefix)
{
    size_t skip = strlen(prefix), i = 0;
    char name[64];
    while (i < config_options_count) {
        const struct option *o = &config_options[i];
        if (strncmp(o->name, prefix, skip) != 0) {
            i++;
            continue;
        }
        size_t len = strcspn(o->name + skip, ".");
        if (len >= sizeof name)
            BUG("option \"%s\" has too long a name", o->name);
        memcpy(name, o->name + skip, len);
        name[len] = '\0';
        if (o->name[skip + len] == '.') {
            i = write_subsection(w, i, name, skip);
        } else {
            write_property(w, o, name);
            i++;
        }
    }
}

/* A section whose every line is commented out is null in YAML, and fine where nothing must be in
 * it. */
static void write_section_type(struct json_writer *w, const char *prefix, bool account)
{
    bool needed = !*prefix || account;
    for (size_t i = 0; i < config_options_count; i++)
        needed |= is_required(&config_options[i], prefix);
    json_key(w, "type");
    json_open_array(w);
    json_write_str(w, "object");
    if (account)
        json_write_str(w, "string");
    if (!needed)
        json_write_str(w, "null");
    json_close_array(w);
}

static void write_section(struct json_writer *w, const char *prefix, bool account)
{
    write_section_type(w, prefix, account);
    json_key(w, "additionalProperties");
    json_write_bool(w, false);
    json_key(w, "properties");
    json_open_object(w);
    if (account)
        for (size_t i = 0; i < config_options_count; i++)
            if (config_options[i].type == OPTION_NAME)
                write_property(w, &config_options[i], "name");
    write_properties(w, prefix);
    json_close_object(w);
    write_required(w, prefix, account);
}

void config_write_schema(struct buf *out)
{
    struct json_writer w;
    json_writer_init(&w, out);
    json_open_object(&w);
    member(&w, "$schema", "http://json-schema.org/draft-07/schema#");
    member(&w, "title", "qudra-sync: agent.yaml");
    write_section(&w, "", false);
    json_close_object(&w);
    buf_addch(out, '\n');
}
