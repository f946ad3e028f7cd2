/*
 * migrate: the schema, brought up to date or shown.
 */
#include "edges/migrate.h"

#include <stdio.h>

#include "commands/setup.h"

static bool connect(const struct setup *s, struct pg **out, struct err *e)
{
    const struct pg_options o = {
        .url = s->config->database_url,
        .what = "state",
        .application_name = "qudra-sync migrate",
        .connect_timeout_ms = s->config->connect_timeout_ms,
        .statement_timeout_ms = 0,
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

static int run(const struct invocation *in, struct err *e)
{
    struct setup s;
    struct pg *pg;
    if (!setup_load(&s, in, e))
        return EXIT_CONVERGED;
    if (connect(&s, &pg, e)) {
        bool ok = invocation_has(in, "--status") ? show(pg, &s.arena, e) : up(pg, e);
        (void)ok; /* e says it */
        pg_free(pg);
    }
    setup_release(&s);
    return EXIT_CONVERGED;
}

static const struct command_option options[] = {
    {"--status", NULL, "shows which migrations have been applied, and changes nothing"},
    {NULL, NULL, NULL},
};

const struct command command_migrate = {
    .name = "migrate",
    .arguments = "",
    .summary = "brings the schema qudra_sync up to date",
    .details = "Each migration is a transaction of its own, recorded with its checksum.",
    .options = options,
    .run = run,
};
