/*
 * loop_internal: the parts that the files of loop share, and nobody else.
 */
#ifndef QS_ENGINE_LOOP_INTERNAL_H
#define QS_ENGINE_LOOP_INTERNAL_H

#include "engine/loop.h"
#include "engine/refresh.h"

/* An account with what works for it. */
struct worker {
    struct account account;
    struct writeback *writeback;
    struct push *push;
    struct settle *settle;
    struct refresh *refresh;
    int64_t take_at_ms;     /* when to try for the lease again */
    int64_t uncertain_seen; /* of push_counts, when settle was last woken */
    int64_t late_seen;      /* rows that became the guard's or push's since their pass, so far */
    bool waiting_told;      /* "another agent holds the account" has been logged */
};

struct loop {
    struct loop_options o;
    struct arena arena; /* as long as the loop */

    struct pg *state;
    struct pg *scan;   /* source: passes */
    struct pg *lookup; /* source: rows by key; listens for NOTIFY */
    struct pg *writer; /* source, may write; NULL unless a mapping writes back or has triggers */
    int64_t reconnect_at_ms;
    int64_t reconnect_wait_ms;
    bool away_told;
    bool listening;

    struct http *http;
    struct sender sender;
    const char *holder; /* names this agent in its leases */

    struct worker *workers;
    size_t n_workers;
    struct feed *feeds;
    size_t n_feeds;
    struct lease *leases; /* of the workers that hold theirs, refreshed each turn */
    size_t n_leases;
    struct detect_marker marker;

    struct detection *detection; /* the pass under way; NULL: none */
    struct follow *follow;       /* in the place of passes; NULL: no plan is followed */
    bool following;              /* it has begun */
    int64_t detect_started_ms;
    int64_t began_ms;      /* of loop_run */
    int64_t due_at_ms;     /* when a payload changes with the clock; INT64_MAX: none known */
    struct loop_view seen; /* sums over passes */
    int64_t window_at_ms;  /* wall clock: when sync.schedule is next due; 0: it is now */
    bool window_open;      /* what is found may go out; see loop_schedule.c */

    int64_t count_rows_at_ms; /* monotonic: for metrics, not before */

    bool stopping;
    bool
        asked_again; /* once, backfill: all seemed done at the last turn, and the queue was asked */
    int64_t progress_ms; /* when a request last succeeded or there was nothing to do */
    int64_t requests_seen;
};

/* loop_open.c */
/* Reconnects what is dead, when its time has come. False, with e filled, while anything is dead. */
bool loop_reconnect(struct loop *l, int64_t now_ms, struct err *e) MUST_CHECK;

/* loop_metrics.c */
void loop_metrics_begin(struct loop *l); /* counters that exist from the start */
void loop_metrics_show(struct loop *l, int64_t now_ms);
void loop_readiness(struct loop *l);

/* loop_schedule.c */
/* Opens and closes the windows of sync.schedule. */
void loop_schedule_turn(struct loop *l, int64_t now_ms);
/* Nothing is looked at before the next window. */
bool loop_schedule_waits(const struct loop *l);
/* How long until the next window; INT64_MAX: there is no schedule. */
int64_t loop_schedule_in_ms(const struct loop *l);

/* loop_follow.c */
bool loop_follow_open(struct loop *l, struct err *e) MUST_CHECK;
/* In the place of loop_detect. */
bool loop_follow(struct loop *l, int64_t now_ms, struct err *e) MUST_CHECK;

/* loop_pass.c */
bool loop_is_ours(const struct loop *l, const struct feed *f); /* we hold its account */
/* Starts a pass when one is due, or takes one step of the one under way. */
bool loop_detect(struct loop *l, int64_t now_ms, struct err *e) MUST_CHECK;
/* 0: detection has something to do now; else how long until the next poll, scan or due row. */
int64_t loop_detect_wait_ms(const struct loop *l, int64_t now_ms);
bool loop_detect_quiet(const struct loop *l); /* once, backfill: every mapping had its pass */
bool loop_all_passed(const struct loop *l); /* each mapping of ours was looked at since the start */
void loop_poll_now(struct loop *l);         /* NOTIFY: look at once */
void loop_look_again(struct loop *l);       /* once, backfill: one more pass over each mapping */

#endif
