/*
 * plan: what a backfill would do, told before anything is sent. Nothing is written but the file
 * that was asked for.
 */
#include <string.h>

#include "commands/plan.h"

static bool open_feed(const struct setup *s, struct pg *source, const struct mapping *m,
                      struct feed *f, struct err *e)
{
    *f = (struct feed){.mapping = m, .account = m->account != NULL ? m->account : ""};
    if (!source_open(&f->source, source, m, s->config->time_zone, NULL, e))
        return false;
    f->lookup = f->source;
    return true;
}

static bool look_at(struct plan_report *r, struct pg *source, size_t i, struct err *e)
{
    struct feed f;
    bool ok = open_feed(r->setup, source, r->setup->mappings[i], &f, e) &&
              forecast_look(&r->forecast, &f, e);
    source_free(f.source);
    return ok;
}

static bool add(struct plan_report *r, struct pg *source, size_t i, struct err *e)
{
    const struct setup *s = r->setup;
    struct forecast *p = &r->forecast;
    struct feed f;
    int64_t rows = p->rows, mirrored = p->mirrored;
    bool ok = open_feed(s, source, s->mappings[i], &f, e) &&
              forecast_add(p, &f, &s->config->max_remove, e);
    source_free(f.source);
    if (ok && r->out != NULL) {
        r->head.mappings[i].rows = p->rows - rows;
        r->head.mappings[i].mirrored = p->mirrored - mirrored;
    }
    return ok;
}

static bool add_mappings(struct plan_report *r, struct pg *source, struct err *e)
{
    bool ok = true;
    for (size_t i = 0; ok && i < r->setup->n_mappings; i++)
        ok = look_at(r, source, i, e);
    for (size_t i = 0; ok && i < r->setup->n_mappings; i++)
        ok = add(r, source, i, e);
    return ok;
}

static void take_row(void *context, const struct forecast_row *row)
{
    struct plan_report *r = context;
    plan_count(r, row);
    plan_tell_row(r, row);
}

static bool counts(void *context, const char *account)
{
    return plan_is_about(context, account);
}

static void tell(struct plan_report *r, const struct invocation *in)
{
    plan_weigh(r);
    tally_sort(&r->forecast.refusals);
    if (invocation_has(in, "--json"))
        plan_write_json(r);
    else
        plan_show(r);
}

static bool make_plan(const struct setup *s, const struct invocation *in, struct pg *state,
                      struct pg *source, struct err *e)
{
    struct plan_report r = {.setup = s, .detail = invocation_has(in, "--detail")};
    forecast_init(&r.forecast, state);
    r.forecast.row = take_row;
    r.forecast.row_context = &r;
    r.forecast.counts = counts;
    r.forecast.counts_context = &r;
    bool ok = plan_open_out(&r, invocation_value(in, "--out"), source, e) &&
              plan_budgets(&r, state, e) && add_mappings(&r, source, e) &&
              (r.out == NULL || planfile_finish(r.out, e));
    if (ok)
        tell(&r, in);
    planfile_writer_free(r.out);
    plan_release_budgets(&r);
    forecast_release(&r.forecast);
    return ok;
}

static int run(const struct invocation *in, struct err *e)
{
    struct setup s;
    struct pg *state = NULL, *source = NULL;
    if (invocation_has(in, "--json") && invocation_has(in, "--detail")) {
        err_set(e, ERR_USAGE, "\"--detail\" is for people, and \"--json\" is not");
        err_hint(e, "`plan --out FILE` writes each row as a line of JSON");
        return EXIT_CONVERGED;
    }
    if (!setup_load(&s, in, e))
        return EXIT_CONVERGED;
    if (setup_connect_state(&s, &state, e) && setup_connect_source(&s, &source, e))
        (void)make_plan(&s, in, state, source, e); /* e says it */
    pg_free(source);
    pg_free(state);
    setup_release(&s);
    return EXIT_CONVERGED;
}

static const struct command_option options[] = {
    {"--json", NULL, "the plan as one JSON object"},
    {"--detail", NULL,
     "each row that something is to be sent for, or that is refused, and what would be sent of it"},
    {"--out", "FILE",
     "write the plan to FILE, for `backfill --plan FILE`: a line of JSON for each row"},
    {NULL, NULL, NULL},
};

const struct command command_plan = {
    .name = "plan",
    .arguments = "",
    .summary = "what a backfill would do, sending nothing",
    .details =
        "Counts creates, updates, closes and deletes, jobs that go to a new row of equal content,\n"
        "refusals by rule, and for each account the requests, the time they take in its plan and\n"
        "at the present rate, the quota they need, what would have to wait, and the day on which\n"
        "the quota runs out.",
    .options = options,
    .run = run,
};
