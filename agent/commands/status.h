/*
 * status: what `qudra-sync status` knows before it shows anything: read once, judged once, then
 * shown as text or as JSON from the same struct. Lives in the arena that it was read into.
 */
#ifndef QS_COMMANDS_STATUS_H
#define QS_COMMANDS_STATUS_H

#include "commands/output.h"
#include "commands/setup.h"
#include "edges/report.h"

/* An account with its budget, as far as it is known. -1: not known, or no limit. */
struct status_account {
    struct report_account recorded;
    bool configured;   /* in agent.yaml or in the database; else it was removed or disabled */
    const char *agent; /* who works on it, without the small print; NULL: nobody */
    struct report_counts rows; /* states and the oldest alone, over its mappings */
    int64_t window_limit, window_left;
    const char *window_resets_at; /* RFC 3339; NULL: not known */
    bool quota_unlimited;
    int64_t quota_limit, quota_left;
    const char *quota_turns_at; /* RFC 3339 */
};

/* Rows that wait, and for what. */
struct status_wait {
    const char *wait; /* stable word for --json: budget, next_attempt, quota, lookup, person */
    enum row_state state;
    int64_t rows;
    const char *what;  /* sentence for people */
    const char *until; /* RFC 3339; NULL: not known */
};

/* What needs a person, with the command to run next. */
struct status_attention {
    const char *kind;              /* stable word for --json */
    const char *account, *mapping; /* NULL: all */
    int64_t rows;                  /* 0: not about rows */
    const char *what;
    const char *command;
};

#define STATUS_MAX_WAITS 8

struct status {
    struct arena *arena;
    int64_t wall_ms;
    const char *database;
    struct status_account *accounts; /* the worst first */
    size_t n_accounts;
    struct report_counts total;
    struct report_notes write_back;
    struct report_group *groups;
    size_t n_groups;
    struct mapping *const *mappings; /* that are configured */
    size_t n_mappings;
    bool all; /* accounts and mappings are shown */
    struct report_run *runs;
    size_t n_runs;
    struct status_wait waits[STATUS_MAX_WAITS];
    size_t n_waits;
    struct status_attention *attention;
    size_t n_attention, cap_attention;
};

/* status_read.c */
bool status_read(const struct setup *s, struct pg *state, const struct report_scope *scope,
                 struct arena *a, struct status *out, struct err *e) MUST_CHECK;

/* status_accounts.c */
int64_t status_waiting(const struct status_account *a); /* rows that a request is due for */
void status_sort_accounts(struct status *st);
void status_show_accounts(const struct status *st, const struct output *o, struct buf *out);

/* status_judge.c: fills waits and attention. */
void status_judge(struct status *st, const struct report_code *refused, size_t n_refused,
                  const struct report_code *uncertain, size_t n_uncertain);

/* status_show.c */
void status_show(const struct status *st, const struct zone *zone, const struct output *o,
                 struct buf *out);
/* status_json.c */
void status_write_json(const struct status *st, struct buf *out);

#endif
