/* config: whole files in, structs or problems out; and agent.yaml.example held to the option table.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log.h"
#include "rules/config.h"

static struct arena arena;
static struct problems problems;
static char folder[] = "/tmp/test_config_XXXXXX";

/* The environment of the tests. */
static char *lookup(const char *name)
{
    static char url[] = "postgresql:///ats", key[] = "qk_test_0123456789";
    if (strcmp(name, "DATABASE_URL") == 0 || strcmp(name, "SOURCE_DATABASE_URL") == 0)
        return url;
    return strncmp(name, "QUDRA_API_KEY", 13) == 0 && !strstr(name, "FILE") ? key : NULL;
}

static const char *path(const char *name)
{
    return arena_printf(&arena, "%s/%s", folder, name);
}

static void write_file(const char *name, const char *text)
{
    FILE *f = fopen(path(name), "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static struct config *load(const char *text)
{
    write_file("agent.yaml", text);
    problems_init(&problems, &arena);
    return config_load(path("agent.yaml"), lookup, &problems);
}

static struct config *load_good(const char *text)
{
    struct config *c = load(text);
    if (!c)
        problems_print(&problems, stderr, false);
    assert_non_null(c);
    return c;
}

#define REST  "database: {url: \"${DATABASE_URL}\"}\nmappings: [maps/*.yaml]\n"
#define QUDRA "qudra: {api_key_file: key}\n"

static void assert_refused(const char *text, const char *message)
{
    struct config *c = load(text);
    config_free(c);
    if (c)
        fail_msg("taken: %s", text);
    for (const struct problem *p = problems.first; p; p = p->next)
        if (strstr(p->message, message))
            return;
    problems_print(&problems, stderr, false);
    fail_msg("no problem says \"%s\"", message);
}

static void test_defaults_are_those_of_the_design(void **state)
{
    (void)state;
    struct config *c = load_good(QUDRA REST);
    const struct config_account *a = config_account_find(c, "default");
    assert_int_equal(c->n_accounts, 1);
    assert_string_equal(a->api_key_file, path("key"));
    assert_null(a->api_key);
    assert_string_equal(a->plan, "free");
    assert_true(a->headroom_percent && a->headroom > 4.9 && a->headroom < 5.1);
    assert_int_equal(a->concurrency, 8);
    assert_int_equal(a->timeout_ms, 30000);
    assert_int_equal(a->quota, -2);
    assert_string_equal(c->database_url, "postgresql:///ats");
    assert_null(c->source_url);
    assert_int_equal(c->interval_ms, 30000);
    assert_null(c->schedule);
    assert_int_equal(c->overlap_ms, 120000);
    assert_int_equal(c->full_scan_every_ms, 6 * 3600000);
    assert_true(c->max_remove.is_percent);
    assert_string_equal(c->time_zone, "Asia/Riyadh");
    assert_int_equal(zone_offset(c->zone, 1767225600), 3 * 3600);
    assert_int_equal(c->log_level, LOG_LEVEL_INFO);
    assert_int_equal(c->log_format, LOG_FORMAT_TEXT);
    assert_null(c->metrics_listen);
    config_free(c);
}

static void test_defaults_of_endpoints_are_those_of_the_dialect(void **state)
{
    (void)state;
    struct config *c = load_good(QUDRA REST);
    const struct dialect *d = &c->accounts[0].dialect;
    assert_string_equal(d->base_url, dialect_defaults.base_url);
    assert_string_equal(d->create_path, dialect_defaults.create_path);
    assert_string_equal(d->bulk_path, dialect_defaults.bulk_path);
    assert_string_equal(d->bulk_wrapper, dialect_defaults.bulk_wrapper);
    assert_string_equal(d->update_path, dialect_defaults.update_path);
    assert_string_equal(d->update_method, dialect_defaults.update_method);
    assert_string_equal(d->delete_path, dialect_defaults.delete_path);
    assert_string_equal(d->read_path, dialect_defaults.read_path);
    assert_int_equal(d->paging, dialect_defaults.paging);
    assert_string_equal(d->quota_code, dialect_defaults.quota_code);
    config_free(c);
}

static void test_values_reach_their_places(void **state)
{
    (void)state;
    struct config *c = load_good(
        "qudra:\n  api_key: ${QUDRA_API_KEY}\n  plan: scale\n  headroom: 20\n  quota: unlimited\n"
        "  base_url: http://127.0.0.1:8080/v1/\n"
        "  endpoints: {update_method: PUT, paging: page, bulk_path: /jobs/batch}\n"
        "database: {url: a, source_url: b}\n"
        "sync: {schedule: \"*/15 7-19 * * 0-4\", close_at_once: true, max_remove: 250, time_zone: "
        "UTC}\n"
        "log: {level: debug, format: json}\nmetrics: {listen: \"[::1]:9464\"}\n"
        "mappings: [maps/b.yaml, maps/*.yaml]\ncities: {\"حي العليا\": Riyadh, HQ: Jeddah}\n");
    const struct config_account *a = &c->accounts[0];
    assert_string_equal(a->api_key, "qk_test_0123456789");
    assert_null(a->api_key_file);
    assert_false(a->headroom_percent);
    assert_int_equal((int)a->headroom, 20);
    assert_int_equal(a->quota, -1);
    assert_string_equal(a->dialect.base_url, "http://127.0.0.1:8080/v1");
    assert_string_equal(a->dialect.update_method, "PUT");
    assert_int_equal(a->dialect.paging, PAGING_PAGE);
    assert_string_equal(a->dialect.bulk_path, "/jobs/batch");
    assert_string_equal(c->source_url, "b");
    assert_true(c->close_at_once);
    assert_int_equal(c->due.hours, 0xfff80); /* 7 to 19 */
    assert_false(c->max_remove.is_percent);
    assert_int_equal(c->log_level, LOG_LEVEL_DEBUG);
    assert_int_equal(c->log_format, LOG_FORMAT_JSON);
    assert_string_equal(c->metrics_listen, "[::1]:9464");
    assert_int_equal(c->n_mapping_files, 2);
    assert_string_equal(c->mapping_files[0], path("maps/a.yaml"));
    assert_string_equal(c->mapping_files[1], path("maps/b.yaml"));
    assert_int_equal(c->n_cities, 2);
    assert_string_equal(c->cities[1].spelling, "HQ");
    assert_string_equal(c->cities[1].city, "Jeddah");
    config_free(c);
}

static void test_accounts_begin_with_what_qudra_says(void **state)
{
    (void)state;
    struct config *c = load_good("qudra: {plan: growth, timeout: 5s}\naccounts:\n"
                                 "  - {name: najd, api_key: \"${QUDRA_API_KEY_NAJD}\"}\n"
                                 "  - {name: acme, api_key_file: /k, plan: scale}\n" REST);
    assert_int_equal(c->n_accounts, 2);
    assert_string_equal(c->accounts[0].name, "acme");
    assert_string_equal(config_account_find(c, "acme")->plan, "scale");
    assert_string_equal(config_account_find(c, "acme")->api_key_file, "/k");
    assert_string_equal(config_account_find(c, "najd")->plan, "growth");
    assert_int_equal(config_account_find(c, "najd")->timeout_ms, 5000);
    assert_null(config_account_find(c, "default"));
    config_free(c);
}

static void test_wrong_accounts_are_refused(void **state)
{
    (void)state;
    assert_refused(
        "accounts:\n  - {name: a, api_key_file: k}\n  - {name: a, api_key_file: k}\n" REST,
        "stands in line 2 already");
    assert_refused("accounts: [{api_key_file: k}]\n" REST, "needs a name");
    assert_refused("accounts: [{name: a}]\n" REST, "no API key is given");
    assert_refused("accounts: [{name: \"a b\", api_key_file: k}]\n" REST, "without blanks");
    assert_refused("accounts: [{name: a, api_key_file: k, plna: free}]\n" REST, "plna");
    assert_refused("accounts: {name: a}\n" REST, "expected a list of accounts");
    assert_refused("accounts: [x]\n" REST, "options of an account");
    assert_refused(QUDRA "accounts: [{name: a, api_key_file: k}]\n" REST, "and no key");
}

static void test_each_wrong_value_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"qudra: {api_key_file: k, plan: gold}\n" REST, "gold"},
        {"qudra: {api_key_file: k, headroom: 100%}\n" REST, "leaves nothing"},
        {"qudra: {api_key_file: k, headroom: lots}\n" REST, "percentage"},
        {"qudra: {api_key_file: k, headroom: 2.5}\n" REST, "percentage"},
        {"qudra: {api_key_file: k, concurrency: 0}\n" REST, "0"},
        {"qudra: {api_key_file: k, timeout: 30}\n" REST, "30"},
        {"qudra: {api_key_file: k, quota: -1}\n" REST, "-1"},
        {"qudra: {api_key_file: k, base_url: \"http://api.qudrah.io/v1\"}\n" REST, "https://"},
        {"qudra: {api_key_file: k, endpoints: {update_path: /jobs}}\n" REST, "{id}"},
        {"qudra: {api_key_file: k, endpoints: {bulk_path: jobs}}\n" REST, "begins with"},
        {"qudra: {api_key_file: k, endpoints: 7}\n" REST, "options below \"endpoints\""},
        {"qudra: {api_key_file: k, api_key: \"${QUDRA_API_KEY}\"}\n" REST, "found both"},
        {"qudra: {plan: free}\n" REST, "no API key is given"},
        {REST, "expected qudra or accounts"},
        {QUDRA REST "sync: {max_remove: 101%}\n", "percentage"},
        {QUDRA REST "sync: {schedule: \"0 25 * * *\"}\n", "wrong at its hour"},
        {QUDRA REST "sync: {time_zone: Asia/Riad}\n", "unknown time zone"},
        {QUDRA REST "sync: {close_at_once: maybe}\n", "maybe"},
        {QUDRA REST "metrics: {listen: 9464}\n", "host:port"},
        {QUDRA REST "metrics: {listen: \"http://localhost:9464\"}\n", "host:port"},
        {QUDRA REST "metrics: {listen: \"::1:9464\"}\n", "host:port"},
        {QUDRA REST "metrics: {listen: \"localhost:99999\"}\n", "host:port"},
        {QUDRA REST "log: {level: loud}\n", "loud"},
        {QUDRA REST "log: loud\n", "options below \"log\""},
        {QUDRA REST "cities: [Riyadh]\n", "map from spellings"},
        {QUDRA "mappings: [maps/*.yaml]\n", "\"database.url\" is required"},
        {QUDRA "database: {url: a}\n", "\"mappings\" is required"},
        {QUDRA "database: {url: a}\nmappings: [none/*.yaml]\n", "no mapping file matches"},
        {QUDRA "database: {url: a}\nmappings: maps/a.yaml\n", "expected a list"},
        {QUDRA "database: {url: \"\"}\nmappings: [maps/a.yaml]\n", "empty text"},
        {QUDRA REST "sync: {intervall: 3s}\n", "intervall"},
        {"- a\n", "expected options"},
        {"", "expected options"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_refused(cases[i].text, cases[i].message);
}

static void test_all_problems_come_at_once_with_places_and_nearest_names(void **state)
{
    (void)state;
    assert_refused(
        "qudra:\n  api_key_file: k\n  plna: free\n  timeout: soon\nsync:\n  intervall: 1s\n" REST,
        "plna");
    assert_int_equal(problems.errors, 3);
    const struct problem *p = problems.first;
    assert_int_equal(p->line, 3);
    assert_int_equal(p->column, 3);
    assert_non_null(strstr(p->hint, "plan"));
    assert_int_equal(p->next->line, 4);
    assert_int_equal(p->next->next->line, 6);
    assert_non_null(strstr(p->next->next->hint, "interval"));
}

static void test_a_key_in_the_file_is_refused_and_not_shown(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "qk_live_sesame",
        "${QUDRA_API_KEY:-qk_live_sesame}",
        "\"${NONE:-qk_live_sesame}\"",
        "qk_live_sesame${QUDRA_API_KEY}",
        "qk_live_sesame # not ${QUDRA_API_KEY}",
        "'${QUDRA_API_KEY}' # sesame",
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_refused(arena_printf(&arena, "qudra:\n  api_key: %s\n" REST, cases[i]),
                       "may not stand in this file");
        for (const struct problem *p = problems.first; p; p = p->next) {
            assert_true(!p->source || !strstr(p->source, "sesame"));
            assert_null(strstr(p->message, "sesame"));
        }
    }
}

