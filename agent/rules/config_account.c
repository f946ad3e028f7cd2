/*
 * An account that stands in the database. Each value goes through the reader of its option, as if
 * it stood in agent.yaml: one rule for both. What `qudra:` says of all accounts is where it begins.
 */
#include <string.h>

#include "rules/config_read.h"

static const struct option *find_option(const char *name)
{
    for (size_t i = 0; i < config_options_count; i++)
        if (strcmp(config_options[i].name, name) == 0)
            return &config_options[i];
    BUG("there is no option \"%s\"", name);
}

static void read_value(struct config_read *r, const char *option, const char *text,
                       struct config_account *out)
{
    const struct yaml_doc doc = {.file = option, .source = ""};
    const struct yaml_node node = {
        .kind = YAML_SCALAR, .doc = &doc, .line = 1, .column = 1, .text = text, .quoted = true};
    if (text != NULL)
        config_read_value(r, find_option(option), &node, out);
}

static bool read_all(struct config_read *r, const struct config_row *row,
                     struct config_account *out, struct err *e)
{
    read_value(r, "accounts.name", row->name, out);
    read_value(r, "qudra.api_key_file", row->api_key_file, out);
    read_value(r, "qudra.plan", row->plan, out);
    read_value(r, "qudra.headroom", row->headroom, out);
    read_value(r, "qudra.quota", row->quota, out);
    read_value(r, "qudra.concurrency", row->concurrency, out);
    if (r->problems->errors == 0)
        return true;
    const struct problem *first = r->problems->first;
    err_set(e, ERR_CONFIG, "%s: %s", strrchr(first->file, '.') + 1, first->message);
    return first->hint == NULL ? false : err_hint(e, "%s", first->hint);
}

bool config_account_read(const struct config *c, const struct config_row *row, struct arena *a,
                         const struct config_account **out, struct err *e)
{
    struct arena scratch;
    struct problems problems;
    struct config shell = {.arena = *a}; /* the readers keep what they read in a config's arena */
    struct config_read r = {.config = &shell, .problems = &problems, .dir = c->dir};
    arena_init(&scratch, 0);
    problems_init(&problems, &scratch);
    struct config_account *account = arena_alloc(&shell.arena, sizeof *account);
    *account = *c->common;
    account->name = arena_strdup(&shell.arena, row->name);
    bool ok = read_all(&r, row, account, e);
    account->api_key_env = arena_strdup(&shell.arena, row->api_key_env);
    *a = shell.arena;
    *out = account;
    arena_release(&scratch);
    return ok;
}
