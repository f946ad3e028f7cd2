/*
 * retry and release: two ways to say "go on", one shape. Both work beside a running agent, which is
 * woken and goes on at once; without one, the next start does.
 */
#include <stdio.h>

#include "commands/output.h"
#include "commands/setup.h"
#include "edges/operator.h"

#define CHOSEN_MAX 64

struct change {
    bool (*apply)(struct pg *pg, const struct operator_choice *c, int64_t *count, struct err *e);
    const char *what, *done, *none; /* "3 WHATs DONE", "0 WHATs NONE" */
    const char *member;             /* of --json */
};

/* ---- what is chosen -------------------------------------------------------------------------- */

struct chosen {
    const char *accounts[CHOSEN_MAX], *mappings[CHOSEN_MAX]; /* at least one each; NULL: all */
    size_t n_accounts, n_mappings;
    const char *key, *code;
};

static bool choose_row(const struct setup *s, const struct invocation *in, struct chosen *c,
                       struct err *e)
{
    size_t n = invocation_arguments(in);
    const char *key = invocation_value(in, "--key");
    if (n == 1 || (n == 2 && key != NULL)) {
        err_set(e, ERR_USAGE, "a row is named by MAPPING and KEY together");
        return err_hint(e, "`qudra-sync help %s` shows how", invocation_command(in)->name);
    }
    if (n == 2 && setup_mapping(s, invocation_argument(in, 0), e) == NULL)
        return false;
    if (n == 2) {
        c->mappings[0] = invocation_argument(in, 0);
        c->n_mappings = 1;
    }
    c->key = n == 2 ? invocation_argument(in, 1) : key;
    if (c->key != NULL && c->mappings[0] == NULL)
        return err_set(e, ERR_USAGE, "--key needs --mapping: keys are unique in a mapping only");
    return true;
}

static bool choose(const struct setup *s, const struct invocation *in, struct chosen *c,
                   struct err *e)
{
    *c = (struct chosen){.code = invocation_value(in, "--code")};
    c->n_accounts = invocation_values(in, "--account", c->accounts, CHOSEN_MAX);
    c->n_mappings = invocation_values(in, "--mapping", c->mappings, CHOSEN_MAX);
    if (!choose_row(s, in, c, e))
        return false;
    c->n_accounts += c->n_accounts == 0;
    c->n_mappings += c->n_mappings == 0;
    return true;
}

/* ---- doing it -------------------------------------------------------------------------------- */

static bool change_all(struct pg *state, const struct chosen *c, const struct change *change,
                       int64_t *count, struct err *e)
{
    *count = 0;
    for (size_t i = 0; i < c->n_accounts; i++)
        for (size_t k = 0; k < c->n_mappings; k++) {
            const struct operator_choice one = {.account = c->accounts[i],
                                                .mapping = c->mappings[k],
                                                .key = c->key,
                                                .code = c->code};
            int64_t changed;
            if (!change->apply(state, &one, &changed, e))
                return false;
            *count += changed;
        }
    return true;
}

/* The agent listens on the source's database, which may be another one. A wake-up that does not get
 * through is no failure: the agent looks by itself before long. */
static void wake(const struct setup *s, struct pg *state)
{
    struct err ignored = ERR_INIT;
    struct pg *source;
    bool told = operator_wake(state, &ignored);
    if (s->config->source_url != NULL && setup_connect_source(s, &source, &ignored)) {
        told = operator_wake(source, &ignored);
        pg_free(source);
    }
    if (!told)
        fprintf(stderr, "the agent could not be woken: it goes on at its next look\n");
}

static void tell(const struct invocation *in, int64_t count, const struct change *change)
{
    struct buf out = BUF_INIT(4096);
    if (invocation_has(in, "--json")) {
        struct json_writer w;
        json_writer_init(&w, &out);
        json_open_object(&w);
        output_member_int(&w, change->member, count);
        json_close_object(&w);
        buf_addch(&out, '\n');
    } else {
        struct arena a;
        arena_init(&a, 0);
        buf_printf(&out, "%s %s%s %s\n", output_count(&a, count), change->what,
                   count == 1 ? "" : "s", count > 0 ? change->done : change->none);
        arena_release(&a);
    }
    output_flush(&out);
    buf_release(&out);
}

static bool go_on(struct setup *s, const struct invocation *in, const struct change *change,
                  struct err *e)
{
    struct chosen c;
    struct pg *state;
    int64_t count;
    if (!choose(s, in, &c, e) || !setup_connect_state(s, &state, e))
        return false;
    bool ok = change_all(state, &c, change, &count, e);
    if (ok && count > 0)
        wake(s, state);
    if (ok)
        tell(in, count, change);
    pg_free(state);
    return ok;
}

static int run(const struct invocation *in, const struct change *change, struct err *e)
{
    struct setup s;
    if (!setup_load(&s, in, e))
        return EXIT_CONVERGED;
    bool ok = go_on(&s, in, change, e);
    (void)ok; /* e says it */
    setup_release(&s);
    return EXIT_CONVERGED;
}

static int run_retry(const struct invocation *in, struct err *e)
{
    static const struct change change = {.apply = operator_retry,
                                         .what = "refused row",
                                         .done = "put back in line",
                                         .none = "to put back in line",
                                         .member = "rows"};
    return run(in, &change, e);
}

static int run_release(const struct invocation *in, struct err *e)
{
    static const struct change source = {.apply = operator_accept_source,
                                         .what = "mapping",
                                         .done = "may read the database that is configured now",
                                         .none = "had a database to forget",
                                         .member = "mappings"};
    static const struct change rows = {.apply = operator_release,
                                       .what = "held removal",
                                       .done = "put back in line",
                                       .none = "to put back in line",
                                       .member = "rows"};
    return run(in, invocation_has(in, "--source") ? &source : &rows, e);
}

/* ---- the commands ---------------------------------------------------------------------------- */

static const struct command_option retry_options[] = {
    {"--key", "KEY", "only this row (with --mapping)"},
    {"--code", "CODE", "only rows with this error code"},
    {"--json", NULL, "one JSON object: rows, how many were put back in line"},
    {NULL, NULL, NULL},
};

const struct command command_retry = {
    .name = "retry",
    .arguments = "[MAPPING KEY]",
    .max_arguments = 2,
    .summary = "puts refused rows back in line",
    .details =
        "All of them, or those that the options name. Each is read again and decided again before\n"
        "anything is sent: a row that still breaks a rule is refused again.",
    .options = retry_options,
    .run = run_retry,
};

static const struct command_option release_options[] = {
    {"--source", NULL, "instead: the source is another database than before, and that is right"},
    {"--key", "KEY", "only this row (with --mapping)"},
    {"--json", NULL,
     "one JSON object: rows, how many were put back in line; with --source: mappings"},
    {NULL, NULL, NULL},
};

const struct command command_release = {
    .name = "release",
    .arguments = "[MAPPING KEY]",
    .max_arguments = 2,
    .summary = "lets held removals go",
    .details =
        "All of them, or those that the options name. The removal guard held them because a pass\n"
        "would have removed more than sync.max_remove: look first with `rows --state held`. A row\n"
        "that is in its table again is kept.\n"
        "An agent that finds another database than the one it read before does nothing until\n"
        "`release --source` says that it may.",
    .options = release_options,
    .run = run_release,
};