static void test_a_variable_that_is_not_set_is_one_mistake(void **state)
{
    (void)state;
    static const char *const cases[] = {
        QUDRA "database: {url: \"${NONE}\"}\nmappings: [maps/*.yaml]\n",
        QUDRA "database:\n  url: ${NONE}\nmappings: [maps/*.yaml]\n",
        QUDRA "database: {url: a}\nmappings: [\"${NONE}\"]\n",
        "qudra:\n  api_key: ${NONE}\n" REST,
        "qudra:\n  api_key_file: k\n  concurrency: ${NONE}\n" REST,
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_refused(cases[i], "the variable \"NONE\" is not set");
        assert_int_equal(problems.errors, 1);
        assert_null(strstr(problems.first->hint, ":-"));
    }
}

static void test_a_missing_file_is_a_problem(void **state)
{
    (void)state;
    problems_init(&problems, &arena);
    assert_null(config_load(path("none.yaml"), lookup, &problems));
    assert_true(problems.errors > 0);
}

/* ---- the example ------------------------------------------------------------------------------
 */

static char *read_example(void)
{
    FILE *f = fopen("agent.yaml.example", "r");
    if (!f)
        fail_msg("run this from the top of the tree");
    char *text = arena_alloc(&arena, 1 << 16);
    size_t n = fread(text, 1, (1 << 16) - 1, f);
    fclose(f);
    text[n] = '\0';
    return text;
}

