/*
 * loop_internal: the parts that the files of loop share, and nobody else.
 */
#ifndef QS_ENGINE_LOOP_INTERNAL_H
#define QS_ENGINE_LOOP_INTERNAL_H

#include "engine/loop.h"
#include "engine/tenure.h"
#include "engine/worker.h"

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
    char away_why[sizeof((struct err *)0)->sqlstate]; /* as it was told; "" where none was given */
    bool listening;

    struct http *http;
    struct sender sender;
    struct feed *feeds;
    size_t n_feeds;

    struct tenure tenure;    /* this agent among others */
    struct worker **workers; /* of all accounts that are known, by name */
    size_t n_workers, cap_workers;
    char accounts_seen[32];   /* where the next look for changed accounts begins, */
    int64_t accounts_at_ms;   /* and when */
    int64_t share_at_ms;      /* when accounts are taken and given up again */
    int64_t strays_until_ms;  /* monotonic: when those that were taken are offered again; 0: none */
    int64_t strays_for_ms;    /* for how long the next ones are kept */
    bool waiting_told;        /* "another agent holds the account" has been logged */
    int64_t waiting_since_ms; /* for an account that another holds; 0: none */

    char seen_told[192]; /* what state_seen was told last */
    bool torn;           /* the answer was lost to a statement that takes or gives accounts */

    struct crew crew;
    struct worker **awake; /* those with something to do, in no order; turns go round */
    size_t n_awake, next_turn;
    size_t n_hands;       /* of them have rows in hand */
    size_t n_starve;      /* of them would, at the last round */
    struct lease *leases; /* of the workers that hold theirs, by name */
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
    int64_t looked_ms;     /* wall clock: when that was last looked at */
    bool window_open;      /* what is found may go out; see loop_schedule.c */

    int64_t count_rows_at_ms; /* monotonic: for metrics, not before */

    bool stopping;
    bool asked_again;    /* once, backfill: all seemed done, and the queue was asked once more */
    int64_t progress_ms; /* when a request last succeeded or there was nothing to do */
    int64_t requests_seen;
};

/* loop_open.c */
/* Reconnects what is dead, when its time has come. False, with e filled, while anything is dead. */
bool loop_reconnect(struct loop *l, int64_t now_ms, struct err *e) MUST_CHECK;

/* loop_accounts.c: which accounts there are */
/* At the start. One alone that cannot be opened is an error; of several it is told, and the others
 * go on. A pass must find those that it is for. */
bool loop_find_accounts(struct loop *l, struct err *e) MUST_CHECK;
/* Those of the database that have changed, when it is time to look. */
bool loop_read_accounts(struct loop *l, int64_t now_ms, struct err *e) MUST_CHECK;
/* Takes up keys that were missing or refused and are there now. */
void loop_look_for_keys(struct loop *l, int64_t now_ms);
struct worker *loop_worker(const struct loop *l, const char *account); /* NULL: not known */
void loop_free_accounts(struct loop *l);

/* loop_share.c: which of them are ours */
/* Beats, takes what is free, gives up what is too much. */
bool loop_share(struct loop *l, int64_t now_ms, struct err *e) MUST_CHECK;
void loop_give_all(struct loop *l); /* at the end: what nothing is in flight of */
bool loop_holds(const struct loop *l, const char *account);
/* Every account that this agent could work on is its own. */
bool loop_holds_all(const struct loop *l);

/* loop_seen.c: how far rows were looked at, of accounts that change hands */
/* Where a pass must begin that begins at `since` for what we hold: no later than what came to us
 * was looked at. NULL: not known. */
const char *loop_seen_since(const struct feed *f, const char *since);
void loop_seen_take(struct loop *l, const struct taken *taken, size_t n);
/* A pass begins (ms since the mapping's last scan, -1: not known), ends whole, or fails. */
void loop_seen_begin(const struct loop *l, struct feed *f, int64_t scanned_ago_ms);
void loop_seen_end(const struct loop *l, struct feed *f, bool scan);
void loop_seen_fail(struct feed *f);
/* Writes down how far this agent has come, if that is further than before. */
bool loop_seen_tell(struct loop *l, struct err *e) MUST_CHECK;

/* loop_turns.c: whose turn it is */
void loop_wake(struct loop *l, struct worker *w, int64_t now_ms);
void loop_sleep(struct loop *l, struct worker *w); /* nothing may be in flight */
/* Wakes those that have something pending, whoever put it in. */
bool loop_wake_at_work(struct loop *l, int64_t now_ms, struct err *e) MUST_CHECK;
bool loop_turns(struct loop *l, int64_t now_ms, struct err *e) MUST_CHECK;
int64_t loop_turns_wait_ms(const struct loop *l, int64_t now_ms);

/* loop_metrics.c */
void loop_metrics_begin(struct loop *l); /* counters that exist from the start */
void loop_metrics_hold(struct loop *l, const char *account); /* it was taken */
void loop_metrics_show(struct loop *l, int64_t now_ms);
void loop_readiness(struct loop *l);

/* loop_schedule.c */
/* Opens and closes the windows of sync.schedule. */
void loop_schedule_turn(struct loop *l, int64_t now_ms);
/* Between two windows, closes and deletes alone go out. */
bool loop_only_removals(const struct loop *l);
/* Nothing is looked at before the next window. */
bool loop_schedule_waits(const struct loop *l);
/* How long until the next window; INT64_MAX: there is no schedule. */
int64_t loop_schedule_in_ms(const struct loop *l);

/* loop_doze.c: detect: trigger */
/* After a pass that took so many changes out of the outbox. */
bool loop_sleep_or_wake(struct loop *l, struct feed *f, int64_t noted, struct err *e) MUST_CHECK;
/* Those who may not sleep any more, or whose rows are another agent's now. */
bool loop_wake_others(struct loop *l, struct err *e) MUST_CHECK;
void loop_lost_listener(struct loop *l); /* its session is gone, and what it held */

/* loop_follow.c */
bool loop_follow_open(struct loop *l, struct err *e) MUST_CHECK;
/* In the place of loop_detect. */
bool loop_follow(struct loop *l, int64_t now_ms, struct err *e) MUST_CHECK;

/* loop_pass.c */
bool loop_is_ours(const struct loop *l, const struct feed *f); /* we hold its account */
/* Starts a pass when one is due, or takes one step of the one under way. */
bool loop_detect(struct loop *l, int64_t now_ms, struct err *e) MUST_CHECK;
/* 0: detection has something to do now; else how long until the next poll, scan or due row. */
/* Leaves the pass under way, as if it had not begun. */
void loop_drop_pass(struct loop *l);
int64_t loop_detect_wait_ms(const struct loop *l, int64_t now_ms);
bool loop_detect_quiet(const struct loop *l); /* once, backfill: every mapping had its pass */
bool loop_all_passed(const struct loop *l); /* each mapping of ours was looked at since the start */
void loop_poll_now(struct loop *l);         /* NOTIFY: look at once */
void loop_look_again(struct loop *l);       /* once, backfill: one more pass over each mapping */

#endif
