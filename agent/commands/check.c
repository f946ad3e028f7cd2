/*
 * check: proves everything that can be proved before anything is sent.
 */
#include "commands/check.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_ROWS 1000
#define ROWS_MAX     1000000000

const char *const check_level_names[] = {"ok", "note", "warning", "error"};

/* ---- findings -------------------------------------------------------------------------------- */

struct check_section *check_section(struct check *c, const char *name)
{
    if (c->n_sections == c->cap_sections) {
        c->cap_sections = c->cap_sections > 0 ? 2 * c->cap_sections : 8;
        struct check_section *fresh = arena_alloc(c->arena, c->cap_sections * sizeof *fresh);
        if (c->n_sections > 0)
            memcpy(fresh, c->sections, c->n_sections * sizeof *fresh);
        c->sections = fresh;
    }
    struct check_section *s = &c->sections[c->n_sections++];
    s->name = name;
    problems_init(&s->problems, c->arena);
    return s;
}

static void add_finding(struct check *c, enum check_level level, const char *message,
                        const char *hint)
{
    struct check_section *s = &c->sections[c->n_sections - 1];
    if (s->n == s->cap) {
        s->cap = s->cap ? 2 * s->cap : 8;
        struct check_finding *fresh = arena_alloc(c->arena, s->cap * sizeof *fresh);
        if (s->n > 0)
            memcpy(fresh, s->findings, s->n * sizeof *fresh);
        s->findings = fresh;
    }
    s->findings[s->n++] = (struct check_finding){
        .level = level,
        .message = message,
        .hint = hint != NULL && hint[0] != '\0' ? arena_strdup(c->arena, hint) : NULL,
    };
    c->count[level]++;
}

void check_say(struct check *c, enum check_level level, const char *hint, const char *fmt, ...)
{
    struct buf text = BUF_INIT(4096);
    va_list args;
    va_start(args, fmt);
    buf_vprintf(&text, fmt, args);
    va_end(args);
    add_finding(c, level, arena_strdup(c->arena, buf_str(&text)), hint);
    buf_release(&text);
}

/* What must be mended first decides the exit status: a wrong file before a key, a key before a
 * server that may be back in a minute. */
static int weight(enum err_kind kind)
{
    static const enum err_kind order[] = {ERR_NONE, ERR_AWAY, ERR_KEY, ERR_CONFIG, ERR_INTERNAL};
    for (size_t i = 0; i < ARRAY_LEN(order); i++)
        if (order[i] == kind)
            return (int)i;
    return ARRAY_LEN(order);
}

void check_fail(struct check *c, const struct err *e)
{
    add_finding(c, CHECK_ERROR, arena_strdup(c->arena, e->message), e->hint);
    if (weight(e->kind) > weight(c->worst))
        c->worst = e->kind;
}

/* ---- the whole ------------------------------------------------------------------------------- */

static bool read_limit(const struct invocation *in, int64_t *limit, struct err *e)
{
    const char *rows = invocation_value(in, "--rows");
    char *end = NULL;
    *limit = invocation_has(in, "--all") ? 0 : DEFAULT_ROWS;
    if (rows == NULL)
        return true;
    if (invocation_has(in, "--all"))
        return err_set(e, ERR_USAGE, "--rows and --all say two things: give one of them");
    *limit = strtoll(rows, &end, 10);
    if (rows[0] != '\0' && *end == '\0' && *limit > 0 && *limit <= ROWS_MAX)
        return true;
    err_set(e, ERR_USAGE, "\"%s\" is no number of rows", rows);
    return err_hint(e, "give --rows a whole number from 1, or use --all");
}

static size_t count_chosen(const struct setup *s)
{
    size_t n = 0;
    for (size_t i = 0; i < s->n_known; i++)
        n += s->known[i].chosen;
    return n;
}