/* The convention of its head: a '#' at the line's beginning with no single blank behind it hides an
 * option. */
static bool hides_option(const char *line)
{
    return line[0] == '#' && line[1] != '\n' && line[1] != '\0' &&
           (line[1] != ' ' || line[2] == ' ');
}

static char *all_taken_up(const char *text)
{
    struct buf b = BUF_INIT(1 << 16);
    bool fresh = true;
    for (const char *c = text; *c; c++) {
        if (!(fresh && hides_option(c)))
            buf_addch(&b, *c);
        fresh = *c == '\n';
    }
    char *all = arena_strdup(&arena, buf_str(&b));
    buf_release(&b);
    return all;
}

static bool line_is_hidden(const char *text, int line)
{
    for (int i = 1; i < line; i++)
        text = strchr(text, '\n') + 1;
    return hides_option(text);
}

static bool seen[256];

static void check_scalar(const char *example, const char *name, const struct yaml_node *n)
{
    for (size_t i = 0; i < config_options_count; i++) {
        const struct option *o = &config_options[i];
        if (strcmp(o->name, name) != 0)
            continue;
        seen[i] = true;
        if (o->fallback && *o->fallback && n->kind == YAML_SCALAR &&
            line_is_hidden(example, n->line) && strcmp(o->fallback, n->text) != 0)
            fail_msg("%s: the example shows %s, the default is %s", name, n->text, o->fallback);
        return;
    }
    fail_msg("the example names \"%s\", which is no option", name);
}

