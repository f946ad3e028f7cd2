/*
 * One reader a type, in a table. Everything is copied into the arena of the config: the YAML tree
 * goes away with the problems. The key is kept apart from both: on the heap, wiped in the tree, and
 * the line that holds it is never shown.
 */
#include "rules/config_read.h"

#include <glob.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef void reader(struct config_read *r, const struct option *o, const struct yaml_node *n,
                    void *place);

static char *keep(struct config_read *r, const char *s)
{
    return arena_strdup(&r->config->arena, s);
}

static void keep_at(struct config_read *r, const char *s, void *place)
{
    const char *copy = keep(r, s);
    memcpy(place, &copy, sizeof copy);
}

static const char *text_of_node(struct config_read *r, const struct yaml_node *n)
{
    const char *s;
    if (yaml_is_unset(n) || !yaml_text(r->problems, n, &s))
        return NULL;
    if (*s)
        return s;
    yaml_problem(r->problems, n, NULL, "expected a value, found an empty text");
    return NULL;
}

static void read_text(struct config_read *r, const struct option *o, const struct yaml_node *n,
                      void *place)
{
    (void)o;
    const char *s = text_of_node(r, n);
    if (s)
        keep_at(r, s, place);
}

static void read_name(struct config_read *r, const struct option *o, const struct yaml_node *n,
                      void *place)
{
    (void)o;
    const char *s = text_of_node(r, n);
    bool good = s && strlen(s) <= 100;
    for (const char *c = s; good && *c; c++)
        good = (unsigned char)*c > ' ' && *c != 0x7f && *c != ',';
    if (s && !good)
        yaml_problem(r->problems, n, NULL,
                     "expected a name of at most 100 bytes without blanks and commas");
    if (good)
        keep_at(r, s, place);
}

static const char *absolute(struct config_read *r, const char *path)
{
    return *path == '/' ? keep(r, path) : arena_printf(&r->config->arena, "%s/%s", r->dir, path);
}

static void read_path(struct config_read *r, const struct option *o, const struct yaml_node *n,
                      void *place)
{
    (void)o;
    const char *s = text_of_node(r, n);
    if (s)
        keep_at(r, absolute(r, s), place);
}

static void read_bool(struct config_read *r, const struct option *o, const struct yaml_node *n,
                      void *place)
{
    (void)o;
    bool value;
    if (yaml_bool(r->problems, n, &value))
        memcpy(place, &value, sizeof value);
}

static void read_int(struct config_read *r, const struct option *o, const struct yaml_node *n,
                     void *place)
{
    int64_t value;
    if (yaml_int(r->problems, n, o->min, o->max, &value))
        memcpy(place, &value, sizeof value);
}

static void read_duration(struct config_read *r, const struct option *o, const struct yaml_node *n,
                          void *place)
{
    int64_t value;
    if (yaml_duration(r->problems, n, o->min, o->max, &value))
        memcpy(place, &value, sizeof value);
}

static bool read_choice_index(struct config_read *r, const struct option *o,
                              const struct yaml_node *n, int *index)
{
    size_t count = 0;
    while (o->choices[count])
        count++;
    return yaml_choice(r->problems, n, o->choices, count, index);
}

static void read_choice(struct config_read *r, const struct option *o, const struct yaml_node *n,
                        void *place)
{
    int index;
    if (read_choice_index(r, o, n, &index))
        memcpy(place, &index, sizeof index);
}

static void read_word(struct config_read *r, const struct option *o, const struct yaml_node *n,
                      void *place)
{
    int index;
    if (read_choice_index(r, o, n, &index))
        memcpy(place, &o->choices[index], sizeof(const char *));
}

/* "10%" up to 100%, or a whole count. */
static bool read_amount(struct config_read *r, const struct yaml_node *n, bool *is_percent,
                        double *value)
{
    const char *s = text_of_node(r, n);
    if (!s)
        return false;
    char *end = NULL;
    bool digit = *s >= '0' && *s <= '9' && s[strspn(s, "0123456789.%")] == '\0';
    *value = digit ? strtod(s, &end) : 0;
    *is_percent = digit && strcmp(end, "%") == 0;
    bool whole = digit && *end == '\0' && *value <= 1e12 && floor(*value) == *value;
    if ((*is_percent && *value <= 100) || whole)
        return true;
    yaml_problem(r->problems, n, "write \"10%\" or \"250\"",
                 "expected a percentage or a whole number, found \"%s\"", s);
    return false;
}

static void read_headroom(struct config_read *r, const struct option *o, const struct yaml_node *n,
                          void *place)
{
    bool percent;
    double value;
    struct config_account *a =
        (struct config_account *)(void *)((char *)place - o->offset); /* two members, one option */
    if (!read_amount(r, n, &percent, &value))
        return;
    if (percent && value >= 100) {
        yaml_problem(r->problems, n, NULL, "a headroom of \"%s\" leaves nothing to send with",
                     n->text);
        return;
    }
    a->headroom_percent = percent;
    a->headroom = value;
}

