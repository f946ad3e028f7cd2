/*
 * Defaults go the way of values: each is read as if it stood in the file, so that one reader a type
 * serves both. An account begins as a copy of what `qudra:` says, so that a thousand accounts need
 * not repeat its endpoints; the key alone is never shared.
 */
#include "rules/config.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "rules/config_read.h"

#define MAX_KEYS 64

/* The component of an option's name below `prefix` ("" or "qudra."), in `out`; false when the
 * option is not below it. */
static bool component(const struct option *o, const char *prefix, char *out, size_t room)
{
    size_t skip = strlen(prefix);
    if (strncmp(o->name, prefix, skip) != 0)
        return false;
    size_t len = strcspn(o->name + skip, ".");
    if (len >= room)
        BUG("option name \"%s\" is too long", o->name);
    memcpy(out, o->name + skip, len);
    out[len] = '\0';
    return true;
}

/* The keys that may stand below a prefix, each once; they live in `a`. */
static size_t keys_below(struct arena *a, const char *prefix, const char *keys[MAX_KEYS])
{
    size_t n = 0;
    char key[64];
    for (size_t i = 0; i < config_options_count; i++) {
        if (!component(&config_options[i], prefix, key, sizeof key))
            continue;
        if (n > 0 && strcmp(keys[n - 1], key) == 0)
            continue; /* options of one section stand together */
        if (n == MAX_KEYS)
            BUG("more than %d keys below \"%s\"", MAX_KEYS, prefix);
        keys[n++] = arena_strdup(a, key);
    }
    return n;
}

static bool is_section(const char *prefix)
{
    for (size_t i = 0; i < config_options_count; i++)
        if (strncmp(config_options[i].name, prefix, strlen(prefix)) == 0)
            return true;
    return false;
}

/* Unknown keys of a map and of the sections in it; `account`: an item of accounts, where the name
 * stands beside the options of `qudra.`. */
static void check_keys(struct config_read *r, const struct yaml_node *map, const char *prefix,
                       bool account)
{
    struct arena *a = r->problems->arena;
    const char *keys[MAX_KEYS + 1];
    size_t n = keys_below(a, prefix, keys);
    if (account)
        keys[n++] = "name";
    const char *what = *prefix ? arena_strndup(a, prefix, strlen(prefix) - 1) : "agent.yaml";
    yaml_check_keys(r->problems, map, account ? "accounts" : what, keys, n);
    for (const struct yaml_node *item = map->first; item; item = item->next) {
        const char *below = arena_printf(a, "%s%s.", prefix, item->key->text);
        if (strcmp(below, "accounts.") == 0 || !is_section(below) || yaml_is_null(item))
            continue;
        if (item->kind == YAML_MAP)
            check_keys(r, item, below, false);
        else
            yaml_problem(r->problems, item, NULL, "expected options below \"%s\"", item->key->text);
    }
}

/* The node of "a.b.c" below a map, NULL when it is not there or says nothing. One that would say
 * something, were its variable set, is there: it is not told as missing as well. */
static const struct yaml_node *find(const struct yaml_node *map, const char *name)
{
    char key[64];
    while (map && map->kind == YAML_MAP) {
        size_t len = strcspn(name, ".");
        if (len >= sizeof key)
            return NULL;
        memcpy(key, name, len);
        key[len] = '\0';
        map = yaml_get(map, key);
        if (name[len] == '\0')
            return yaml_is_null(map) && !yaml_is_unset(map) ? NULL : map;
        name += len + 1;
    }
    return NULL;
}

static void read_default(struct config_read *r, const struct option *o, void *base)
{
    static const struct yaml_doc doc = {.file = "(default)", .source = ""};
    const struct yaml_node node = {.kind = YAML_SCALAR,
                                   .doc = &doc,
                                   .line = 1,
                                   .column = 1,
                                   .text = o->fallback,
                                   .quoted = true};
    config_read_value(r, o, &node, base);
}

/* ---- accounts -------------------------------------------------------------------------------- */

static bool is_database(const struct yaml_node *n)
{
    return n->kind == YAML_SCALAR && strcmp(n->text, "database") == 0;
}

