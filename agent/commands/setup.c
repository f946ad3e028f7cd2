/*
 * The files are read whole before anything is said about them, so that one run shows every mistake.
 */
#include "commands/setup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/names.h"
#include "edges/migrate.h"

#define DEFAULT_FILE "agent.yaml"
#define SYSTEM_FILE  "/etc/qudra-sync/agent.yaml"
#define CHOSEN_MAX   64

/* One that is there and may not be read is told as any other that is wrong. */
static const char *find_config(const struct invocation *in, struct err *e)
{
    const char *given = invocation_value(in, "--config");
    if (given != NULL)
        return given;
    if (access(DEFAULT_FILE, F_OK) == 0)
        return DEFAULT_FILE;
    if (access(SYSTEM_FILE, F_OK) == 0 || errno != ENOENT)
        return SYSTEM_FILE;
    err_set(e, ERR_CONFIG, "there is no configuration: neither \"./%s\" nor \"%s\"", DEFAULT_FILE,
            SYSTEM_FILE);
    err_hint(e, "begin with agent.yaml.example, or name a file with -c FILE");
    return NULL;
}

static bool set_log_level(const struct invocation *in, int level, int format, struct err *e)
{
    static const char *const names[] = {"error", "warn", "info", "debug", "trace"};
    const char *given = invocation_value(in, "--log-level");
    for (int i = 0; given != NULL && i < (int)ARRAY_LEN(names); i++)
        if (strcmp(given, names[i]) == 0) {
            level = i;
            given = NULL;
        }
    if (given != NULL) {
        err_set(e, ERR_USAGE, "unknown log level \"%s\"", given);
        return err_hint(e, "use error, warn, info, debug or trace");
    }
    log_init((enum log_level)level, (enum log_format)format);
    return true;
}

/* ---- the chosen mappings
 * ---------------------------------------------------------------------------- */

static bool is_chosen(const char *const *chosen, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(chosen[i], name) == 0)
            return true;
    return n == 0;
}

static bool unknown_mapping(const struct setup *s, const char *name, struct err *e)
{
    const char *names[CHOSEN_MAX];
    size_t n = 0;
    for (; n < s->n_mappings && n < CHOSEN_MAX; n++)
        names[n] = s->mappings[n]->name;
    const char *nearest = names_nearest(name, names, n);
    err_set(e, ERR_USAGE, "no mapping is called \"%s\"", name);
    if (nearest != NULL)
        return err_hint(e, "did you mean \"%s\"?", nearest);
    return err_hint(e, "the mappings are the files that `mappings:` of \"%s\" names",
                    s->config->file);
}

struct mapping *setup_mapping(const struct setup *s, const char *name, struct err *e)
{
    for (size_t i = 0; i < s->n_mappings; i++)
        if (strcmp(s->mappings[i]->name, name) == 0)
            return s->mappings[i];
    (void)unknown_mapping(s, name, e);
    return NULL;
}

/* One of the database is known when that is asked. */
static bool may_be_account(const struct config *c, const char *name)
{
    return c->database_accounts || config_account_find(c, name) != NULL;
}

static bool choose(struct setup *s, const struct invocation *in, struct err *e)
{
    const char *names[CHOSEN_MAX], *accounts[CHOSEN_MAX];
    size_t n = invocation_values(in, "--mapping", names, CHOSEN_MAX);
    size_t n_accounts = invocation_values(in, "--account", accounts, CHOSEN_MAX);
    for (size_t i = 0; i < n; i++)
        if (setup_mapping(s, names[i], e) == NULL)
            return false;
    for (size_t i = 0; i < n_accounts; i++)
        if (!may_be_account(s->config, accounts[i]))
            return err_set(e, ERR_USAGE, "no account is called \"%s\"", accounts[i]);
    s->n_accounts = n_accounts;
    s->accounts = arena_copy(&s->arena, accounts, (n_accounts + 1) * sizeof *accounts);
    size_t kept = 0;
    for (size_t i = 0; i < s->n_mappings; i++) {
        const char *account = s->mappings[i]->account;
        if (is_chosen(names, n, s->mappings[i]->name) &&
            (account == NULL || is_chosen(accounts, n_accounts, account)))
            s->mappings[kept++] = s->mappings[i];
    }
    s->n_mappings = kept;
    setup_begin_accounts(s);
    return true;
}

/* ---- loading
 * -------------------------------------------------------------------------------------------- */

static void check_unique(struct setup *s, size_t i, struct problems *p)
{
    for (size_t k = 0; k < i; k++) {
        if (s->mappings[k] == NULL || strcmp(s->mappings[k]->name, s->mappings[i]->name) != 0)
            continue;
        const struct problem what = {
            .file = s->mappings[i]->file,
            .message = arena_printf(&s->arena, "the name \"%s\" is taken by \"%s\"",
                                    s->mappings[i]->name, s->mappings[k]->file),
            .hint = "give each mapping a name of its own: rows are recorded under it",
        };
        problems_add(p, &what);
    }
}