static void read_remove_limit(struct config_read *r, const struct option *o,
                              const struct yaml_node *n, void *place)
{
    (void)o;
    struct remove_limit limit;
    if (read_amount(r, n, &limit.is_percent, &limit.value))
        memcpy(place, &limit, sizeof limit);
}

static void read_quota(struct config_read *r, const struct option *o, const struct yaml_node *n,
                       void *place)
{
    (void)o;
    int64_t value = -1;
    bool unlimited = n->kind == YAML_SCALAR && strcmp(n->text, "unlimited") == 0;
    if (unlimited || yaml_int(r->problems, n, 0, INT64_C(1000000000), &value))
        memcpy(place, &value, sizeof value);
}

static void read_url(struct config_read *r, const struct option *o, const struct yaml_node *n,
                     void *place)
{
    (void)o;
    const char *s;
    if (!yaml_text(r->problems, n, &s))
        return;
    if (*s && !dialect_url_allowed(s)) {
        yaml_problem(r->problems, n, "the key travels with each request: use https://",
                     "expected an https:// URL (http:// to loopback only), found \"%s\"", s);
        return;
    }
    char *url = keep(r, s);
    for (size_t len = strlen(url); len > 0 && url[len - 1] == '/'; len--)
        url[len - 1] = '\0'; /* paths begin with one */
    keep_at(r, url, place);
}

static const char *read_endpoint_text(struct config_read *r, const struct yaml_node *n)
{
    const char *s = text_of_node(r, n);
    if (!s || (*s == '/' && !strpbrk(s, " \t\r\n?#")))
        return s;
    yaml_problem(r->problems, n, NULL,
                 "expected a path below the base URL that begins with \"/\", found \"%s\"", s);
    return NULL;
}

static void read_endpoint(struct config_read *r, const struct option *o, const struct yaml_node *n,
                          void *place)
{
    (void)o;
    const char *s = read_endpoint_text(r, n);
    if (s)
        keep_at(r, s, place);
}

static void read_endpoint_id(struct config_read *r, const struct option *o,
                             const struct yaml_node *n, void *place)
{
    (void)o;
    const char *s = read_endpoint_text(r, n);
    if (s && !strstr(s, "{id}"))
        yaml_problem(r->problems, n, "write {id} where the job's id goes",
                     "expected a path with {id}, found \"%s\"", s);
    else if (s)
        keep_at(r, s, place);
}

/* "host:port", the host of an IPv6 address in brackets. */
static bool is_listen(const char *s)
{
    const char *colon = strrchr(s, ':');
    if (!colon || colon == s || strpbrk(s, " /@") || strncmp(s, "http", 4) == 0)
        return false;
    if (*s == '[' ? colon[-1] != ']' : memchr(s, ':', (size_t)(colon - s)) != NULL)
        return false;
    size_t digits = strspn(colon + 1, "0123456789");
    return digits > 0 && digits <= 5 && colon[1 + digits] == '\0' &&
           strtoul(colon + 1, NULL, 10) <= 65535;
}

static void read_listen(struct config_read *r, const struct option *o, const struct yaml_node *n,
                        void *place)
{
    (void)o;
    const char *s = text_of_node(r, n);
    if (s && !is_listen(s))
        yaml_problem(r->problems, n, NULL,
                     "expected host:port, such as 127.0.0.1:9464, found \"%s\"", s);
    else if (s)
        keep_at(r, s, place);
}

static void add_err(struct config_read *r, const struct yaml_node *n, const struct err *e)
{
    yaml_problem(r->problems, n, *e->hint ? e->hint : NULL, "%s", e->message);
}

static void read_time_zone(struct config_read *r, const struct option *o, const struct yaml_node *n,
                           void *place)
{
    (void)o;
    struct err e = ERR_INIT;
    const char *s = text_of_node(r, n);
    if (!s)
        return;
    r->config->zone = zone_load(&r->config->arena, s, &e);
    if (!r->config->zone)
        add_err(r, n, &e);
    else
        keep_at(r, s, place);
}

static void read_schedule(struct config_read *r, const struct option *o, const struct yaml_node *n,
                          void *place)
{
    (void)o;
    struct err e = ERR_INIT;
    const char *s = text_of_node(r, n);
    if (!s)
        return;
    if (!schedule_parse(s, &r->config->due, &e))
        add_err(r, n, &e);
    else
        keep_at(r, s, place);
}

