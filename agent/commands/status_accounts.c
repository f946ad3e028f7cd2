/*
 * The accounts: one with all that is known of it, several with a line each, the worst first. Of
 * thousands a terminal shows the worst; whoever pipes the output on gets all.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "commands/status.h"
#include "commands/table.h"

#define INDENT      2
#define LINES_SHOWN 40

/* ---- which is worse -------------------------------------------------------------------------- */

static int severity(const struct status_account *a)
{
    const int64_t *rows = a->rows.state;
    if (a->recorded.trouble != NULL)
        return 5;
    if (a->agent == NULL && a->configured && status_waiting(a) > 0)
        return 4;
    if (rows[ROW_HELD] > 0)
        return 3;
    if (rows[ROW_REFUSED] > 0)
        return 2;
    return rows[ROW_DEFERRED] > 0;
}

static int descending(int64_t a, int64_t b)
{
    return (a < b) - (a > b);
}

static int worst_first(const void *a, const void *b)
{
    const struct status_account *x = a, *y = b;
    int order = severity(y) - severity(x);
    if (order == 0)
        order = descending(x->rows.oldest_pending_ms, y->rows.oldest_pending_ms);
    if (order == 0)
        order = descending(status_waiting(x), status_waiting(y));
    return order != 0 ? order : strcmp(x->recorded.name, y->recorded.name);
}

int64_t status_waiting(const struct status_account *a)
{
    const int64_t *rows = a->rows.state;
    return rows[ROW_PENDING] + rows[ROW_SENDING] + rows[ROW_UNCERTAIN];
}

void status_sort_accounts(struct status *st)
{
    if (st->n_accounts > 1)
        qsort(st->accounts, st->n_accounts, sizeof *st->accounts, worst_first);
}

/* ---- one ------------------------------------------------------------------------------------- */

static const char *describe_window(const struct status *st, const struct status_account *a)
{
    if (a->window_limit < 0)
        return "not known yet";
    const char *text =
        arena_printf(st->arena, "%s of %s left", output_count(st->arena, a->window_left),
                     output_count(st->arena, a->window_limit));
    if (a->window_resets_at == NULL)
        return text;
    return arena_printf(st->arena, "%s, resets %s", text,
                        output_ago(st->arena, a->window_resets_at, st->wall_ms));
}

static const char *describe_quota(const struct status *st, const struct status_account *a)
{
    const char *created = output_count(st->arena, a->recorded.quota_created);
    if (a->quota_unlimited)
        return arena_printf(st->arena, "%s used, unlimited", created);
    return arena_printf(st->arena, "%s used, %s left, turns %s", created,
                        output_count(st->arena, a->quota_left),
                        output_ago(st->arena, a->quota_turns_at, st->wall_ms));
}

static bool has_no_quota(const struct status_account *a)
{
    return !a->quota_unlimited && a->quota_left == 0;
}

static void set_agent(struct table *t, size_t column, const struct status_account *a)
{
    if (a->agent != NULL)
        table_set(t, column, a->agent, STYLE_GOOD);
    else
        table_set(t, column, a->configured ? "none" : "off",
                  a->configured ? STYLE_WARN : STYLE_DIM);
}

static void show_one(const struct status *st, const struct output *o, struct buf *out)
{
    static const struct table_column columns[] = {
        {"account", TABLE_WORD},
        {"environment", TABLE_WORD},
        {"agent", TABLE_WORD},
        {"requests this window", TABLE_TEXT},
        {"new jobs this month", TABLE_TEXT},
    };
    const struct status_account *a = &st->accounts[0];
    struct table t;
    table_init(&t, st->arena, columns, ARRAY_LEN(columns));
    table_add_row(&t);
    table_set(&t, 0, a->recorded.name, STYLE_PLAIN);
    table_set(&t, 1, a->recorded.environment, STYLE_PLAIN);
    set_agent(&t, 2, a);
    table_set(&t, 3, describe_window(st, a), a->window_left == 0 ? STYLE_WARN : STYLE_PLAIN);
    table_set(&t, 4, describe_quota(st, a), has_no_quota(a) ? STYLE_WARN : STYLE_PLAIN);
    table_write(&t, o, INDENT, out);
}

