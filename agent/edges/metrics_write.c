/*
 * The table of metrics, and what is written of it: Prometheus's text format 0.0.4, and the
 * reference.
 *
 * Two metrics are not in the table since nobody sets them: build_info and the process's start, by
 * which Prometheus tells a restart from a counter that went backwards.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/version.h"
#include "edges/metrics_internal.h"

static const double request_buckets[] = {0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 0};
static const double close_buckets[] = {0.5, 1, 2.5, 5, 15, 30, 60, 120, 300, 900, 3600, 0};
static const double pass_buckets[] = {0.01, 0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600, 14400, 0};

const struct metric_rule metric_rules[METRICS] = {
    [METRIC_REQUESTS] = {"qudra_sync_requests_total",
                         METRIC_COUNTER,
                         {"account", "operation", "status"},
                         NULL,
                         "Requests to Qudra, by operation and HTTP status (0: no answer)."},
    [METRIC_REQUEST_SECONDS] = {"qudra_sync_request_duration_seconds",
                                METRIC_HISTOGRAM,
                                {"account"},
                                request_buckets,
                                "Time from sending a request to Qudra to its whole answer."},
    [METRIC_ROWS] = {"qudra_sync_rows",
                     METRIC_GAUGE,
                     {"account", "state"},
                     NULL,
                     "Rows in the state tables, by state."},
    [METRIC_ROWS_PUSHED] = {"qudra_sync_rows_pushed_total",
                            METRIC_COUNTER,
                            {"account", "operation", "outcome"},
                            NULL,
                            "Rows that were sent to Qudra, by operation and outcome."},
    [METRIC_CLOSE_SECONDS] =
        {"qudra_sync_close_latency_seconds",
         METRIC_HISTOGRAM,
         {"account"},
         close_buckets,
         "Time from a close or delete being visible in the database to Qudra's "
         "confirmation."},
    [METRIC_WINDOW_LIMIT] = {"qudra_sync_window_requests_limit",
                             METRIC_GAUGE,
                             {"account"},
                             NULL,
                             "Requests that Qudra allows in a rate limit window."},
    [METRIC_WINDOW_LEFT] =
        {"qudra_sync_window_requests_left",
         METRIC_GAUGE,
         {"account"},
         NULL,
         "Requests left in the present window, less headroom and those in flight."},
    [METRIC_RATE_LIMITED] = {"qudra_sync_rate_limited_total",
                             METRIC_COUNTER,
                             {"account"},
                             NULL,
                             "Requests that Qudra answered with 429."},
    [METRIC_QUOTA_USED] = {"qudra_sync_quota_jobs_used",
                           METRIC_GAUGE,
                           {"account"},
                           NULL,
                           "Jobs created in this month (UTC)."},
    [METRIC_QUOTA_LIMIT] = {"qudra_sync_quota_jobs_limit",
                            METRIC_GAUGE,
                            {"account"},
                            NULL,
                            "Jobs that may be created in a month; absent when unlimited."},
    [METRIC_PASSES] = {"qudra_sync_passes_total",
                       METRIC_COUNTER,
                       {"outcome"},
                       NULL,
                       "Passes over a mapping's source, by outcome."},
    [METRIC_LAST_PASS] = {"qudra_sync_last_pass_timestamp_seconds",
                          METRIC_GAUGE,
                          {NULL},
                          NULL,
                          "Unix time at which the last whole pass ended."},
    [METRIC_PASS_SECONDS] = {"qudra_sync_pass_duration_seconds",
                             METRIC_HISTOGRAM,
                             {NULL},
                             pass_buckets,
                             "Duration of whole passes."},
    [METRIC_SOURCE_LAG] = {"qudra_sync_source_lag_seconds",
                           METRIC_GAUGE,
                           {"mapping"},
                           NULL,
                           "Age of the oldest change that has not been pushed yet."},
    [METRIC_TROUBLE] = {"qudra_sync_trouble",
                        METRIC_GAUGE,
                        {"account", "condition"},
                        NULL,
                        "1 while the account needs a person."},
    [METRIC_CONFIG_RELOADS] = {"qudra_sync_config_reloads_total",
                               METRIC_COUNTER,
                               {"outcome"},
                               NULL,
                               "Reloads of the configuration, by outcome."},
};

static const char *const type_names[] = {
    [METRIC_COUNTER] = "counter",
    [METRIC_GAUGE] = "gauge",
    [METRIC_HISTOGRAM] = "histogram",
};

/* ---- parts of a line ------------------------------------------------------------------------- */

