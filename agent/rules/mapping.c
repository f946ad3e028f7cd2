/*
 * mapping: a mapping file → struct mapping, by one table of keys.
 *
 * Loading never stops at the first mistake: every reader reports and goes on, and only the count of
 * problems at the end says whether the mapping may be used. SQL is checked for staying inside its
 * brackets only; whether it means something is the server's to say (mapping_blame).
 */
#include <ctype.h>
#include <string.h>
#include <xxhash.h>

#include "base/names.h"
#include "rules/mapping_internal.h"

#define MAX_REMOVE_AFTER_MS (366LL * 86400 * 1000)
#define MAX_OVERLAP_MS      (7LL * 86400 * 1000)
#define MAX_NAME            63

/* ---- one value ------------------------------------------------------------------------------ */

static bool read_scalar(struct mapping_loader *l, const struct yaml_node *node)
{
    const char *text;

    if (!yaml_text(l->problems, node, &text))
        return false;
    if (text[strspn(text, " \t\r\n")] == '\0') {
        yaml_problem(l->problems, node, NULL, "the value is empty");
        return false;
    }
    return true;
}

bool mapping_read_sql(struct mapping_loader *l, const struct yaml_node *node)
{
    struct sql_fault fault;

    if (!read_scalar(l, node))
        return false;
    if (mapping_check_sql(node->text, &fault))
        return true;
    yaml_problem_in(l->problems, node, fault.position, fault.hint, fault.message);
    return false;
}

bool mapping_read_column(struct mapping_loader *l, const struct yaml_node *node, const char **name)
{
    const char *parts[MAPPING_MAX_PARTS];

    if (!read_scalar(l, node))
        return false;
    if (mapping_split_name(l->arena, node->text, parts) == 1) {
        *name = parts[0];
        return true;
    }
    yaml_problem(l->problems, node,
                 "an odd name goes into double quotes inside single ones, '\"like this\"'; an "
                 "expression is written as sql",
                 "\"%s\" is not the name of a column", node->text);
    return false;
}

static void read_table(struct mapping_loader *l, const struct yaml_node *node)
{
    const char *parts[MAPPING_MAX_PARTS];

    if (!read_scalar(l, node))
        return;
    if (mapping_split_name(l->arena, node->text, parts) > 0)
        l->mapping->table = node;
    else
        yaml_problem(
            l->problems, node,
            "write schema.table; an odd part goes into double quotes, 'public.\"my jobs\"'; "
            "a SELECT is written as query",
            "\"%s\" is not the name of a table", node->text);
}

/* A name that goes into the state, onto the command line and into metrics. */
static void read_word(struct mapping_loader *l, const struct yaml_node *node, const char **out)
{
    if (!read_scalar(l, node))
        return;
    for (const char *c = node->text; *c; c++) {
        if (isalnum((unsigned char)*c) || *c == '_' || *c == '-')
            continue;
        yaml_problem(l->problems, node, "use letters, digits, \"_\" and \"-\"",
                     "the name \"%s\" holds a character that a name may not", node->text);
        return;
    }
    if (strlen(node->text) > MAX_NAME)
        yaml_problem(l->problems, node, NULL, "the name is longer than %d characters", MAX_NAME);
    *out = node->text;
}

static void read_key_column(struct mapping_loader *l, const struct yaml_node *node)
{
    struct mapping *m = l->mapping;
    const char *name;

    if (!mapping_read_column(l, node, &name))
        return;
    if (m->n_key == MAPPING_MAX_KEY)
        yaml_problem(l->problems, node, "make one column of them in a query",
                     "a key has at most %d columns", MAPPING_MAX_KEY);
    else
        m->key[m->n_key++] = node;
}

static void read_key_columns(struct mapping_loader *l, const struct yaml_node *node)
{
    if (node->kind != YAML_LIST) {
        read_key_column(l, node);
        return;
    }
    if (!node->first)
        yaml_problem(l->problems, node, "add the column that names a row", "the list is empty");
    for (const struct yaml_node *n = node->first; n; n = n->next)
        read_key_column(l, n);
}

static void read_due(struct mapping_loader *l, const struct yaml_node *node)
{
    struct mapping *m = l->mapping;
    bool list = node->kind == YAML_LIST;

    m->due = arena_alloc(l->arena, (list ? node->count : 1) * sizeof(*m->due));
    for (const struct yaml_node *n = list ? node->first : node; n; n = list ? n->next : NULL)
        if (mapping_read_sql(l, n))
            m->due[m->n_due++] = n;
}

static void read_choice(struct mapping_loader *l, const struct yaml_node *node,
                        const struct mapping_key *key, void *out)
{
    size_t n = 0;
    int index;

    while (key->choices[n])
        n++;
    if (yaml_choice(l->problems, node, key->choices, n, &index))
        memcpy(out, &index, sizeof(index));
}

static void read_duration(struct mapping_loader *l, const struct yaml_node *node, int64_t *out)
{
    int64_t max = out == &l->mapping->overlap_ms ? MAX_OVERLAP_MS : MAX_REMOVE_AFTER_MS;

    if (!yaml_duration(l->problems, node, 0, max, out))
        *out = 0;
}

