/*
 * One screen: what is shown of a part depends on whether it has anything to say, so that a quiet
 * agent shows a few lines and a troubled one what is wrong.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/version.h"
#include "commands/rows.h"
#include "commands/status.h"
#include "commands/table.h"

#define INDENT          2
#define ATTENTION_SHOWN 32

/* What is being written, and where to. */
struct screen {
    const struct status *st;
    const struct output *o;
    struct arena *a;
    struct buf *out;
};

static void section(const struct screen *s, const char *title)
{
    buf_addch(s->out, '\n');
    output_title(s->o, s->out, title);
}

/* Latencies are worth a decimal. */
static const char *print_latency(struct arena *a, int64_t ms)
{
    if (ms < 1000)
        return arena_printf(a, "%lld ms", (long long)ms);
    if (ms < 10000)
        return arena_printf(a, "%.1f s", (double)ms / 1000.0);
    return clock_print_roughly(a, ms);
}

/* ---- rows ------------------------------------------------------------------------------------ */

static enum style style_of(int state)
{
    return rows_state_style(row_state_names[state]);
}

/* A state that waits has a line for each thing that its rows wait for. */
static void add_state(const struct screen *s, struct table *t, int state)
{
    bool waits = false;
    for (size_t i = 0; i < s->st->n_waits; i++) {
        const struct status_wait *w = &s->st->waits[i];
        if ((int)w->state != state)
            continue;
        table_add_row(t);
        table_set(t, 0, waits ? NULL : row_state_names[state], style_of(state));
        table_set(t, 1, output_count(s->a, w->rows), style_of(state));
        table_set(t, 2, w->what, STYLE_PLAIN);
        table_set(t, 3, output_ago(s->a, w->until, s->st->wall_ms), STYLE_PLAIN);
        waits = true;
    }
    if (waits || (s->st->total.state[state] == 0 && state != ROW_SYNCED))
        return;
    table_add_row(t);
    table_set(t, 0, row_state_names[state], style_of(state));
    table_set(t, 1, output_count(s->a, s->st->total.state[state]), style_of(state));
}

static void show_rows(const struct screen *s)
{
    static const struct table_column columns[] = {{"state", TABLE_WORD},
                                                  {"rows", TABLE_NUMBER},
                                                  {"wait for", TABLE_TEXT},
                                                  {"until", TABLE_WORD}};
    struct table t;
    section(s, "Rows");
    if (s->st->n_groups == 0) {
        buf_addstr(s->out, "  none yet: `qudra-sync backfill` looks at every row\n");
        return;
    }
    table_init(&t, s->a, columns, ARRAY_LEN(columns));
    for (int state = 0; state < ROW_STATES; state++)
        add_state(s, &t, state);
    table_write(&t, s->o, INDENT, s->out);
    if (s->st->total.oldest_pending_ms >= 0)
        buf_printf(s->out, "  the oldest change that waits was found %s ago\n",
                   clock_print_roughly(s->a, s->st->total.oldest_pending_ms));
    const struct report_notes *n = &s->st->write_back;
    if (n->rows > 0)
        buf_printf(s->out, "  rows of which your table has still to be told: %s%s\n",
                   output_count(s->a, n->rows),
                   n->failed > 0
                       ? arena_printf(s->a, ", %s of them failed", output_count(s->a, n->failed))
                       : "");
}

enum { COLUMN_MAPPING, COLUMN_STATES, COLUMN_LAG = COLUMN_STATES + ROW_STATES };

static void add_group(const struct screen *s, struct table *t, const struct report_group *g)
{
    const struct report_counts *c = &g->counts;
    table_add_row(t);
    table_set(t, COLUMN_MAPPING, g->mapping, STYLE_PLAIN);
    for (int state = 0; state < ROW_STATES; state++)
        if (c->state[state] > 0)
            table_set(t, (size_t)(COLUMN_STATES + state), output_count(s->a, c->state[state]),
                      style_of(state));
    if (c->oldest_pending_ms >= 0)
        table_set(t, COLUMN_LAG, clock_print_roughly(s->a, c->oldest_pending_ms), STYLE_PLAIN);
}

/* Over its accounts, which have lines of their own where there are several. */
static struct report_group *sum_by_mapping(const struct screen *s, size_t *n)
{
    struct report_group *sums = arena_alloc(s->a, (s->st->n_groups + 1) * sizeof *sums);
    *n = 0;
    for (size_t i = 0; i < s->st->n_groups; i++) {
        const struct report_group *g = &s->st->groups[i];
        size_t k = 0;
        while (k < *n && strcmp(sums[k].mapping, g->mapping) != 0)
            k++;
        if (k == *n)
            sums[(*n)++] =
                (struct report_group){.mapping = g->mapping, .counts = {.oldest_pending_ms = -1}};
        for (int state = 0; state < ROW_STATES; state++)
            sums[k].counts.state[state] += g->counts.state[state];
        if (g->counts.oldest_pending_ms > sums[k].counts.oldest_pending_ms)
            sums[k].counts.oldest_pending_ms = g->counts.oldest_pending_ms;
    }
    return sums;
}

/* With one mapping, show_rows has said it all. */
static void show_mappings(const struct screen *s)
{
    struct table_column columns[COLUMN_LAG + 1] = {
        [COLUMN_MAPPING] = {"mapping", TABLE_WORD}, [COLUMN_LAG] = {"oldest", TABLE_WORD}};
    struct table t;
    size_t n;
    const struct report_group *sums = sum_by_mapping(s, &n);
    if (n < 2)
        return;
    for (int state = 0; state < ROW_STATES; state++)
        columns[COLUMN_STATES + state] =
            (struct table_column){row_state_names[state], TABLE_NUMBER};
    table_init(&t, s->a, columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < n; i++)
        add_group(s, &t, &sums[i]);
    section(s, "Mappings");
    table_write(&t, s->o, INDENT, s->out);
}

