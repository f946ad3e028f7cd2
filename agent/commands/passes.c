/*
 * once and backfill: the loop until nothing is left that can be done. With --plan the file of
 * `plan --out` takes the place of the scans.
 */
#include <stdio.h>
#include <string.h>

#include "commands/passes.h"
#include "commands/rows_left.h"
#include "commands/setup.h"
#include "engine/signals.h"

struct passes {
    struct setup setup;
    enum loop_mode mode;
    struct planfile *plan;        /* NULL: none */
    struct passes_report *report; /* NULL: quiet */
};

static bool run_to_end(struct passes *p, enum loop_end *end, struct loop_view *v, struct err *e)
{
    const struct follow_options plan = {
        .file = p->plan, .left = passes_tell_left, .left_context = p->report};
    const struct loop_options o = {
        .mode = p->mode,
        .config = p->setup.config,
        .mappings = p->setup.mappings,
        .n_mappings = p->setup.n_mappings,
        .accounts = p->setup.accounts,
        .n_accounts = p->setup.n_accounts,
        .signal_fd = signals_init(),
        .plan = p->plan != NULL ? &plan : NULL,
        .progress = p->report != NULL ? progress_show : NULL,
        .progress_context = p->report != NULL ? &p->report->progress : NULL,
    };
    struct loop *l;
    if (!loop_new(&l, &o, e))
        return false;
    if (p->report != NULL)
        passes_begin(p->report);
    bool ok = loop_run(l, end, e);
    loop_view(l, v);
    if (p->report != NULL)
        passes_end(p->report, v, p->plan != NULL, *end == LOOP_STOPPED);
    loop_free(l);
    return ok;
}

static int run_passes(struct passes *p, struct err *e)
{
    enum loop_end end = LOOP_QUIET;
    struct loop_view v;
    if (!run_to_end(p, &end, &v, e))
        return EXIT_CONVERGED;
    if (end == LOOP_STOPPED)
        fprintf(stderr, "stopped: what is left goes on with the next start\n");
    int status = EXIT_CONVERGED;
    if (!rows_left_tell(&p->setup, &status, e))
        return EXIT_CONVERGED; /* e says more */
    return v.plan.left > 0 ? EXIT_ROWS_LEFT : status;
}

static int run_once(const struct invocation *in, struct err *e)
{
    struct passes p = {.mode = LOOP_ONCE};
    if (!setup_load(&p.setup, in, e))
        return EXIT_CONVERGED;
    int status = run_passes(&p, e);
    setup_release(&p.setup);
    return status;
}

/* ---- backfill --plan ------------------------------------------------------------------------- */

/* A plan is followed for all of its mappings and for no other. */
static bool choose_planned(struct passes *p, struct err *e)
{
    const struct planfile_head *head = planfile_head(p->plan);
    struct setup *s = &p->setup;
    for (size_t i = 0; i < head->n_mappings; i++)
        if (setup_mapping(s, head->mappings[i].name, e) == NULL) {
            e->kind = ERR_CONFIG;
            err_prefix(e, "the plan cannot be followed: ");
            return err_hint(e, "nothing was sent; make the plan again with `qudra-sync plan --out "
                               "FILE`, or leave out --mapping and --account");
        }
    size_t kept = 0;
    for (size_t i = 0; i < s->n_mappings; i++)
        if (planfile_mapping(p->plan, s->mappings[i]->name) != NULL)
            s->mappings[kept++] = s->mappings[i];
    s->n_mappings = kept;
    return true;
}

static bool open_plan(struct passes *p, const char *file, struct err *e)
{
    return file == NULL || (planfile_open(&p->plan, file, e) && choose_planned(p, e));
}

static int run_backfill(const struct invocation *in, struct err *e)
{
    struct passes_report report = {.json = invocation_has(in, "--json")};
    struct passes p = {.mode = LOOP_BACKFILL, .report = &report};
    int status = EXIT_CONVERGED;
    if (!setup_load(&p.setup, in, e))
        return status;
    if (open_plan(&p, invocation_value(in, "--plan"), e))
        status = run_passes(&p, e);
    planfile_free(p.plan);
    setup_release(&p.setup);
    return status;
}

const struct command command_once = {
    .name = "once",
    .arguments = "",
    .summary = "one pass and exit: for cron",
    .details =
        "Looks at every mapping once, pushes what is pending, and exits. Quiet when all is well.",
    .run = run_once,
};

static const struct command_option backfill_options[] = {
    {"--plan", "FILE", "do what this file of `plan --out` says and nothing else"},
    {"--json", NULL, "what was done as one JSON object"},
    {NULL, NULL, NULL},
};

const struct command command_backfill = {
    .name = "backfill",
    .arguments = "",
    .summary = "a one-shot full scan and push, with a progress bar",
    .details =
        "Stop it and start it again at will: it goes on where it was.\n"
        "With --plan it sends what was planned and nothing else.\n"
        "A row that has changed since is left alone and listed, for a later `backfill` or `run`,\n"
        "and the exit status is 65.\n"
        "A file that is cut or changed, or was made for another environment, source or mapping,\n"
        "is refused whole.",
    .options = backfill_options,
    .run = run_backfill,
};
