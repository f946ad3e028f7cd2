/*
 * What waits for what, and what needs a person: one sentence each, and the command to run next.
 * Nothing is listed that mends itself.
 */
#include <string.h>

#include "base/clock.h"
#include "commands/rows.h"
#include "commands/status.h"

#define CODES_SHOWN 8

/* ---- waits ----------------------------------------------------------------------------------- */

static void add_wait(struct status *st, const struct status_wait *wait)
{
    if (wait->rows > 0 && st->n_waits < STATUS_MAX_WAITS)
        st->waits[st->n_waits++] = *wait;
}

/* "3 close, 12 create" */
static const char *operations_of(struct arena *a, const int64_t pending[OP_NONE])
{
    const char *text = "";
    for (int op = 0; op < OP_NONE; op++)
        if (pending[op] > 0)
            text = arena_printf(a, "%s%s%s %s", text, text[0] != '\0' ? ", " : "",
                                output_count(a, pending[op]), op_names[op]);
    return text;
}

/* The one account, if its window is used up; of several it says nothing of the others. */
static const struct status_account *out_of_budget(const struct status *st)
{
    const struct status_account *a = st->accounts;
    bool used_up = st->n_accounts == 1 && a->window_left == 0 && a->window_resets_at != NULL;
    return used_up ? a : NULL;
}

static void judge_pending(struct status *st)
{
    const struct report_counts *c = &st->total;
    const struct status_account *short_of = out_of_budget(st);
    const char *turn = short_of != NULL ? "the next window: this one's requests are used up"
                                        : "their turn within the limit";
    const char *operations = operations_of(st->arena, c->pending);
    add_wait(st,
             &(struct status_wait){.wait = "budget",
                                   .state = ROW_PENDING,
                                   .rows = c->state[ROW_PENDING] - c->waiting,
                                   .what = arena_printf(st->arena, "%s (%s)", turn, operations),
                                   .until = short_of != NULL ? short_of->window_resets_at : NULL});
    add_wait(st, &(struct status_wait){.wait = "next_attempt",
                                       .state = ROW_PENDING,
                                       .rows = c->waiting,
                                       .what = "their next attempt after a failure"});
}

static void judge_waits(struct status *st)
{
    const int64_t *rows = st->total.state;
    const char *month = st->n_accounts > 0 ? st->accounts[0].quota_turns_at : NULL;
    const struct status_wait others[] = {
        {"answer", ROW_SENDING, rows[ROW_SENDING], "Qudra's answer to their create", NULL},
        {"lookup", ROW_UNCERTAIN, rows[ROW_UNCERTAIN],
         "a look into Qudra's list: the answer to their create was lost", NULL},
        {"quota", ROW_DEFERRED, rows[ROW_DEFERRED],
         "the month's quota of new jobs to turn, or the plan to grow", month},
        {"person", ROW_REFUSED, rows[ROW_REFUSED], "a person: see below", NULL},
        {"person", ROW_HELD, rows[ROW_HELD], "a person: see below", NULL},
    };
    judge_pending(st);
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        add_wait(st, &others[i]);
}

/* ---- attention ------------------------------------------------------------------------------- */

static void add_attention(struct status *st, const struct status_attention *what)
{
    if (st->n_attention == st->cap_attention) {
        st->cap_attention = st->cap_attention > 0 ? 2 * st->cap_attention : 16;
        struct status_attention *fresh = arena_alloc(st->arena, st->cap_attention * sizeof *fresh);
        if (st->n_attention > 0)
            memcpy(fresh, st->attention, st->n_attention * sizeof *fresh);
        st->attention = fresh;
    }
    st->attention[st->n_attention++] = *what;
}

static const char *rows_word(struct arena *a, int64_t rows)
{
    return arena_printf(a, "%s row%s", output_count(a, rows), rows == 1 ? "" : "s");
}

static void judge_account(struct status *st, const struct status_account *a)
{
    const char *name = a->recorded.name;
    int64_t waiting = status_waiting(a);
    if (a->recorded.trouble != NULL)
        add_attention(st, &(struct status_attention){
                              .kind = "account_trouble",
                              .account = name,
                              .what = arena_printf(
                                  st->arena, "account %s: %s, since %s", name, a->recorded.trouble,
                                  output_ago(st->arena, a->recorded.trouble_since, st->wall_ms)),
                              .command = "qudra-sync check"});
    if (a->agent == NULL && a->configured && waiting > 0)
        add_attention(
            st, &(struct status_attention){
                    .kind = "no_agent",
                    .account = name,
                    .rows = waiting,
                    .what = arena_printf(st->arena, "no agent is at work on account %s: %s to do",
                                         name, rows_word(st->arena, waiting)),
                    .command = "systemctl start qudra-sync"});
}

