/*
 * migrate: the schema, brought up to date or shown; the triggers of detect: trigger, on and off.
 */
#include "edges/migrate.h"

#include <stdio.h>

#include "commands/setup.h"
#include "edges/outbox.h"

static bool connect(const struct setup *s, bool source, struct pg **out, struct err *e)
{
    const struct config *c = s->config;
    const struct pg_options o = {
        .url = source && c->source_url != NULL ? c->source_url : c->database_url,
        .what = source ? "source" : "state",
        .application_name = "qudra-sync migrate",
        .connect_timeout_ms = c->connect_timeout_ms,
        .statement_timeout_ms = 0,
        .own_search_path = source,
        .stop_fd = -1,
    };
    return pg_connect(out, &o, e);
}

static bool show(struct pg *pg, struct arena *a, struct err *e)
{
    struct migrate_step *steps;
    size_t n;
    if (!migrate_status(pg, a, &steps, &n, e))
        return false;
    for (size_t i = 0; i < n; i++)
        printf("%04d  %-24s %s\n", steps[i].version, steps[i].name,
               steps[i].applied ? steps[i].applied_at : "not applied");
    return true;
}

static bool up(struct pg *pg, struct err *e)
{
    int done;
    if (!migrate_up(pg, &done, e))
        return false;
    if (done == 0)
        puts("the schema is up to date");
    else
        printf("%d migration%s applied\n", done, done == 1 ? "" : "s");
    return true;
}

static bool show_installed(const struct mapping *m, const struct outbox_install *done)
{
    printf("%s: %s\n", m->name,
           done->changes > 0 ? "triggers are in place" : "triggers were in place already");
    if (done->partial != NULL)
        fprintf(stderr,
                "%s: writes to %s under session_replication_role = replica are not seen before "
                "the next sweep: have this run by the table's owner\n",
                m->name, done->partial);
    return true;
}

static bool put_triggers(const struct setup *s, struct pg *pg, const char *role, struct arena *a,
                         struct err *e)
{
    size_t n = 0;
    for (size_t i = 0; i < s->n_mappings; i++) {
        const struct mapping *m = s->mappings[i];
        struct outbox_install done;
        if (m->detect != DETECT_TRIGGER)
            continue;
        if (!outbox_install(pg, m, role, a, &done, e) || !show_installed(m, &done))
            return false;
        n++;
    }
    if (n == 0)
        puts("no mapping says detect: trigger");
    return true;
}

/* Of the mappings that --mapping names, else of all that there ever were. */
static bool drop_triggers(const struct setup *s, struct pg *pg, bool chosen, struct err *e)
{
    int changes, sum = 0;
    for (size_t i = 0; chosen && i < s->n_mappings; i++, sum += changes)
        if (!outbox_drop(pg, s->mappings[i], &changes, e))
            return false;
    if (!chosen && !outbox_drop(pg, NULL, &sum, e))
        return false;
    puts(sum > 0 ? "the triggers are gone" : "there were no triggers");
    return true;
}

static bool act(const struct setup *s, const struct invocation *in, struct pg *pg, struct err *e)
{
    struct arena a;
    arena_init(&a, 0);
    bool ok;
    if (invocation_has(in, "--triggers"))
        ok = put_triggers(s, pg, invocation_value(in, "--role"), &a, e);
    else if (invocation_has(in, "--drop-triggers"))
        ok = drop_triggers(s, pg, invocation_has(in, "--mapping"), e);
    else if (invocation_has(in, "--status"))
        ok = show(pg, &a, e);
    else
        ok = up(pg, e);
    arena_release(&a);
    return ok;
}

static bool check_options(const struct invocation *in, struct err *e)
{
    int n = invocation_has(in, "--status") + invocation_has(in, "--triggers") +
            invocation_has(in, "--drop-triggers");
    if (n > 1)
        return err_set(e, ERR_USAGE, "give one of --status, --triggers and --drop-triggers");
    return !invocation_has(in, "--role") || invocation_has(in, "--triggers") ||
           err_set(e, ERR_USAGE, "--role needs --triggers: it says for whom they are");
}

static int run(const struct invocation *in, struct err *e)
{
    struct setup s;
    struct pg *pg;
    if (!check_options(in, e) || !setup_load(&s, in, e))
        return EXIT_CONVERGED;
    bool source = invocation_has(in, "--triggers") || invocation_has(in, "--drop-triggers");
    if (connect(&s, source, &pg, e)) {
        bool ok = act(&s, in, pg, e);
        (void)ok; /* e says it */
        pg_free(pg);
    }
    setup_release(&s);
    return EXIT_CONVERGED;
}

static const struct command_option options[] = {
    {"--status", NULL, "shows which migrations have been applied, and changes nothing"},
    {"--triggers", NULL, "puts triggers on the tables of the mappings with detect: trigger"},
    {"--drop-triggers", NULL, "takes them away again, of all mappings or those chosen"},
    {"--role", "NAME", "with --triggers: who the agent is, when it is not the schema's owner"},
    {NULL, NULL, NULL},
};

const struct command command_migrate = {
    .name = "migrate",
    .arguments = "",
    .summary = "brings the schema qudra_sync up to date",
    .details =
        "Each migration is a transaction of its own, recorded with its checksum.\n"
        "Triggers are put into the source database by a role that may: the tables' owner, or "
        "one with TRIGGER on them. A second --triggers changes nothing.",
    .options = options,
    .run = run,
};