static void read_key(struct mapping_loader *l, const struct mapping_key *key,
                     const struct yaml_node *node)
{
    void *out = (char *)l->mapping + key->offset;

    switch (key->type) {
    case KEY_WORD:
        read_word(l, node, out);
        break;
    case KEY_TEXT:
        if (read_scalar(l, node))
            *(const char **)out = node->text;
        break;
    case KEY_COLUMN:
        if (!mapping_read_column(l, node, out))
            *(const char **)out = NULL;
        break;
    case KEY_TABLE:
        read_table(l, node);
        break;
    case KEY_QUERY:
    case KEY_EXPRESSION:
        if (mapping_read_sql(l, node))
            *(const struct yaml_node **)out = node;
        break;
    case KEY_COLUMNS:
        read_key_columns(l, node);
        break;
    case KEY_DUE:
        read_due(l, node);
        break;
    case KEY_CHOICE:
        read_choice(l, node, key, out);
        break;
    case KEY_DURATION:
        read_duration(l, node, out);
        break;
    case KEY_OWN:
        break;
    }
}

/* ---- sections ------------------------------------------------------------------------------- */

/* The map at `node`; NULL, with a problem, when it is missing or something else. */
static bool read_section(struct mapping_loader *l, const struct yaml_node *node,
                         const char *section, const char *what)
{
    if (node->kind != YAML_MAP) {
        yaml_problem(l->problems, node, NULL, "%s must be a map of keys", what);
        return false;
    }
    mapping_check_keys(l, node, section, what);
    for (size_t i = 0; i < mapping_keys_count; i++) {
        const struct mapping_key *key = &mapping_keys[i];
        const struct yaml_node *value;

        if (strcmp(key->section, section) != 0)
            continue;
        value = yaml_get(node, key->name);
        if (!yaml_is_null(value))
            read_key(l, key, value);
    }
    return true;
}

static void check_time_zone(struct mapping_loader *l, const struct yaml_node *node)
{
    if (yaml_is_null(node) || node->kind != YAML_SCALAR)
        return;
    if (node->text[strspn(node->text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                      "0123456789_+-/:")] != '\0')
        yaml_problem(l->problems, node, "write a name such as Asia/Riyadh or UTC",
                     "\"%s\" is not a time zone", node->text);
}

bool mapping_writes_back(const struct mapping *m)
{
    return m->write_back_job_id || m->write_back_url || m->write_back_status;
}

static void load_write_back(struct mapping_loader *l, const struct yaml_node *node)
{
    if (yaml_is_null(node))
        return;
    if (read_section(l, node, "source.write_back", "write_back") && l->mapping->query)
        yaml_problem(l->problems, node, "read from a table or a view that can be updated",
                     "write_back needs a table, and this mapping reads from a query");
}

static void check_rows(struct mapping_loader *l, const struct yaml_node *source)
{
    const struct yaml_node *table = yaml_get(source, "table"), *query = yaml_get(source, "query");

    if (yaml_is_null(table) && yaml_is_null(query))
        yaml_problem(l->problems, source->key, "add table: schema.name, or query: SELECT …",
                     "source names no table");
    else if (!yaml_is_null(table) && !yaml_is_null(query))
        yaml_problem(l->problems, query->key, "take one of them out",
                     "source has both a table and a query");
    if (yaml_is_null(yaml_get(source, "key")))
        yaml_problem(l->problems, source->key, "add key: with the column that names a row",
                     "source has no key");
}

static void check_detect(struct mapping_loader *l, const struct yaml_node *source)
{
    struct mapping *m = l->mapping;
    const struct yaml_node *detect = yaml_get(source, "detect");

    if (yaml_is_null(detect)) {
        m->detect = yaml_is_null(yaml_get(source, "updated_at")) ? DETECT_SCAN : DETECT_WATERMARK;
        return;
    }
    if (detect->kind != YAML_SCALAR)
        return;
    if (strcmp(detect->text, "watermark") == 0 && yaml_is_null(yaml_get(source, "updated_at")))
        yaml_problem(l->problems, detect, "add updated_at, or take detect: scan or detect: trigger",
                     "watermark needs updated_at, and source has none");
    if (strcmp(detect->text, "trigger") == 0 && m->query)
        yaml_problem(l->problems, detect, "read from a table, or take detect: scan",
                     "a trigger needs a table, and this mapping reads from a query");
}

static void load_source(struct mapping_loader *l, const struct yaml_node *root)
{
    const struct yaml_node *source = yaml_get(root, "source"), *account;

    if (yaml_is_null(source)) {
        yaml_problem(l->problems, root, "add source: with table and key",
                     "the mapping has no source");
        return;
    }
    if (!read_section(l, source, "source", "source"))
        return;
    check_rows(l, source);
    check_detect(l, source);
    check_time_zone(l, yaml_get(source, "time_zone"));
    load_write_back(l, yaml_get(source, "write_back"));
    account = yaml_get(source, "account");
    if (!yaml_is_null(account) && !yaml_is_null(yaml_get(root, "account")))
        yaml_problem(l->problems, account->key, "take one of them out",
                     "the account is named twice, for the mapping and by row");
    if (l->mapping->priority)
        mapping_priority_length(l->mapping->priority->text, &l->mapping->priority_desc);
}

