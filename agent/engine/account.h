/*
 * account: one Qudra key at work: its lease, its budget, its quota, and whether it may send.
 *
 * Budget, quota and health belong to an account and never touch another's. An account that Qudra
 * refuses (401, or a 403 that is about neither bulk nor quota) stops sending until a new key
 * appears in api_key_file or a probe is let through; everything else of the agent goes on.
 */
#ifndef QS_ENGINE_ACCOUNT_H
#define QS_ENGINE_ACCOUNT_H

#include "edges/state_agents.h"
#include "rules/config.h"

/* What stands in the state as the account's trouble. */
enum account_trouble { TROUBLE_UNKNOWN, TROUBLE_NONE, TROUBLE_KEY, TROUBLE_JOBS, TROUBLE_NO_KEY };

#define ACCOUNT_DIVIDE_MS 3000 /* how often others on the same key are looked for */
#define ACCOUNT_TELL_MS   2000 /* how often an account says what it knows of the window */

struct account {
    const struct config_account *config;
    struct secret *key;
    unsigned key_number; /* of the key in use: grows with each one that is taken up */
    const struct environment *environment;
    struct dialect dialect; /* config's, with the base URL that goes with the key's prefix */
    struct limiter *limiter;

    struct lease lease;
    bool held;               /* the lease is ours, */
    const int64_t *until_ms; /* as long as the agent's time has not run out: see engine/tenure */
    int in_flight;           /* requests, */
    int may_fly;             /* and how many there may be: see engine/loop_turns.c */
    bool turn;               /* an answer has come since the account last had its turn */
    bool starved;            /* something could leave, if more could be in flight */

    int64_t divide_at_ms;    /* monotonic: when others on this key are looked for again */
    int64_t join_at_ms;      /* monotonic: by then they have made room; 0: not looked for yet */
    bool joins;              /* and then it is to be seen whether a part of the window is left */
    bool crowded;            /* others with work on this key divide all of its window */
    int bulk;                /* jobs in one create request; 1: no bulk-create in this plan */
    int64_t plan_quota;      /* jobs a month, by plan or configuration; -1: unlimited */
    int64_t quota;           /* the same, corrected by what Qudra refused this month */
    int64_t created;         /* this month, confirmed */
    int64_t creating;        /* sent, and their answer not yet recorded */
    bool under_way;          /* creates were, or may be, in flight or lost when it was taken */
    bool journal_unknown;    /* a journalling failed, and may have been committed all the same */
    bool looking;            /* settle lists, or is about to: no create may start meanwhile */
    int64_t month_ends_ms;   /* by Qudra's clock */
    int64_t ahead_ms;        /* Qudra's clock, by the last Date, less our monotonic one */
    int64_t ask_quota_at_ms; /* monotonic: when one create beyond the quota may ask for more */
    bool asking;             /* it may leave now, or is on its way */
    bool mirrors;            /* Qudra holds a job of ours */
    bool deferred;           /* creates wait for the quota */
    int64_t only_held_ms;    /* of the creates that wait, all were found since then and are held: a
                                look would go through all of them, and outlives a worker's sleep */
    bool undefer;            /* some of them may fit now: the month has turned, or we just began */

    bool stopped;        /* Qudra refuses the key, or there is none */
    int64_t probe_at_ms; /* monotonic: when one request may try again */
    char stop_reason[256];
    bool stranger_told; /* that api_key_file holds a key for another environment */
    bool accepted;      /* Qudra has taken the key since it was read */
    bool jobs_missing;  /* every job that was asked for is unknown to Qudra: nothing may be sent */
    bool job_found;     /* some job of ours has been confirmed with this key */
    int missing_in_a_row; /* jobs that were not there, since one was */
    bool news;            /* the limits are not yet in the state as they are */
    int64_t tell_at_ms;   /* monotonic: when they may be written again */
    enum account_trouble told;
    unsigned as_sent, changed; /* job fields that came back from Qudra as sent, or changed */
    bool learned;              /* the two masks are not yet in the state */
};