static void check_map(const char *example, const char *prefix, const struct yaml_node *map)
{
    for (const struct yaml_node *n = map->first; n; n = n->next) {
        const char *name = arena_printf(&arena, "%s%s", prefix, n->key->text);
        if (n->kind == YAML_MAP && strcmp(name, "cities") != 0)
            check_map(example, arena_printf(&arena, "%s.", name), n);
        else if (strcmp(name, "accounts") != 0)
            check_scalar(example, name, n);
    }
}

static void test_the_example_names_every_option_and_no_other(void **state)
{
    (void)state;
    const char *example = read_example(), *all = all_taken_up(example);
    assert_true(config_options_count < ARRAY_LEN(seen));
    problems_init(&problems, &arena);
    const struct yaml_doc *doc = yaml_read("example", all, strlen(all), lookup, &problems);
    problems_print(&problems, stderr, false);
    assert_int_equal(problems.errors, 0);
    check_map(example, "", doc->root);
    const struct yaml_node *accounts = yaml_get(doc->root, "accounts");
    assert_non_null(yaml_get(accounts->first, "name"));
    for (size_t i = 0; i < config_options_count; i++)
        if (!seen[i] && config_options[i].type != OPTION_NAME)
            fail_msg("the example does not name \"%s\"", config_options[i].name);
}

