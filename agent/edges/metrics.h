/*
 * metrics: counters and gauges of the agent, in Prometheus's text form, with /healthz and /readyz.
 *
 * One const table names every metric (metrics.c), so the reference in docs is made from it. The
 * server is libmicrohttpd without a thread of its own: its descriptor joins the agent's one wait.
 * /healthz: the loop has turned within the last two minutes. /readyz: the database was reached, the
 * key of some account is accepted or other agents hold all of them, and a first pass has ended.
 */
#ifndef QS_EDGES_METRICS_H
#define QS_EDGES_METRICS_H

#include <stdint.h>

#include "base/err.h"

enum metric {
    METRIC_REQUESTS,        /* counter {account, operation, status} */
    METRIC_REQUEST_SECONDS, /* histogram {account} */
    METRIC_ROWS,            /* gauge {account, state} */
    METRIC_ROWS_PUSHED,     /* counter {account, operation, outcome} */
    METRIC_CLOSE_SECONDS,   /* histogram {account}: change visible -> Qudra's confirmation */
    METRIC_WINDOW_LIMIT,    /* gauge {account} */
    METRIC_WINDOW_LEFT,     /* gauge {account} */
    METRIC_RATE_LIMITED,    /* counter {account}: 429 answers */
    METRIC_QUOTA_USED,      /* gauge {account} */
    METRIC_QUOTA_LIMIT,     /* gauge {account}; absent when unlimited */
    METRIC_PASSES,          /* counter {outcome} */
    METRIC_LAST_PASS,       /* gauge: Unix seconds of the end of the last whole pass */
    METRIC_PASS_SECONDS,    /* histogram */
    METRIC_SOURCE_LAG,      /* gauge {mapping}: age of the oldest change not yet pushed */
    METRIC_TROUBLE,         /* gauge {account, condition}: 1 while a person is needed */
    METRIC_CONFIG_RELOADS,  /* counter {outcome} */
    METRICS
};

#define METRICS_ACCOUNTS 100

struct metrics;
struct metrics *metrics_new(void);
void metrics_free(struct metrics *m);

/* Labels in the order of the table, NULL-terminated list; a NULL metrics is allowed everywhere
 * (once, backfill). Accounts beyond the first so many are summed under account="other": thousands
 * of employers must not fill a partner's Prometheus. */
void metrics_limit_accounts(struct metrics *m, int64_t accounts); /* at first METRICS_ACCOUNTS */
void metrics_add(struct metrics *m, enum metric metric, double value, const char *const *labels);
void metrics_set(struct metrics *m, enum metric metric, double value, const char *const *labels);
void metrics_observe(struct metrics *m, enum metric metric, double seconds,
                     const char *const *labels);
void metrics_forget(struct metrics *m, enum metric metric); /* before its gauges are set anew */

/* health for the two endpoints. */
void metrics_alive(struct metrics *m, int64_t mono_ms);
void metrics_ready(struct metrics *m, bool ready, const char *why_not);

bool metrics_listen(struct metrics *m, const char *address, struct err *e) MUST_CHECK;
int metrics_fd(const struct metrics *m);          /* -1: not listening */
void metrics_serve(struct metrics *m);            /* answers what has come; never blocks */
int64_t metrics_wait_ms(const struct metrics *m); /* -1: no limit */

void metrics_write(const struct metrics *m, struct buf *out); /* the text of /metrics */
void metrics_write_reference(struct buf *out);                /* Markdown, for docs */

#endif
