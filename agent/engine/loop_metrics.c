/*
 * What the agent shows to Prometheus. Gauges are set when somebody comes to read them, so that they
 * are never older than the scrape and cost nothing without one; only the rows are counted by a
 * statement, and that at most every quarter of a minute.
 */
#include <string.h>

#include "base/clock.h"
#include "edges/report.h"
#include "engine/loop_internal.h"

#define COUNT_ROWS_EVERY_MS 15000

static const char *const *labels(const char *out[3], const char *first, const char *second)
{
    out[0] = first;
    out[1] = second;
    out[2] = NULL;
    return out;
}

/* ---- counters ----------------------------------------------------------------------------------
 */

/* A counter that first appears with its first event hides that event from rate(). */
void loop_metrics_begin(struct loop *l)
{
    struct metrics *m = l->o.metrics;
    const char *two[3];
    metrics_add(m, METRIC_PASSES, 0, labels(two, "whole", NULL));
    metrics_add(m, METRIC_PASSES, 0, labels(two, "failed", NULL));
    for (size_t i = 0; i < l->n_workers; i++) {
        const char *account = l->workers[i]->account.config->name;
        metrics_add(m, METRIC_RATE_LIMITED, 0, labels(two, account, NULL));
        for (int op = 0; op < OP_NONE; op++)
            metrics_add(m, METRIC_ROWS_PUSHED, 0,
                        (const char *const[]){account, op_names[op], "done", NULL});
    }
}

/* ---- readiness ---------------------------------------------------------------------------------
 */

void loop_readiness(struct loop *l)
{
    struct arena a;
    const char *why = NULL;
    if (l->o.metrics == NULL)
        return;
    arena_init(&a, 0);
    for (size_t i = 0; i < l->n_workers && why == NULL; i++) {
        const struct account *account = &l->workers[i]->account;
        if (!account->held)
            why = arena_printf(&a, "another agent holds account \"%s\"", account->config->name);
        else if (account->stopped)
            why = arena_printf(&a, "account \"%s\" is stopped: %s", account->config->name,
                               account->stop_reason);
    }
    if (l->away_told)
        why = "the database is away";
    else if (why == NULL && !loop_all_passed(l))
        why = "the first pass has not ended yet";
    metrics_ready(l->o.metrics, why == NULL, why);
    arena_release(&a);
}

/* ---- gauges ------------------------------------------------------------------------------------
 */

static void show_account(struct metrics *m, struct account *a, int64_t now_ms)
{
    const char *name = a->config->name, *two[3];
    struct limiter_view v;
    limiter_view(a->limiter, now_ms, &v);
    metrics_set(m, METRIC_WINDOW_LIMIT, (double)v.limit, labels(two, name, NULL));
    metrics_set(m, METRIC_WINDOW_LEFT, (double)v.left, labels(two, name, NULL));
    metrics_set(m, METRIC_QUOTA_USED, (double)a->created, labels(two, name, NULL));
    if (a->quota >= 0)
        metrics_set(m, METRIC_QUOTA_LIMIT, (double)a->quota, labels(two, name, NULL));
    bool key = a->stopped && !a->jobs_missing;
    metrics_set(m, METRIC_TROUBLE, key, labels(two, name, "key_refused"));
    metrics_set(m, METRIC_TROUBLE, a->jobs_missing, labels(two, name, "jobs_missing"));
}

static void show_rows(struct metrics *m, const struct report_group *groups, size_t n)
{
    const char *two[3];
    metrics_forget(m, METRIC_ROWS);
    for (size_t i = 0; i < n; i++)
        for (int state = 0; state < ROW_STATES; state++)
            metrics_add(m, METRIC_ROWS, (double)groups[i].counts.state[state],
                        labels(two, groups[i].account, row_state_names[state]));
}

static void show_lag(struct loop *l, const struct report_group *groups, size_t n)
{
    const char *two[3];
    metrics_forget(l->o.metrics, METRIC_SOURCE_LAG);
    for (size_t f = 0; f < l->n_feeds; f++) {
        const char *mapping = l->feeds[f].mapping->name;
        int64_t oldest_ms = 0;
        for (size_t i = 0; i < n; i++)
            if (strcmp(groups[i].mapping, mapping) == 0 &&
                groups[i].counts.oldest_pending_ms > oldest_ms)
                oldest_ms = groups[i].counts.oldest_pending_ms;
        metrics_set(l->o.metrics, METRIC_SOURCE_LAG, (double)oldest_ms / 1000.0,
                    labels(two, mapping, NULL));
    }
}

/* A database that is away is told elsewhere; the last counts stay meanwhile. */
static void count_rows(struct loop *l, int64_t now_ms)
{
    if (now_ms < l->count_rows_at_ms || !pg_alive(l->state))
        return;
    l->count_rows_at_ms = now_ms + COUNT_ROWS_EVERY_MS;
    struct arena a;
    struct err ignored = ERR_INIT;
    struct report_group *groups;
    size_t n;
    arena_init(&a, 0);
    const char **accounts = arena_alloc(&a, (l->n_workers + 1) * sizeof *accounts);
    for (size_t i = 0; i < l->n_workers; i++)
        accounts[i] = l->workers[i]->account.config->name;
    const struct report_scope scope = {.accounts = accounts, .n_accounts = l->n_workers};
    if (report_queue(l->state, &scope, &a, &groups, &n, &ignored)) {
        show_rows(l->o.metrics, groups, n);
        show_lag(l, groups, n);
    }
    arena_release(&a);
}

void loop_metrics_show(struct loop *l, int64_t now_ms)
{
    metrics_forget(l->o.metrics, METRIC_QUOTA_LIMIT); /* absent where it is unlimited by now */
    for (size_t i = 0; i < l->n_workers; i++)
        show_account(l->o.metrics, &l->workers[i]->account, now_ms);
    count_rows(l, now_ms);
}