/* Prepares the limiter and reads the key. ERR_CONFIG when that cannot be read or has an unknown
 * prefix: the account is stopped then, and can be held, told of and released like any other. */
bool account_open(struct account *a, const struct config_account *c, int64_t now_ms,
                  struct err *e) MUST_CHECK;
/* One that cannot be opened at all, for this reason: it is held, and told of. */
void account_open_broken(struct account *a, const struct config_account *c, const char *reason);
void account_release(struct account *a);

/* A row of qudra_sync.account that is meant to be worked on: enabled, and not merely what is known
 * of an account that is configured elsewhere or was removed. */
bool account_row_counts(const struct account_row *row);
/* Its configuration, which lives in `a`. ERR_CONFIG tells what is wrong with it; the account is
 * there all the same, with a name. */
bool account_read_row(const struct config *c, const struct account_row *row, struct arena *a,
                      const struct config_account **out, struct err *e) MUST_CHECK;

/* Accounts were taken: what was in flight when their last agents ended becomes uncertain. */
bool account_recover(struct account *const *accounts, const struct taken *taken, size_t n,
                     struct pg *state, struct err *e) MUST_CHECK;
/* And then, for each: what the state knows of it is taken up. `until_ms` is the agent's time, and
 * must outlive the account. */
void account_begin(struct account *a, const struct taken *t, const int64_t *until_ms);
/* It was given back, or lost. */
void account_end(struct account *a);
/* Its jobs were made in that environment, which its key is not for. */
bool account_refuse_environment(const struct account *a, const char *found, struct err *e);
/* Others with work on its key are looked for; they share the window. */
bool account_divide_window(struct account *a, struct pg *state, struct err *e) MUST_CHECK;

/* Qudra refused the key: stop, and try again in a minute or when the key file changes. */
void account_stop(struct account *a, int64_t now_ms, const char *reason);
/* Looks at api_key_file; true when there is a new key in it, which is then in use. One that was
 * opened without a key is to be opened again: see account_has_key_now. */
bool account_refresh_key(struct account *a);
bool account_has_key_now(const struct account *a);
/* What an answer says of a field's way to Qudra and back. */
void account_learn(struct account *a, const struct job_hash *sent, const struct job_hash *answered,
                   unsigned fields);
/* Fields that identify a job: those never seen to come back changed. */
unsigned account_identity(const struct account *a);
/* A request was answered as ours: whatever stopped the account is over. */
void account_accepted(struct account *a);

/* Every job is unknown to Qudra: stop until a new key appears or a job of ours is found. */
void account_lose_jobs(struct account *a, int64_t now_ms);
/* A job of ours is there after all. */
void account_find_job(struct account *a);
/* An answer came, at this time of Qudra's clock (-1: not told). */
void account_heard(struct account *a, int64_t date_ms);

/* Writes to the state what changed of limits and trouble; limits at most every two seconds, unless
 * `at_once`. An account that is idle writes nothing. */
bool account_tell(struct account *a, struct pg *state, int64_t now_ms, bool at_once,
                  struct err *e) MUST_CHECK;
int64_t account_tell_wait_ms(const struct account *a, int64_t now_ms); /* -1: nothing to tell */

/* Takes up what the state knows of the month's quota. */
void account_recall_quota(struct account *a, const struct taken *t);
/* How long until deferred creates may be looked at again; -1: none are. */
int64_t account_quota_wait_ms(const struct account *a);
/* Neither a limit on new jobs nor any old one: which creates go first, and which are old jobs under
 * a new key, is no question. */
bool account_is_open(struct account *a, struct pg *state, bool *open, struct err *e) MUST_CHECK;
/* Creates were confirmed. More than the quota: it has grown. */
void account_created(struct account *a, int64_t jobs);
/* Qudra refused a create for quota: our count was wrong, or somebody else creates with this key. */
void account_quota_used_up(struct account *a);
/* How many more jobs fit this month, with those in flight; INT64_MAX when unlimited. Turns the
 * month, and once an hour lets one create ask whether a used up quota has grown. */
int64_t account_quota_left(struct account *a);

#endif