static void read_secret(struct config_read *r, const struct option *o, const struct yaml_node *n,
                        void *place)
{
    (void)o;
    struct problem bad = {.file = n->doc->file, .line = n->line, .column = n->column};
    if (n->kind != YAML_SCALAR || !*n->text)
        bad.message = "api_key: expected the name of an environment variable as ${NAME}";
    else if (!yaml_is_variable(n)) /* a part of the key, or one to fall back on, is a key too */
        bad.message = "api_key: the key itself may not stand in this file";
    if (bad.message) {
        bad.hint = "write ${NAME} and put the key into the environment, or use api_key_file";
        problems_add(r->problems, &bad); /* without the source line: it may hold the key */
        return;
    }
    char *key = mem_strdup(n->text);
    memcpy(place, &key, sizeof key);
    /* The tree is const to all who read it; here its owner's wish is that the key be gone. */
    explicit_bzero((void *)(uintptr_t)n->text, strlen(n->text));
}

/* ---- lists ----------------------------------------------------------------------------------- */

/* The folder's own name is no pattern. */
static const char *as_pattern(struct config_read *r, const char *path)
{
    if (*path == '/')
        return path;
    struct buf b = BUF_INIT(1 << 16);
    for (const char *c = r->dir; *c; c++) {
        if (strchr("*?[\\", *c))
            buf_addch(&b, '\\');
        buf_addch(&b, *c);
    }
    buf_addch(&b, '/');
    buf_addstr(&b, path);
    const char *pattern = keep(r, buf_str(&b));
    buf_release(&b);
    return pattern;
}

static void add_file(struct config *c, const char *path)
{
    for (size_t i = 0; i < c->n_mapping_files; i++)
        if (strcmp(c->mapping_files[i], path) == 0)
            return;
    const char **grown = arena_alloc(&c->arena, (c->n_mapping_files + 1) * sizeof *grown);
    if (c->n_mapping_files > 0)
        memcpy(grown, c->mapping_files, c->n_mapping_files * sizeof *grown);
    grown[c->n_mapping_files++] = arena_strdup(&c->arena, path);
    c->mapping_files = grown;
}

static void add_matches(struct config_read *r, const struct yaml_node *n)
{
    const char *s = text_of_node(r, n);
    glob_t found;
    if (!s)
        return;
    if (glob(as_pattern(r, s), GLOB_NOSORT, NULL, &found) != 0) {
        yaml_problem(r->problems, n, "paths are relative to the file that names them",
                     "no mapping file matches \"%s\"", s);
        return;
    }
    for (size_t i = 0; i < found.gl_pathc; i++)
        add_file(r->config, found.gl_pathv[i]);
    globfree(&found);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void read_paths(struct config_read *r, const struct option *o, const struct yaml_node *n,
                       void *place)
{
    (void)o;
    (void)place;
    if (n->kind != YAML_LIST || n->count == 0) {
        yaml_problem(r->problems, n, "write [mappings/*.yaml]", "expected a list of mapping files");
        return;
    }
    for (const struct yaml_node *item = n->first; item; item = item->next)
        add_matches(r, item);
    if (r->config->n_mapping_files > 1)
        qsort(r->config->mapping_files, r->config->n_mapping_files, sizeof(const char *), by_text);
}

static void read_cities(struct config_read *r, const struct option *o, const struct yaml_node *n,
                        void *place)
{
    (void)o;
    (void)place;
    struct config *c = r->config;
    if (n->kind != YAML_MAP) {
        yaml_problem(r->problems, n, "write {\"الرياض - العليا\": Riyadh}",
                     "expected a map from spellings to cities");
        return;
    }
    c->cities = arena_alloc(&c->arena, (n->count + 1) * sizeof *c->cities);
    for (const struct yaml_node *item = n->first; item; item = item->next) {
        const char *city = text_of_node(r, item);
        if (city)
            c->cities[c->n_cities++] =
                (struct city_alias){.spelling = keep(r, item->key->text), .city = keep(r, city)};
    }
}

static reader *const readers[OPTION_TYPES] = {
    [OPTION_TEXT] = read_text,         [OPTION_NAME] = read_name,
    [OPTION_PATH] = read_path,         [OPTION_BOOL] = read_bool,
    [OPTION_INT] = read_int,           [OPTION_DURATION] = read_duration,
    [OPTION_CHOICE] = read_choice,     [OPTION_WORD] = read_word,
    [OPTION_HEADROOM] = read_headroom, [OPTION_REMOVE_LIMIT] = read_remove_limit,
    [OPTION_QUOTA] = read_quota,       [OPTION_URL] = read_url,
    [OPTION_ENDPOINT] = read_endpoint, [OPTION_ENDPOINT_ID] = read_endpoint_id,
    [OPTION_LISTEN] = read_listen,     [OPTION_TIME_ZONE] = read_time_zone,
    [OPTION_SECRET] = read_secret,     [OPTION_PATHS] = read_paths,
    [OPTION_SCHEDULE] = read_schedule, [OPTION_CITIES] = read_cities,
};

void config_read_value(struct config_read *r, const struct option *o, const struct yaml_node *n,
                       void *base)
{
    if (yaml_is_unset(n))
        return;
    readers[o->type](r, o, n, (char *)base + o->offset);
}