/* ---- several --------------------------------------------------------------------------------- */

enum {
    NAME,
    ENVIRONMENT,
    AGENT,
    WAITING,
    OLDEST,
    HELD,
    REFUSED,
    DEFERRED,
    REQUESTS,
    NEW_JOBS,
    TROUBLE,
    COLUMNS
};

static const struct table_column columns_of_many[COLUMNS] = {
    [NAME] = {"account", TABLE_WORD},      [ENVIRONMENT] = {"environment", TABLE_WORD},
    [AGENT] = {"agent", TABLE_WORD},       [WAITING] = {"to do", TABLE_NUMBER},
    [OLDEST] = {"oldest", TABLE_WORD},     [HELD] = {"held", TABLE_NUMBER},
    [REFUSED] = {"refused", TABLE_NUMBER}, [DEFERRED] = {"deferred", TABLE_NUMBER},
    [REQUESTS] = {"requests", TABLE_WORD}, [NEW_JOBS] = {"new jobs", TABLE_WORD},
    [TROUBLE] = {"trouble", TABLE_WORD},
};

static void set_count(struct table *t, size_t column, int64_t n, enum style style)
{
    if (n > 0)
        table_set(t, column, output_count(t->arena, n), style);
}

/* "12/1,000": used of how many; the limit is left out where there is none. */
static const char *used_of(struct arena *a, int64_t used, int64_t limit)
{
    return limit < 0 ? output_count(a, used)
                     : arena_printf(a, "%s/%s", output_count(a, used), output_count(a, limit));
}

static void add_line(struct table *t, const struct status_account *a)
{
    table_add_row(t);
    table_set(t, NAME, a->recorded.name, STYLE_BOLD);
    table_set(t, ENVIRONMENT, a->recorded.environment, STYLE_PLAIN);
    set_agent(t, AGENT, a);
    set_count(t, WAITING, status_waiting(a), STYLE_PLAIN);
    if (a->rows.oldest_pending_ms >= 0)
        table_set(t, OLDEST, clock_print_roughly(t->arena, a->rows.oldest_pending_ms), STYLE_PLAIN);
    set_count(t, HELD, a->rows.state[ROW_HELD], STYLE_BAD);
    set_count(t, REFUSED, a->rows.state[ROW_REFUSED], STYLE_BAD);
    set_count(t, DEFERRED, a->rows.state[ROW_DEFERRED], STYLE_WARN);
    if (a->window_limit >= 0)
        table_set(t, REQUESTS, used_of(t->arena, a->window_limit - a->window_left, a->window_limit),
                  a->window_left == 0 ? STYLE_WARN : STYLE_PLAIN);
    table_set(
        t, NEW_JOBS,
        used_of(t->arena, a->recorded.quota_created, a->quota_unlimited ? -1 : a->quota_limit),
        has_no_quota(a) ? STYLE_WARN : STYLE_PLAIN);
    table_set(t, TROUBLE, a->recorded.trouble, STYLE_BAD);
}

static void show_many(const struct status *st, const struct output *o, struct buf *out)
{
    struct table t;
    size_t shown = o->terminal && st->n_accounts > LINES_SHOWN ? LINES_SHOWN : st->n_accounts;
    table_init(&t, st->arena, columns_of_many, COLUMNS);
    for (size_t i = 0; i < shown; i++)
        add_line(&t, &st->accounts[i]);
    table_write(&t, o, INDENT, out);
    if (shown < st->n_accounts)
        buf_printf(out, "  … and %s that are no worse: `qudra-sync status | less` shows all\n",
                   output_count(st->arena, (int64_t)(st->n_accounts - shown)));
}

void status_show_accounts(const struct status *st, const struct output *o, struct buf *out)
{
    buf_addch(out, '\n');
    output_title(o, out, "Accounts");
    if (st->n_accounts == 0)
        buf_addstr(out, "  none yet: `INSERT INTO qudra_sync.account (name, api_key_file) …`\n");
    else if (st->n_accounts == 1)
        show_one(st, o, out);
    else
        show_many(st, o, out);
}