/* The shortest text that reads back as the same number. */
static void write_number(struct buf *out, double v)
{
    char text[40];
    if (!isfinite(v)) {
        buf_addstr(out, isnan(v) ? "NaN" : v > 0 ? "+Inf" : "-Inf");
        return;
    }
    for (int digits = 6; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, v);
        double back = strtod(text, NULL);
        if (back >= v && back <= v)
            break;
    }
    buf_addstr(out, text);
}

static void write_label(struct buf *out, const char *name, const char *value, bool first)
{
    buf_printf(out, "%s%s=\"", first ? "{" : ",", name);
    for (; *value != '\0'; value++) {
        if (*value == '\n')
            buf_addstr(out, "\\n");
        else if (*value == '"' || *value == '\\')
            buf_printf(out, "\\%c", *value);
        else
            buf_addch(out, *value);
    }
    buf_addch(out, '"');
}

static void write_line(struct buf *out, const char *name, const char *suffix,
                       const struct metric_rule *rule, const struct metric_series *s,
                       const char *le, double value)
{
    bool first = true;
    buf_printf(out, "%s%s", name, suffix);
    for (size_t i = 0; rule->labels[i] != NULL; i++, first = false)
        write_label(out, rule->labels[i], s->label[i], first);
    if (le != NULL) {
        write_label(out, "le", le, first);
        first = false;
    }
    buf_addstr(out, first ? " " : "} ");
    write_number(out, value);
    buf_addch(out, '\n');
}

static void write_histogram(struct buf *out, const struct metric_rule *rule,
                            const struct metric_series *s)
{
    uint64_t sum = 0;
    for (size_t i = 0; rule->buckets[i] > 0; i++) {
        char le[32];
        snprintf(le, sizeof le, "%g", rule->buckets[i]);
        sum += s->bucket[i];
        write_line(out, rule->name, "_bucket", rule, s, le, (double)sum);
    }
    write_line(out, rule->name, "_bucket", rule, s, "+Inf", (double)s->count);
    write_line(out, rule->name, "_sum", rule, s, NULL, s->value);
    write_line(out, rule->name, "_count", rule, s, NULL, (double)s->count);
}

static void write_head(struct buf *out, const char *name, const char *type, const char *help)
{
    buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* ---- the whole ------------------------------------------------------------------------------- */

#define BUILD_INFO      "qudra_sync_build_info"
#define BUILD_INFO_HELP "1, with the program's version as a label."
#define START_TIME      "process_start_time_seconds"
#define START_TIME_HELP "Unix time at which the process started."

void metrics_write(const struct metrics *m, struct buf *out)
{
    write_head(out, BUILD_INFO, "gauge", BUILD_INFO_HELP);
    buf_printf(out, "%s{version=\"%s\"} 1\n", BUILD_INFO, QS_VERSION);
    write_head(out, START_TIME, "gauge", START_TIME_HELP);
    buf_printf(out, "%s %.3f\n", START_TIME, m->started_s);
    for (size_t i = 0; i < METRICS; i++) {
        const struct metric_rule *rule = &metric_rules[i];
        const struct metric_family *f = &m->family[i];
        if (f->n == 0)
            continue;
        write_head(out, rule->name, type_names[rule->type], rule->help);
        for (size_t k = 0; k < f->n; k++)
            if (rule->type == METRIC_HISTOGRAM)
                write_histogram(out, rule, &f->series[k]);
            else
                write_line(out, rule->name, "", rule, &f->series[k], NULL, f->series[k].value);
    }
}

void metrics_write_reference(struct buf *out)
{
    buf_addstr(out, "| metric | type | labels | meaning |\n|---|---|---|---|\n");
    for (size_t i = 0; i < METRICS; i++) {
        const struct metric_rule *rule = &metric_rules[i];
        buf_printf(out, "| `%s` | %s | ", rule->name, type_names[rule->type]);
        for (size_t k = 0; rule->labels[k] != NULL; k++)
            buf_printf(out, "%s`%s`", k > 0 ? ", " : "", rule->labels[k]);
        buf_printf(out, " | %s |\n", rule->help);
    }
    buf_printf(out, "| `%s` | gauge | `version` | %s |\n", BUILD_INFO, BUILD_INFO_HELP);
    buf_printf(out, "| `%s` | gauge | | %s |\n", START_TIME, START_TIME_HELP);
}
