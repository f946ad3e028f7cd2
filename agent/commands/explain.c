/*
 * The same steps as in engine/push: read again, map, decide. Nothing of them is repeated here, only
 * called, so that what explain tells is what the agent does.
 */
#include "commands/explain.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "commands/rows.h"
#include "edges/source.h"
#include "edges/state.h"

#define STORY_MAX_BYTES ((size_t)16 * 1024 * 1024)

/* ---- the source ------------------------------------------------------------------------------ */

static void desire(struct explanation *x, struct arena *a)
{
    const struct text *removed = &x->row->value[x->mapping->n_key + COLUMN_REMOVED];
    x->removed = removed->data != NULL && removed->data[0] == 't';
    mapping_apply(x->mapping, x->row, a, arena_alloc(a, sizeof(struct job)),
                  arena_alloc(a, JOB_MAX_REFUSALS * sizeof(struct refusal)), &x->desired,
                  &x->trace);
    if (x->removed)
        x->desired = (struct desired){.kind = DESIRED_GONE};
    else if (x->rows > 1)
        mapping_refuse("key.duplicate", (int64_t)x->rows, a, arena_alloc(a, sizeof(struct refusal)),
                       &x->desired);
}

/* "abc" for an integer key is a slip of the operator's and not of the mapping's. */
static bool refuse_key(const struct explanation *x, struct err *e)
{
    if (strcmp(e->sqlstate, "22P02") != 0 && strcmp(e->sqlstate, "22003") != 0)
        return false;
    err_set(e, ERR_USAGE, "\"%s\" cannot be a key of mapping \"%s\"", x->key, x->mapping->name);
    return err_hint(e, "`qudra-sync rows --mapping %s` shows what its keys look like",
                    x->mapping->name);
}

static bool read_source(struct explanation *x, struct source *source, struct arena *a,
                        struct err *e)
{
    struct source_page page;
    x->desired = (struct desired){.kind = DESIRED_GONE};
    if (!source_rows(source, &x->key, 1, &page, e))
        return refuse_key(x, e);
    x->rows = page.n;
    if (page.n == 0)
        return true;
    x->key = arena_strdup(a, page.keys[0]); /* "007" on the command line is 7 in an integer key */
    x->row = &page.rows[0];
    desire(x, a);
    return true;
}

/* ---- the state ------------------------------------------------------------------------------- */

static bool read_recorded(struct explanation *x, struct pg *state, struct arena *a, struct err *e)
{
    const struct report_filter f = {
        .mappings = &x->mapping->name, .n_mappings = 1, .key = x->key, .limit = 1};
    struct report_row *rows;
    struct recorded recorded;
    size_t n;
    if (!report_rows(state, &f, a, &rows, &n, e) ||
        !state_rows(state, x->mapping->name, &x->key, 1, a, &recorded, e))
        return false;
    x->recorded = n > 0 ? rows : NULL;
    x->op = op_decide(&recorded, &x->desired, x->mapping->on_removed);
    return true;
}

static bool read_account(struct explanation *x, struct pg *state, struct arena *a, struct err *e)
{
    struct report_account *known;
    const struct text *by_row =
        x->row != NULL ? &x->row->value[x->mapping->n_key + COLUMN_ACCOUNT] : NULL;
    x->account = x->mapping->account;
    if (x->account == NULL && by_row != NULL && by_row->data != NULL)
        x->account = arena_strndup(a, by_row->data, by_row->len);
    if (x->account == NULL && x->recorded != NULL)
        x->account = x->recorded->account;
    if (x->account == NULL)
        return true;
    if (!report_account(state, x->account, a, &known, e))
        return false;
    x->agent_runs = known != NULL && known->lease_left_ms > 0;
    x->is_stopped = known != NULL && known->trouble != NULL;
    return true;
}

static bool is_nowhere(const struct explanation *x, struct err *e)
{
    if (x->row != NULL || x->recorded != NULL)
        return false;
    err_set(e, ERR_USAGE,
            "no row of mapping \"%s\" has the key \"%s\", in the source or in the state",
            x->mapping->name, x->key);
    err_hint(e,
             "`qudra-sync rows --mapping %s` lists the rows that are known; a row outside "
             "source.where is none",
             x->mapping->name);
    return true;
}

static bool read_story(struct explanation *x, struct source *source, struct pg *state,
                       struct arena *a, struct err *e)
{
    if (!read_source(x, source, a, e) || !read_recorded(x, state, a, e) || is_nowhere(x, e) ||
        !read_account(x, state, a, e))
        return false;
    explain_next(x, a);
    return true;
}

/* ---- the command ----------------------------------------------------------------------------- */

static void show(const struct setup *s, const struct explanation *x, bool json, bool arabic,
                 struct arena *a)
{
    struct buf out = BUF_INIT(STORY_MAX_BYTES);
    if (json)
        explain_write_json(x, &out);
    else
        explain_show(x, arabic, s->config->zone, a, &out);
    output_flush(&out);
    buf_release(&out);
}

static bool tell(struct setup *s, const struct invocation *in, struct pg *state, struct pg *pg,
                 struct err *e)
{
    struct explanation x = {.mapping = setup_mapping(s, invocation_argument(in, 0), e),
                            .key = invocation_argument(in, 1),
                            .wall_ms = clock_wall_ms()};
    struct source *source;
    bool arabic;
    if (x.mapping == NULL || !rows_read_language(in, &arabic, e) ||
        !source_open(&source, pg, x.mapping, s->config->time_zone, NULL, e))
        return false;
    bool ok = read_story(&x, source, state, &s->arena, e);
    if (ok)
        show(s, &x, invocation_has(in, "--json"), arabic, &s->arena);
    source_free(source);
    return ok;
}

static int run(const struct invocation *in, struct err *e)
{
    struct setup s;
    struct pg *state = NULL, *source = NULL;
    if (!setup_load(&s, in, e))
        return EXIT_CONVERGED;
    bool ok = setup_connect_state(&s, &state, e) && setup_connect_source(&s, &source, e) &&
              tell(&s, in, state, source, e);
    (void)ok; /* e says it */
    pg_free(source);
    pg_free(state);
    setup_release(&s);
    return EXIT_CONVERGED;
}

static const struct command_option options[] = {
    {"--lang", "LANGUAGE", "en or ar: of the reasons, and of what happens next"},
    {"--json", NULL, "one JSON object, with every text whole"},
    {NULL, NULL, NULL},
};

const struct command command_explain = {
    .name = "explain",
    .arguments = "MAPPING KEY",
    .min_arguments = 2,
    .max_arguments = 2,
    .summary = "one row's whole story, and what happens next",
    .details =
        "The row as it stands in its table now, each step of the mapping, the rules that refuse "
        "it,\n"
        "what would be sent, what is recorded, what Qudra last said, and what happens next and\n"
        "when, or what a person must do. A key of several columns is written a,b.",
    .options = options,
    .run = run,
};