static const char *below_qudra(const struct option *o)
{
    return strncmp(o->name, "qudra.", 6) == 0 ? o->name + 6 : NULL;
}

static void default_account(struct config_read *r, struct config_account *account)
{
    *account = (struct config_account){.quota = -2, .dialect = dialect_defaults};
    for (size_t i = 0; i < config_options_count; i++)
        if (below_qudra(&config_options[i]) && config_options[i].fallback)
            read_default(r, &config_options[i], account);
}

static void read_account(struct config_read *r, const struct yaml_node *map,
                         struct config_account *account)
{
    for (size_t i = 0; i < config_options_count; i++) {
        const char *name = below_qudra(&config_options[i]);
        const struct yaml_node *n = name ? find(map, name) : NULL;
        if (n)
            config_read_value(r, &config_options[i], n, account);
    }
}

/* By what the file says, so that a key with a mistake in it is not called missing as well; and
 * before the options are read, as reading a key wipes it from the tree. */
static void check_key_given(struct config_read *r, const struct yaml_node *map)
{
    const struct yaml_node *file = find(map, "api_key_file"), *key = find(map, "api_key");
    if (file && key)
        yaml_problem(r->problems, file, NULL, "expected api_key_file or api_key, found both");
    else if (!file && !key)
        yaml_problem(r->problems, map->key ? map->key : map,
                     "write api_key_file: FILE, or api_key: ${NAME}",
                     "no API key is given: expected api_key_file or api_key");
}

static void read_name_of(struct config_read *r, const struct yaml_node *map,
                         struct config_account *account)
{
    const struct yaml_node *name = find(map, "name");
    for (size_t i = 0; name && i < config_options_count; i++)
        if (config_options[i].type == OPTION_NAME)
            config_read_value(r, &config_options[i], name, account);
    if (!name)
        yaml_problem(r->problems, map, NULL, "an account needs a name");
}

struct named {
    const char *name;
    const struct yaml_node *node;
};

static int by_name(const void *a, const void *b)
{
    const struct named *x = a, *y = b;
    int order = strcmp(x->name, y->name);
    return order ? order : x->node->line - y->node->line;
}

static int by_account_name(const void *a, const void *b)
{
    return strcmp(((const struct config_account *)a)->name,
                  ((const struct config_account *)b)->name);
}

static void check_names_differ(struct config_read *r, struct named *names, size_t n)
{
    if (n > 1)
        qsort(names, n, sizeof *names, by_name);
    for (size_t i = 1; i < n; i++)
        if (*names[i].name && strcmp(names[i - 1].name, names[i].name) == 0)
            yaml_problem(r->problems, names[i].node, NULL,
                         "an account named \"%s\" stands in line %d already", names[i].name,
                         names[i - 1].node->line);
}

static void read_accounts(struct config_read *r, const struct yaml_node *list,
                          const struct config_account *common)
{
    struct config *c = r->config;
    c->database_accounts = is_database(list);
    if (c->database_accounts)
        return;
    if (list->kind != YAML_LIST || list->count == 0) {
        yaml_problem(r->problems, list,
                     "write - {name: …, api_key_file: …} for each, or the word database",
                     "expected a list of accounts");
        return;
    }
    c->accounts = arena_alloc(&c->arena, list->count * sizeof *c->accounts);
    struct named *names = arena_alloc(r->problems->arena, list->count * sizeof *names);
    for (const struct yaml_node *item = list->first; item; item = item->next) {
        struct config_account *account = &c->accounts[c->n_accounts];
        if (is_database(item)) {
            c->database_accounts = true;
            continue;
        }
        if (item->kind != YAML_MAP) {
            yaml_problem(r->problems, item, NULL, "expected the options of an account");
            continue;
        }
        *account = *common;
        account->name = "";
        check_keys(r, item, "qudra.", true);
        read_name_of(r, item, account);
        check_key_given(r, item);
        read_account(r, item, account);
        names[c->n_accounts++] = (struct named){.name = account->name, .node = item};
    }
    check_names_differ(r, names, c->n_accounts);
    if (c->n_accounts > 1)
        qsort(c->accounts, c->n_accounts, sizeof *c->accounts, by_account_name);
}

