/*
 * report: what the state says to a person: counts, rows with their errors, runs, accounts. Reads
 * only.
 *
 * Times are RFC 3339 (UTC, milliseconds), NULL where there is none. Strings live in the arena.
 */
#ifndef QS_EDGES_REPORT_H
#define QS_EDGES_REPORT_H

#include "edges/pg.h"
#include "rules/op.h"

struct report_counts {
    int64_t state[ROW_STATES];
    int64_t pending[OP_NONE]; /* of state[ROW_PENDING], by operation */
    int64_t waiting;          /* of the pending, those that wait for their next attempt */
    int64_t at_qudra;         /* rows with a job */
    int64_t embedding_failed, embedding_processing;
    int64_t oldest_pending_ms; /* age of the oldest pending change; -1: none */
    /* Close latency of the last 30 days, from the change being found to Qudra's confirmation. */
    int64_t close_p50_ms, close_p95_ms, close_max_ms; /* -1: none */
};

/* What a report is about; nothing named: everything. */
struct report_scope {
    const char *const *accounts, *const *mappings;
    size_t n_accounts, n_mappings;
};

/* Counts for each account and mapping that has rows, in their order, and over all of them. */
struct report_group {
    const char *account, *mapping;
    struct report_counts counts;
};
bool report_groups(struct pg *pg, const struct report_scope *scope, struct arena *a,
                   struct report_counts *total, struct report_group **groups, size_t *n,
                   struct err *e) MUST_CHECK;

/* The groups alone, without latencies: one statement, for metrics. */
bool report_queue(struct pg *pg, const struct report_scope *scope, struct arena *a,
                  struct report_group **groups, size_t *n, struct err *e) MUST_CHECK;

/* How many rows are refused, held, deferred or uncertain; the other states are not counted. One
 * that is not 0 makes the exit status of a pass. */
bool report_rows_left(struct pg *pg, const struct report_scope *scope, int64_t left[ROW_STATES],
                      struct err *e) MUST_CHECK;

/* Rows that wait to be written into the partner's columns, and those of them that could not be yet.
 */
struct report_notes {
    int64_t rows, failed;
};
bool report_notes(struct pg *pg, const struct report_scope *scope, struct report_notes *out,
                  struct err *e) MUST_CHECK;

struct report_row {
    const char *account, *mapping, *key, *state, *operation;
    const char *job_id, *qudra_url, *job_status, *embedding_status;
    int match_ready; /* 1, 0, -1: not told */
    int64_t attempts;
    const char *error_code, *error_message, *error_message_ar, *request_id;
    const char *first_seen_at, *changed_at, *synced_at, *next_attempt_at, *gone_at, *due_at;
};
struct report_filter {
    const char *const *accounts, *const *mappings; /* none: any */
    size_t n_accounts, n_mappings;
    const char *state, *key;               /* NULL: any */
    const char *code;                      /* error_code; NULL: any */
    const char *embedding;                 /* embedding_status; NULL: any */
    const char *after_mapping, *after_key; /* paging: rows behind this one; NULL: from the first */
    int64_t limit;
};
/* By mapping and key. Strings live in the arena. */
bool report_rows(struct pg *pg, const struct report_filter *f, struct arena *a,
                 struct report_row **rows, size_t *n, struct err *e) MUST_CHECK;

/* What stands in the way of the rows of one state, by error code, most frequent first. */
struct report_code {
    const char *account, *mapping;
    const char *code; /* NULL: none was recorded */
    int64_t rows;
    const char *message, *message_ar; /* of one of them */
};
bool report_codes(struct pg *pg, const struct report_scope *scope, enum row_state state,
                  struct arena *a, struct report_code **out, size_t *n, struct err *e) MUST_CHECK;

struct report_account {
    const char *name, *environment, *holder, *trouble, *trouble_since, *limits;
    int64_t lease_left_ms; /* < 0: nobody holds it */
    int64_t quota_created;
    bool quota_exceeded;
    bool listed; /* the database names its key, and it is enabled */
};
/* By name. One: NULL when it has no row yet. */
bool report_accounts(struct pg *pg, const struct report_scope *scope, struct arena *a,
                     struct report_account **out, size_t *n, struct err *e) MUST_CHECK;
bool report_account(struct pg *pg, const char *name, struct arena *a, struct report_account **out,
                    struct err *e) MUST_CHECK;

struct report_run {
    int64_t id;
    const char *kind, *mapping, *started_at, *ended_at, *outcome, *counts, *error;
};
bool report_runs(struct pg *pg, int64_t limit, struct arena *a, struct report_run **out, size_t *n,
                 struct err *e) MUST_CHECK;

#endif