static void check_city(struct mapping_loader *l, const struct yaml_node *node)
{
    const char *near = NULL;

    for (size_t i = 0; i < city_count(); i++)
        if (strcmp(city_name(i), node->text) == 0)
            return;
    city_nearest(l->arena, text_of(node->text), &near, 1);
    yaml_warning(l->problems, node,
                 near ? arena_printf(l->arena, "did you mean \"%s\"?", near) : NULL,
                 "\"%s\" is not in the list of Saudi cities", node->text);
}

static void load_cities(struct mapping_loader *l, const struct yaml_node *node,
                        const struct city_alias *given, size_t n_given)
{
    bool own = !yaml_is_null(node) && node->kind == YAML_MAP;
    struct city_alias *all =
        arena_alloc(l->arena, ((own ? node->count : 0) + n_given + 1) * sizeof(*all));
    size_t n = 0;

    if (!own && !yaml_is_null(node))
        yaml_problem(l->problems, node, "write spelling: City", "cities must be a map");
    for (const struct yaml_node *c = own ? node->first : NULL; c; c = c->next) {
        if (!read_scalar(l, c))
            continue;
        check_city(l, c);
        all[n++] = (struct city_alias){.spelling = c->key->text, .city = c->text};
    }
    if (n_given > 0)
        memcpy(all + n, given, n_given * sizeof(*all));
    l->mapping->cities = all;
    l->mapping->n_cities = n + n_given;
}

/* ---- fingerprint ---------------------------------------------------------------------------- */

static void add_node(struct buf *out, const struct yaml_node *node)
{
    if (!node)
        return;
    buf_printf(out, "%d", (int)node->kind);
    if (node->key)
        buf_add(out, node->key->text, strlen(node->key->text) + 1);
    if (node->kind == YAML_SCALAR)
        buf_add(out, node->text, strlen(node->text) + 1);
    for (const struct yaml_node *n = node->first; n; n = n->next)
        add_node(out, n);
    buf_addch(out, '.');
}

/* What decides which rows there are and what becomes of them; how often we look does not. */
static uint64_t fingerprint(const struct mapping *m, const struct yaml_node *root)
{
    static const char *const keys[] = {"table", "query", "key", "where", "removed", "account"};
    const struct yaml_node *source = yaml_get(root, "source");
    struct buf b = BUF_INIT((size_t)64 << 20);
    uint64_t hash;

    for (size_t i = 0; i < ARRAY_LEN(keys); i++)
        add_node(&b, yaml_get(source, keys[i]));
    add_node(&b, yaml_get(root, "account"));
    add_node(&b, yaml_get(root, "fields"));
    for (size_t i = 0; i < m->n_cities; i++)
        buf_printf(&b, "%s=%s\n", m->cities[i].spelling, m->cities[i].city);
    hash = XXH3_64bits(buf_str(&b), b.len);
    buf_release(&b);
    return hash;
}

/* ---- the whole ------------------------------------------------------------------------------ */

static void load_root(struct mapping_loader *l, const struct yaml_node *root,
                      const struct city_alias *cities, size_t n_cities)
{
    const struct yaml_node *fields = yaml_get(root, "fields");

    if (!read_section(l, root, "", "a mapping"))
        return;
    if (yaml_is_null(yaml_get(root, "name")))
        yaml_problem(l->problems, root, "add name: at the top", "the mapping has no name");
    load_source(l, root);
    load_cities(l, yaml_get(root, "cities"), cities, n_cities);
    if (yaml_is_null(fields))
        yaml_problem(l->problems, root, "add fields: with title, description, city and the others",
                     "the mapping has no fields");
    else
        mapping_load_fields(l, fields);
    l->mapping->fingerprint = fingerprint(l->mapping, root);
}

struct mapping *mapping_load(struct arena *a, const char *file, yaml_lookup lookup,
                             const struct city_alias *cities, size_t n_cities,
                             struct problems *problems)
{
    size_t before = problems->errors;
    const struct yaml_doc *doc = yaml_load(file, lookup, problems);
    struct mapping_loader l = {.arena = a, .problems = problems};

    if (problems->errors == before && !doc->root)
        problems_add(problems, &(struct problem){.file = file, .message = "the file is empty"});
    if (!doc->root)
        return NULL;
    l.mapping = arena_alloc(a, sizeof(*l.mapping));
    l.mapping->file = arena_strdup(a, file);
    l.mapping->overlap_ms = -1;
    l.mapping->updated_at_unit = UNIT_NONE;
    load_root(&l, doc->root, cities, n_cities);
    return problems->errors == before ? l.mapping : NULL;
}
