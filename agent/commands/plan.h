/*
 * plan: what the files of the command share: the forecast, and for each account what it would cost.
 */
#ifndef QS_COMMANDS_PLAN_H
#define QS_COMMANDS_PLAN_H

#include "commands/setup.h"
#include "edges/planfile.h"
#include "edges/report.h"
#include "engine/forecast.h"

/* A create, as the queue orders it. */
struct plan_create {
    double priority; /* NAN: none, last */
    const char *mapping, *key;
};

struct plan_account {
    const struct config_account *config;
    int64_t op[OP_NONE];
    int64_t rebound;           /* new rows that take over a job */
    int64_t held;              /* of the removals: the guard would stop them */
    int64_t requests;          /* of what goes out now: */
    int64_t deferred_requests; /* and of the creates that have to wait */
    int64_t plan_a_minute;     /* what the configured plan allows, less headroom */
    int64_t present_a_minute;  /* what the agent found last; -1: not known */
    int64_t quota, created;    /* quota -1: unlimited */
    int64_t room;              /* new jobs that still fit the month; INT64_MAX: unlimited */
    int64_t deferred;          /* creates that do not */
    const char
        *runs_out; /* date on which the quota runs out at the present pace; NULL: it does not */
    /* The best creates, one more than fit: a heap with the worst of them at its root, which is the
     * first that has to wait once it is full. */
    struct plan_create *best;
    size_t n_best, cap_best;
};

struct plan_report {
    const struct setup *setup;
    struct forecast forecast;
    struct plan_account *accounts;
    size_t n_accounts;
    struct planfile_writer *out; /* --out; NULL: none */
    struct planfile_head head;   /* of it */
    bool detail;                 /* --detail: each row on stdout */
};

/* plan_budget.c: what each account has; before the forecast is made. */
bool plan_budgets(struct plan_report *r, struct pg *state, struct err *e) MUST_CHECK;
bool plan_is_about(const struct plan_report *r, const char *account);
void plan_count(struct plan_report *r, const struct forecast_row *row);
void plan_weigh(struct plan_report *r); /* after it was made */
/* The first create that would have to wait, or NULL. */
const struct plan_create *plan_first_to_wait(const struct plan_account *a);
void plan_release_budgets(struct plan_report *r);

/* plan_show.c */
void plan_show(const struct plan_report *r);
void plan_write_json(const struct plan_report *r);

/* plan_rows.c: the file of --out, lines of --detail. */
bool plan_open_out(struct plan_report *r, const char *file, struct pg *source,
                   struct err *e) MUST_CHECK;
void plan_tell_row(struct plan_report *r, const struct forecast_row *row);

#endif