static void read_all_accounts(struct config_read *r, const struct yaml_node *root)
{
    const struct yaml_node *qudra = find(root, "qudra"), *list = find(root, "accounts");
    struct config_account *common = arena_alloc(&r->config->arena, sizeof *common);
    default_account(r, common);
    r->config->common = common;
    if (list) {
        const struct yaml_node *key = find(qudra, "api_key_file");
        key = key ? key : find(qudra, "api_key");
        if (key)
            yaml_problem(r->problems, key->key, "give each account its own key",
                         "with accounts, qudra holds what they have in common, and no key");
        else
            read_account(r, qudra, common);
        read_accounts(r, list, common);
        return;
    }
    struct config_account *only = arena_alloc(&r->config->arena, sizeof *only);
    *only = *common;
    only->name = "default";
    r->config->accounts = only;
    r->config->n_accounts = 1;
    if (qudra && qudra->kind == YAML_MAP)
        check_key_given(r, qudra);
    else if (!qudra)
        yaml_problem(r->problems, root, "write qudra: {api_key_file: FILE}",
                     "expected qudra or accounts");
    read_account(r, qudra, only);
}

/* ---- the file -------------------------------------------------------------------------------- */

static void read_options(struct config_read *r, const struct yaml_node *root)
{
    for (size_t i = 0; i < config_options_count; i++) {
        const struct option *o = &config_options[i];
        if (config_option_is_account(o) || (r->without_mappings && o->type == OPTION_PATHS))
            continue;
        const struct yaml_node *n = find(root, o->name);
        if (n)
            config_read_value(r, o, n, r->config);
        else if (o->fallback)
            read_default(r, o, r->config);
        else if (o->required)
            yaml_problem(r->problems, root, o->help, "\"%s\" is required", o->name);
    }
}

static const char *folder_of(struct arena *a, const char *file)
{
    char real[PATH_MAX];
    if (!realpath(file, real))
        return ".";
    char *slash = strrchr(real, '/');
    return slash == real ? "/" : arena_strndup(a, real, (size_t)(slash - real));
}

static struct config *load(const char *file, bool without_mappings, yaml_lookup lookup,
                           struct problems *problems)
{
    size_t before = problems->errors;
    struct config *c = mem_alloc(sizeof *c);
    arena_init(&c->arena, 0);
    c->file = arena_strdup(&c->arena, file);
    c->dir = folder_of(&c->arena, file);
    struct config_read r = {
        .config = c, .problems = problems, .dir = c->dir, .without_mappings = without_mappings};
    const struct yaml_doc *doc = yaml_load(file, lookup, problems);
    if (doc->root && doc->root->kind == YAML_MAP) {
        check_keys(&r, doc->root, "", false);
        read_all_accounts(&r, doc->root);
        read_options(&r, doc->root);
    } else if (problems->errors == before) {
        problems_add(problems, &(struct problem){.file = file, .message = "expected options"});
    }
    if (problems->errors == before)
        return c;
    config_free(c);
    return NULL;
}

struct config *config_load(const char *file, yaml_lookup lookup, struct problems *problems)
{
    return load(file, false, lookup, problems);
}

struct config *config_load_without_mappings(const char *file, yaml_lookup lookup,
                                            struct problems *problems)
{
    return load(file, true, lookup, problems);
}

void config_free(struct config *c)
{
    if (!c)
        return;
    for (size_t i = 0; i < c->n_accounts; i++) {
        char *key = c->accounts[i].api_key;
        if (key)
            explicit_bzero(key, strlen(key));
        mem_free(key);
    }
    arena_release(&c->arena);
    mem_free(c);
}

const struct config_account *config_account_find(const struct config *c, const char *name)
{
    const struct config_account wanted = {.name = name};
    return c->n_accounts == 0
               ? NULL
               : bsearch(&wanted, c->accounts, c->n_accounts, sizeof *c->accounts, by_account_name);
}