static void say_configuration(struct check *c)
{
    const struct setup *s = c->setup;
    check_section(c, "configuration");
    size_t n = count_chosen(s);
    check_say(c, CHECK_OK, NULL, "\"%s\": %zu account%s%s, %zu mapping%s", s->config->file, n,
              n == 1 ? "" : "s",
              s->config->database_accounts ? " besides those of the database" : "", s->n_mappings,
              s->n_mappings == 1 ? "" : "s");
    if (s->n_mappings == 0)
        check_say(c, CHECK_WARNING,
                  "write one below mappings/, or let `qudra-sync introspect "
                  "TABLE` draft it",
                  "no mapping is there: nothing would be mirrored");
}

/* Those of the database are part of the state. */
static void read_accounts(struct check *c, struct pg *state)
{
    struct err e = ERR_INIT;
    if (!c->setup->config->database_accounts || state == NULL)
        return;
    c->accounts_read = setup_read_accounts(c->setup, state, &e);
    size_t n = count_chosen(c->setup);
    if (!c->accounts_read)
        check_fail(c, &e);
    else
        check_say(c, n > 0 ? CHECK_OK : CHECK_WARNING,
                  n > 0 ? NULL : "INSERT INTO qudra_sync.account (name, api_key_file) VALUES …",
                  "%zu account%s, with those of agent.yaml", n, n == 1 ? "" : "s");
}

static void check_everything(struct check *c, bool offline)
{
    const struct setup *s = c->setup;
    struct pg *state, *source;
    say_configuration(c);
    check_state(c, &state);
    read_accounts(c, state);
    source = check_source(c);
    for (size_t i = 0; source != NULL && i < s->n_mappings; i++)
        check_mapping(c, source, s->mappings[i]);
    pg_free(source);
    for (size_t i = 0; i < s->n_known; i++)
        if (s->known[i].chosen)
            check_account(c, state, &s->known[i], offline);
    pg_free(state);
}

static int exit_status(const struct check *c)
{
    if (c->worst != ERR_NONE)
        return err_exit_status(c->worst);
    for (size_t i = 0; i < c->n_sections; i++)
        if (c->sections[i].tried && c->sections[i].trial.refused > 0)
            return EXIT_ROWS_LEFT;
    return EXIT_CONVERGED;
}

static void release(struct check *c)
{
    for (size_t i = 0; i < c->n_sections; i++)
        if (c->sections[i].tried)
            trial_release(&c->sections[i].trial);
}

static int check_loaded(const struct invocation *in, struct setup *s, int64_t limit)
{
    struct check c = {.setup = s, .arena = &s->arena, .limit = limit};
    check_everything(&c, invocation_has(in, "--offline"));
    if (invocation_has(in, "--json"))
        check_write_json(&c);
    else
        check_show(&c);
    int status = exit_status(&c);
    release(&c);
    return status;
}

/* A program that asked for JSON gets JSON, also when there is no configuration to check with. */
static void write_unloaded(const struct err *e)
{
    struct arena a;
    arena_init(&a, 0);
    struct check c = {.arena = &a};
    check_section(&c, "configuration");
    check_fail(&c, e);
    check_write_json(&c);
    arena_release(&a);
}

static int run(const struct invocation *in, struct err *e)
{
    struct setup s;
    int64_t limit;
    if (!read_limit(in, &limit, e))
        return EXIT_CONVERGED;
    if (!setup_load(&s, in, e)) {
        if (invocation_has(in, "--json"))
            write_unloaded(e);
        return EXIT_CONVERGED;
    }
    int status = check_loaded(in, &s, limit);
    setup_release(&s);
    return status;
}

static const struct command_option options[] = {
    {"--all", NULL, "tries the mappings on every row, not only on the first 1000"},
    {"--rows", "N", "tries the mappings on the first N rows"},
    {"--offline", NULL, "leaves out the one request to Qudra that shows whether the key is good"},
    {"--json", NULL, "what was found as one JSON object"},
    {NULL, NULL, NULL},
};

const struct command command_check = {
    .name = "check",
    .arguments = "",
    .summary = "proves configuration, mappings, database rights and API key; sends no job",
    .details =
        "Tries each mapping on its rows and counts what would be accepted, what refused by which\n"
        "rule, and which values and cities nobody knows. Works before `migrate`.\n"
        "Exit status 65: all is well but for rows that are refused.",
    .options = options,
    .run = run,
};