static void check_account(struct setup *s, struct mapping *m, struct problems *p)
{
    if (m->account == NULL && m->account_sql == NULL && s->config->n_accounts > 0)
        m->account = s->config->accounts[0].name;
    if (m->account != NULL ? may_be_account(s->config, m->account) : m->account_sql != NULL)
        return;
    const struct problem what = {
        .file = m->file,
        .message = m->account != NULL
                       ? arena_printf(&s->arena, "no account is called \"%s\"", m->account)
                       : "the mapping does not say whose rows these are",
        .hint = m->account != NULL ? "name one of `accounts:` in agent.yaml"
                                   : "write account: NAME, or source.account: COLUMN",
    };
    problems_add(p, &what);
}

static void load_mappings(struct setup *s, struct problems *p)
{
    const struct config *c = s->config;
    s->mappings = arena_alloc(&s->arena, (c->n_mapping_files + 1) * sizeof *s->mappings);
    for (size_t i = 0; i < c->n_mapping_files; i++) {
        s->mappings[i] =
            mapping_load(&s->arena, c->mapping_files[i], getenv, c->cities, c->n_cities, p);
        if (s->mappings[i] == NULL)
            continue;
        check_unique(s, i, p);
        check_account(s, s->mappings[i], p);
    }
    s->n_mappings = c->n_mapping_files;
}

/* Who reads JSON lines gets nothing between them: warnings as records of their own, and the first
 * mistake in the caller's. So it is at a reload; at a start the format is not known yet. */
static bool log_problems(const struct problems *p, struct err *e)
{
    for (const struct problem *at = p->first; at != NULL; at = at->next)
        if (at->warning)
            LOG_WARN("warning in the configuration", log_str("file", at->file),
                     log_int("line", at->line), log_int("column", at->column),
                     log_str("warning", at->message), log_str("hint", at->hint));
    return problems_to_err(p, e);
}

static bool tell_problems(const struct problems *p, struct err *e)
{
    if (log_is_json())
        return log_problems(p, e);
    bool colour = isatty(STDERR_FILENO) && getenv("NO_COLOR") == NULL;
    if (p->errors + p->warnings > 0)
        problems_print(p, stderr, colour);
    return p->errors == 0 ||
           err_set(e, ERR_CONFIG, "%zu mistake%s in the configuration, shown above", p->errors,
                   p->errors == 1 ? "" : "s");
}

static bool read_files(struct setup *s, const char *file, bool with_mappings, struct err *e)
{
    struct problems problems;
    problems_init(&problems, &s->arena);
    s->config = with_mappings ? config_load(file, getenv, &problems)
                              : config_load_without_mappings(file, getenv, &problems);
    if (s->config != NULL)
        load_mappings(s, &problems);
    return tell_problems(&problems, e);
}

static bool load(struct setup *s, const struct invocation *in, bool with_mappings, struct err *e)
{
    *s = (struct setup){.config = NULL};
    arena_init(&s->arena, 0);
    const char *file = find_config(in, e);
    bool ok = file != NULL && read_files(s, file, with_mappings, e) &&
              set_log_level(in, s->config->log_level, s->config->log_format, e) && choose(s, in, e);
    if (!ok)
        setup_release(s);
    return ok;
}

bool setup_load(struct setup *s, const struct invocation *in, struct err *e)
{
    return load(s, in, true, e);
}

bool setup_load_without_mappings(struct setup *s, const struct invocation *in, struct err *e)
{
    return load(s, in, false, e);
}

void setup_release(struct setup *s)
{
    config_free(s->config);
    s->config = NULL;
    arena_release(&s->arena);
}

/* ---- connections
 * ------------------------------------------------------------------------------------------ */

static bool connect_to(const struct setup *s, const char *url, const char *what, bool state,
                       struct pg **out, struct err *e)
{
    const struct pg_options o = {
        .url = url,
        .what = what,
        .application_name = state ? "qudra-sync state" : "qudra-sync source",
        .connect_timeout_ms = s->config->connect_timeout_ms,
        .statement_timeout_ms = s->config->statement_timeout_ms,
        .read_only = !state,
        .own_search_path = !state,
        .stop_fd = -1,
    };
    return pg_connect(out, &o, e);
}

bool setup_connect_state(struct setup *s, struct pg **out, struct err *e)
{
    if (!connect_to(s, s->config->database_url, "state", true, out, e))
        return false;
    if (migrate_require(*out, e) && setup_read_accounts(s, *out, e))
        return true;
    pg_free(*out);
    *out = NULL;
    return false;
}

bool setup_connect_source(const struct setup *s, struct pg **out, struct err *e)
{
    const char *url =
        s->config->source_url != NULL ? s->config->source_url : s->config->database_url;
    return connect_to(s, url, "source", false, out, e);
}
