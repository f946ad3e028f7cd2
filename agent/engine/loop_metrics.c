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
    const char *two[3];
    metrics_add(l->o.metrics, METRIC_PASSES, 0, labels(two, "whole", NULL));
    metrics_add(l->o.metrics, METRIC_PASSES, 0, labels(two, "failed", NULL));
}

void loop_metrics_hold(struct loop *l, const char *account)
{
    const char *two[3];
    metrics_add(l->o.metrics, METRIC_RATE_LIMITED, 0, labels(two, account, NULL));
    for (int op = 0; op < OP_NONE; op++)
        metrics_add(l->o.metrics, METRIC_ROWS_PUSHED, 0,
                    (const char *const[]){account, op_names[op], "done", NULL});
}

/* ---- readiness ---------------------------------------------------------------------------------
 */

/* Why none of the accounts is worked on; NULL: one is, or others do it. One employer's bad key is
 * told by the metrics of its account, and is no reason to take the agent for broken. */
static const char *why_idle(const struct loop *l, struct arena *a)
{
    const struct account *stopped = NULL;
    for (size_t i = 0; i < l->n_workers; i++) {
        const struct account *account = &l->workers[i]->account;
        if (account->held && !account->stopped)
            return NULL;
        if (account->held)
            stopped = account;
    }
    if (stopped != NULL)
        return arena_printf(a, "account \"%s\" is stopped: %s", stopped->config->name,
                            stopped->stop_reason);
    if (l->tenure.begun && l->tenure.crowd > 0)
        return NULL;
    return l->n_workers == 0 ? NULL : "no account has been taken yet";
}

void loop_readiness(struct loop *l)
{
    struct arena a;
    if (l->o.metrics == NULL)
        return;
    arena_init(&a, 0);
    const char *why = why_idle(l, &a);
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
    metrics_add(m, METRIC_WINDOW_LIMIT, (double)v.limit, labels(two, name, NULL));
    metrics_add(m, METRIC_WINDOW_LEFT, (double)v.left, labels(two, name, NULL));
    metrics_add(m, METRIC_QUOTA_USED, (double)a->created, labels(two, name, NULL));
    if (a->quota >= 0)
        metrics_add(m, METRIC_QUOTA_LIMIT, (double)a->quota, labels(two, name, NULL));
    bool key = a->stopped && !a->jobs_missing;
    metrics_add(m, METRIC_TROUBLE, key, labels(two, name, "key_refused"));
    metrics_add(m, METRIC_TROUBLE, a->jobs_missing, labels(two, name, "jobs_missing"));
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
    const char **accounts = arena_alloc(&a, (l->n_leases + 1) * sizeof *accounts);
    for (size_t i = 0; i < l->n_leases; i++)
        accounts[i] = l->leases[i].account;
    const struct report_scope scope = {.accounts = accounts, .n_accounts = l->n_leases};
    if (l->n_leases == 0) {
        metrics_forget(l->o.metrics, METRIC_ROWS);
        metrics_forget(l->o.metrics, METRIC_SOURCE_LAG);
    } else if (report_queue(l->state, &scope, &a, &groups, &n, &ignored)) {
        show_rows(l->o.metrics, groups, n);
        show_lag(l, groups, n);
    }
    arena_release(&a);
}

/* Of what another agent holds, that one tells. */
void loop_metrics_show(struct loop *l, int64_t now_ms)
{
    static const enum metric gauges[] = {METRIC_WINDOW_LIMIT, METRIC_WINDOW_LEFT, METRIC_QUOTA_USED,
                                         METRIC_QUOTA_LIMIT, METRIC_TROUBLE};
    for (size_t i = 0; i < ARRAY_LEN(gauges); i++)
        metrics_forget(l->o.metrics, gauges[i]);
    for (size_t i = 0; i < l->n_workers; i++)
        if (l->workers[i]->account.held)
            show_account(l->o.metrics, &l->workers[i]->account, now_ms);
    count_rows(l, now_ms);
}