static void test_the_example_loads(void **state)
{
    (void)state;
    const char *example = read_example();
    assert_memory_equal(example, "# yaml-language-server: $schema=docs/agent.schema.json\n", 55);
    write_file("mappings/jobs.yaml", "name: jobs\n");
    struct config *c = load_good(example);
    assert_string_equal(c->accounts[0].plan, "growth");
    assert_string_equal(c->mapping_files[0], path("mappings/jobs.yaml"));
    config_free(c);
}

/* ---- what is made from the table ---------------------------------------------------------------
 */

static void test_every_option_is_documented_once(void **state)
{
    (void)state;
    struct buf b = BUF_INIT(1 << 20);
    config_write_reference(&b);
    for (size_t i = 0; i < config_options_count; i++) {
        const struct option *o = &config_options[i];
        const char *cell = arena_printf(&arena, "| `%s` |", o->name),
                   *at = strstr(buf_str(&b), cell);
        assert_non_null(at);
        assert_null(strstr(at + 1, cell));
        assert_int_equal(o->help[strlen(o->help) - 1], '.');
    }
    buf_release(&b);
}

static void test_the_schema_knows_every_option(void **state)
{
    (void)state;
    struct buf b = BUF_INIT(1 << 20);
    struct err e = ERR_INIT;
    config_write_schema(&b);
    struct json *schema = json_read(&arena, b.data, b.len, &e);
    assert_non_null(schema);
    for (size_t i = 0; i < config_options_count; i++) {
        const struct option *o = &config_options[i];
        const struct json *at = schema;
        char *name = arena_strdup(&arena, o->name), *save = NULL;
        for (char *part = strtok_r(name, ".", &save); part; part = strtok_r(NULL, ".", &save)) {
            if (json_get(at, "items"))
                at = json_get(at, "items");
            at = json_get(json_get(at, "properties"), part);
        }
        assert_string_equal(json_string(json_get(at, "description")), o->help);
    }
    buf_release(&b);
}

static int prepare(void **state)
{
    (void)state;
    arena_init(&arena, 0);
    if (!mkdtemp(folder))
        return -1;
    if (mkdir(path("maps"), 0700) != 0 || mkdir(path("mappings"), 0700) != 0)
        return -1;
    write_file("maps/b.yaml", "name: b\n");
    write_file("maps/a.yaml", "name: a\n");
    return 0;
}

static int release(void **state)
{
    (void)state;
    static const char *const files[] = {"maps/a.yaml", "maps/b.yaml", "mappings/jobs.yaml",
                                        "agent.yaml"};
    for (size_t i = 0; i < ARRAY_LEN(files); i++)
        unlink(path(files[i]));
    rmdir(path("maps"));
    rmdir(path("mappings"));
    rmdir(folder);
    arena_release(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults_are_those_of_the_design),
        cmocka_unit_test(test_defaults_of_endpoints_are_those_of_the_dialect),
        cmocka_unit_test(test_values_reach_their_places),
        cmocka_unit_test(test_accounts_begin_with_what_qudra_says),
        cmocka_unit_test(test_wrong_accounts_are_refused),
        cmocka_unit_test(test_each_wrong_value_is_refused),
        cmocka_unit_test(test_all_problems_come_at_once_with_places_and_nearest_names),
        cmocka_unit_test(test_a_key_in_the_file_is_refused_and_not_shown),
        cmocka_unit_test(test_a_variable_that_is_not_set_is_one_mistake),
        cmocka_unit_test(test_a_missing_file_is_a_problem),
        cmocka_unit_test(test_the_example_names_every_option_and_no_other),
        cmocka_unit_test(test_the_example_loads),
        cmocka_unit_test(test_every_option_is_documented_once),
        cmocka_unit_test(test_the_schema_knows_every_option),
    };
    return cmocka_run_group_tests_name("config", tests, prepare, release);
}