/* ---- latency --------------------------------------------------------------------------------- */

static void show_qudra(const struct screen *s)
{
    const struct report_counts *c = &s->st->total;
    if (c->at_qudra == 0 && c->close_max_ms < 0)
        return;
    section(s, "At Qudra");
    buf_printf(s->out, "  %s jobs", output_count(s->a, c->at_qudra));
    if (c->embedding_processing > 0)
        buf_printf(s->out, ", %s with their embedding under way",
                   output_count(s->a, c->embedding_processing));
    if (c->embedding_failed > 0)
        buf_printf(s->out, ", %s with a failed one", output_count(s->a, c->embedding_failed));
    buf_addch(s->out, '\n');
    if (c->close_max_ms >= 0)
        buf_printf(s->out, "  closed within p50 %s, p95 %s, at most %s (last 30 days)\n",
                   print_latency(s->a, c->close_p50_ms), print_latency(s->a, c->close_p95_ms),
                   print_latency(s->a, c->close_max_ms));
}

/* ---- runs ------------------------------------------------------------------------------------ */

/* {"rows":12,"create":3,"update":0} -> "12 rows, 3 create" */
static const char *describe_counts(struct arena *a, const char *counts)
{
    struct err ignored = ERR_INIT;
    const struct json *object = json_read(a, counts, strlen(counts), &ignored);
    const char *text = "";
    for (const struct json *v = object != NULL ? object->first : NULL; v != NULL; v = v->next) {
        int64_t n;
        if (v->key != NULL && json_int(v, &n) && n != 0)
            text = arena_printf(a, "%s%s%s %s", text, text[0] != '\0' ? ", " : "",
                                output_count(a, n), v->key);
    }
    return text;
}

static void show_runs(const struct screen *s)
{
    static const struct table_column columns[] = {{"started", TABLE_WORD},
                                                  {"kind", TABLE_WORD},
                                                  {"mapping", TABLE_WORD},
                                                  {"ended", TABLE_WORD},
                                                  {"found", TABLE_TEXT}};
    struct table t;
    table_init(&t, s->a, columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < s->st->n_runs; i++) {
        const struct report_run *r = &s->st->runs[i];
        table_add_row(&t);
        table_set(&t, 0, output_ago(s->a, r->started_at, s->st->wall_ms), STYLE_PLAIN);
        table_set(&t, 1, r->kind, STYLE_PLAIN);
        table_set(&t, 2, r->mapping != NULL ? r->mapping : "all", STYLE_PLAIN);
        table_set(&t, 3, r->outcome != NULL ? r->outcome : "under way", STYLE_PLAIN);
        table_set(&t, 4, r->error != NULL ? r->error : describe_counts(s->a, r->counts),
                  r->error != NULL ? STYLE_BAD : STYLE_PLAIN);
    }
    if (s->st->n_runs == 0)
        return;
    section(s, "Last passes that found something");
    table_write(&t, s->o, INDENT, s->out);
}

/* ---- attention ------------------------------------------------------------------------------- */

static void show_attention(const struct screen *s)
{
    if (s->st->n_attention == 0) {
        buf_addch(s->out, '\n');
        output_styled(s->o, s->out, STYLE_GOOD, "Nothing needs a person.", 23);
        buf_addch(s->out, '\n');
        return;
    }
    section(s, "Needs a person");
    for (size_t i = 0; i < s->st->n_attention && i < ATTENTION_SHOWN; i++) {
        const struct status_attention *at = &s->st->attention[i];
        output_styled(s->o, s->out, STYLE_BAD, "  ! ", 4);
        output_wrapped(s->o, s->out, STYLE_PLAIN, at->what, 4);
        buf_addstr(s->out, "      ");
        output_wrapped(s->o, s->out, STYLE_BOLD, at->command, 6);
    }
    if (s->st->n_attention > ATTENTION_SHOWN)
        buf_printf(s->out, "  … and %s more: `qudra-sync status --json` has all\n",
                   output_count(s->a, (int64_t)(s->st->n_attention - ATTENTION_SHOWN)));
}

/* "2026-01-31 12:30:05 +03:00": all times below are of that zone. */
static const char *now_on_walls(const struct screen *s, const struct zone *zone)
{
    int64_t wall_s = s->st->wall_ms / 1000, offset_s = zone_offset(zone, wall_s);
    int minutes = (int)(offset_s < 0 ? -offset_s : offset_s) / 60;
    const char *now = clock_print_rfc3339(s->a, (wall_s + offset_s) * 1000);
    return arena_printf(s->a, "%.10s %.8s %c%02d:%02d", now, now + 11, offset_s < 0 ? '-' : '+',
                        minutes / 60, minutes % 60);
}

void status_show(const struct status *st, const struct zone *zone, const struct output *o,
                 struct buf *out)
{
    struct screen s = {.st = st, .o = o, .a = st->arena, .out = out};
    output_wrapped(o, out, STYLE_DIM,
                   arena_printf(s.a, "qudra-sync %s, %s, %s", QS_VERSION, st->database,
                                now_on_walls(&s, zone)),
                   0);
    status_show_accounts(st, o, out);
    show_rows(&s);
    show_mappings(&s);
    show_qudra(&s);
    show_runs(&s);
    show_attention(&s);
}
