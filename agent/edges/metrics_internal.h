/*
 * metrics_internal: what the three files of metrics share: the table, the series, the server's hold
 * on them. Not for other rooms.
 */
#ifndef QS_EDGES_METRICS_INTERNAL_H
#define QS_EDGES_METRICS_INTERNAL_H

#include "edges/metrics.h"

#define METRIC_MAX_LABELS  3
#define METRIC_MAX_BUCKETS 12

enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

struct metric_rule {
    const char *name;
    enum metric_type type;
    const char *labels[METRIC_MAX_LABELS + 1]; /* NULL-terminated */
    const double *buckets;                     /* upper bounds, histograms only; ends with 0 */
    const char *help;
};
extern const struct metric_rule metric_rules[METRICS];

/* One label set of one metric. */
struct metric_series {
    char *label[METRIC_MAX_LABELS];
    double value; /* of a histogram: the sum */
    uint64_t count;
    uint64_t bucket[METRIC_MAX_BUCKETS]; /* each alone, not summed up */
};

struct metric_family {
    struct metric_series *series;
    size_t n, cap;
};

struct metrics_server;

struct metrics {
    struct metric_family family[METRICS];
    char **accounts; /* those that have label sets of their own, in the order of their names */
    size_t n_accounts, cap_accounts, max_accounts;
    double started_s; /* Unix */
    int64_t alive_ms; /* monotonic */
    bool ready;
    char why_not[160];
    struct metrics_server *server; /* NULL: not listening */
};

void metrics_server_free(struct metrics_server *s); /* NULL is allowed */

#endif