static void judge_refused(struct status *st, const struct report_code *codes, size_t n)
{
    int64_t rest = 0;
    for (size_t i = CODES_SHOWN; i < n; i++)
        rest += codes[i].rows;
    for (size_t i = 0; i < n && i < CODES_SHOWN; i++) {
        const struct report_code *c = &codes[i];
        const char *code = c->code != NULL ? c->code : "no code";
        add_attention(
            st, &(struct status_attention){
                    .kind = "refused",
                    .account = c->account,
                    .mapping = c->mapping,
                    .rows = c->rows,
                    .what = arena_printf(st->arena, "%s of %s refused: %s",
                                         rows_word(st->arena, c->rows), c->mapping, code),
                    .command = arena_printf(
                        st->arena, "qudra-sync rows --state refused --mapping %s%s%s", c->mapping,
                        c->code != NULL ? " --code " : "", c->code != NULL ? c->code : "")});
    }
    if (rest > 0)
        add_attention(st, &(struct status_attention){
                              .kind = "refused",
                              .rows = rest,
                              .what = arena_printf(st->arena, "%s refused for other reasons",
                                                   rows_word(st->arena, rest)),
                              .command = "qudra-sync rows --state refused"});
}

static bool is_configured(const struct status *st, const char *mapping)
{
    for (size_t i = 0; i < st->n_mappings; i++)
        if (strcmp(st->mappings[i]->name, mapping) == 0)
            return true;
    return false;
}

/* A mapping that was renamed or taken out: nobody looks at its rows any more. */
static void judge_left_behind(struct status *st, const struct report_group *g)
{
    if (!st->all || g->counts.at_qudra == 0 || is_configured(st, g->mapping))
        return;
    add_attention(
        st, &(struct status_attention){
                .kind = "mapping_missing",
                .account = g->account,
                .mapping = g->mapping,
                .rows = g->counts.at_qudra,
                .what = arena_printf(
                    st->arena,
                    "%s of mapping %s, which no file describes any more, keep their jobs at Qudra: "
                    "bring it back under that name, with `where: false` if they are to be closed",
                    rows_word(st->arena, g->counts.at_qudra), g->mapping),
                .command = "qudra-sync check"});
}

static void judge_group(struct status *st, const struct report_group *g)
{
    int64_t held = g->counts.state[ROW_HELD];
    int64_t failed = g->counts.embedding_failed;
    if (held > 0)
        add_attention(
            st,
            &(struct status_attention){
                .kind = "held",
                .account = g->account,
                .mapping = g->mapping,
                .rows = held,
                .what = arena_printf(
                    st->arena, "%s of %s held by the removal guard: let go what is right to go",
                    rows_word(st->arena, held), g->mapping),
                .command = arena_printf(st->arena, "qudra-sync release --mapping %s", g->mapping)});
    if (failed > 0)
        add_attention(
            st, &(struct status_attention){
                    .kind = "embedding_failed",
                    .account = g->account,
                    .mapping = g->mapping,
                    .rows = failed,
                    .what = arena_printf(st->arena,
                                         "%s of %s cannot be matched: Qudra's embedding failed",
                                         rows_word(st->arena, failed), g->mapping),
                    .command = arena_printf(
                        st->arena, "qudra-sync rows --embedding failed --mapping %s", g->mapping)});
}

static void judge_uncertain(struct status *st, const struct report_code *codes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct report_code *c = &codes[i];
        if (!rows_is_ambiguous(c->code))
            continue; /* the agent settles it by itself */
        add_attention(
            st, &(struct status_attention){
                    .kind = "ambiguous",
                    .account = c->account,
                    .mapping = c->mapping,
                    .rows = c->rows,
                    .what = arena_printf(st->arena, "%s of %s: several jobs at Qudra may be theirs",
                                         rows_word(st->arena, c->rows), c->mapping),
                    .command = "qudra-sync reconcile"});
    }
}

static bool cannot_be_read(const struct report_run *r)
{
    return r->error != NULL && r->ended_at == NULL;
}

/* One that was taken out meanwhile is not to be read any more. */
static void judge_unreadable(struct status *st, const struct report_run *r)
{
    if (!is_configured(st, r->mapping))
        return;
    add_attention(st, &(struct status_attention){
                          .kind = "mapping_unreadable",
                          .mapping = r->mapping,
                          .what = arena_printf(
                              st->arena, "mapping %s cannot be read, since %s: %s", r->mapping,
                              output_ago(st->arena, r->started_at, st->wall_ms), r->error),
                          .command = "qudra-sync check"});
}

static void judge_runs(struct status *st)
{
    size_t i = 0;
    for (; i < st->n_runs && cannot_be_read(&st->runs[i]); i++)
        judge_unreadable(st, &st->runs[i]);
    if (i == st->n_runs || st->runs[i].error == NULL || strcmp(st->runs[i].kind, "read") == 0)
        return; /* the last went well, or could be read again since */
    const struct report_run *r = &st->runs[i];
    add_attention(st,
                  &(struct status_attention){
                      .kind = "run_failed",
                      .mapping = r->mapping,
                      .what = arena_printf(st->arena, "the last %s failed: %s", r->kind, r->error),
                      .command = "qudra-sync check"});
}

void status_judge(struct status *st, const struct report_code *refused, size_t n_refused,
                  const struct report_code *uncertain, size_t n_uncertain)
{
    judge_waits(st);
    for (size_t i = 0; i < st->n_accounts; i++)
        judge_account(st, &st->accounts[i]);
    judge_runs(st);
    for (size_t i = 0; i < st->n_groups; i++) {
        judge_left_behind(st, &st->groups[i]);
        judge_group(st, &st->groups[i]);
    }
    judge_uncertain(st, uncertain, n_uncertain);
    judge_refused(st, refused, n_refused);
}
