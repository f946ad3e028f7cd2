/*
 * state_agents: who lives, who holds which account, and which accounts the table names.
 *
 * An agent is a row with a time until which it counts as living; a heartbeat, one small write,
 * puts that off and so keeps every account it holds, however many. Accounts are taken and given in
 * one statement for all. The database's clock alone decides who is dead, and LEASE_GRACE_MS after
 * the agent itself, by its own clock, has stopped sending: `until_ms` is reckoned from before the
 * heartbeat left, on a clock that goes on while the machine sleeps.
 */
#ifndef QS_EDGES_STATE_AGENTS_H
#define QS_EDGES_STATE_AGENTS_H

#include "edges/state.h"

#define LEASE_MS       6000
#define LEASE_GRACE_MS 1500
#define BEAT_MS        1000

struct agent_row {
    const char *name;
    bool shares;     /* takes its part of the accounts (`run`); else all that it was told to */
    int64_t left_ms; /* until it counts as dead; negative: it does */
};

struct agents {
    struct agent_row *row;
    size_t n;
    bool lives;       /* the agent that asks is among them; else it was declared dead */
    bool any_free;    /* some account is held by nobody */
    int64_t until_ms; /* monotonic, ours: after this nothing may be sent without a further beat */
};

bool state_agent_begin(struct pg *pg, const char *name, bool shares, int64_t *until_ms,
                       struct err *e) MUST_CHECK;
bool state_agent_beat(struct pg *pg, const char *name, struct arena *a, struct agents *out,
                      struct err *e) MUST_CHECK;
/* How far this agent has looked at rows of the accounts that it holds under a fence up to this one;
 * NULL: not known. It goes with them to whoever takes them next. */
bool state_seen(struct pg *pg, const char *name, const char *seen, int64_t fence,
                struct err *e) MUST_CHECK;
/* Frees what agents held whose time is over, and those named: they are known to be dead. */
bool state_agent_bury(struct pg *pg, const char *const *dead, size_t n, struct err *e) MUST_CHECK;
/* What was not given back counts as torn. When this fails the agent's time runs out by itself. */
void state_agent_end(struct pg *pg, const char *name);

/* ---- accounts ----------------------------------------------------------------------------------
 */

struct take_wish {
    const char *account;
    const char *environment; /* that its key is for; NULL: not known */
};

/* What is known of an account that was taken; environment: of an account that was not, since its
 * jobs were made in that one. */
struct taken {
    size_t wish;             /* its place among the wishes */
    int64_t fence;           /* 0: not taken */
    const char *environment; /* as it was recorded; NULL: none yet */
    bool torn;               /* the last holder died, or ended without giving it back */
    int64_t held_ago_ms;     /* when it was last held; -1: never */
    unsigned as_sent, changed;
    int64_t created;        /* jobs, this month */
    int64_t refused_ago_ms; /* a create, for quota, this month; -1: never */
    int64_t configured; /* the quota, when limits were last written; -1 unlimited; -2 not known */
    bool under_way, pending, deferred; /* creates in flight or lost; rows */
    const char *seen;                  /* see state_seen; NULL: not known */
};

struct take_order {
    const char *agent;
    const struct take_wish *wishes;
    size_t n;
    size_t most;     /* at most so many, in the order of the wishes, of those that nobody holds, */
    int64_t free_ms; /* for at least so long */
    const char *seen_mark; /* how `seen` begins that holds for this agent's mappings: any other is
                            * told and forgotten, since rows are about to be marked under these */
};
bool state_take(struct pg *pg, const struct take_order *o, struct arena *a, struct taken **out,
                size_t *n_out, struct err *e) MUST_CHECK;
/* So that another agent need not wait; nothing of them may be in flight. */
bool state_give(struct pg *pg, const struct lease *leases, size_t n, struct err *e) MUST_CHECK;
/* Frees what the agent holds besides these: the answer to a state_take or state_give was lost. */
bool state_give_rest(struct pg *pg, const char *agent, const char *const *names, size_t n,
                     struct err *e) MUST_CHECK;
/* Who sends with the key of this mark. */
struct sharing {
    int64_t accounts; /* that are held and have work to do now, this one counted */
    int64_t full_ms;  /* until the window ends that has no part left for this one; 0: it has, or
                       * nobody has said anything of it */
};
bool state_share(struct pg *pg, const struct lease *l, const char *key_mark, struct sharing *out,
                 struct err *e) MUST_CHECK;
bool state_add_accounts(struct pg *pg, const char *const *names, size_t n,
                        struct err *e) MUST_CHECK;

/* A row of qudra_sync.account, as the operator wrote it. */
struct account_row {
    const char *name;
    bool enabled;
    const char *api_key_file, *api_key_env; /* both NULL: it is configured elsewhere, or removed */
    const char *plan, *headroom, *quota, *concurrency; /* NULL: as for all */
};
/* Those that changed since `seen`, which is moved on; begin with "0". */
bool state_accounts(struct pg *pg, char *seen, size_t room, struct arena *a,
                    struct account_row **rows, size_t *n, struct err *e) MUST_CHECK;

/* Accounts with pending rows, whoever holds them. */
bool state_at_work(struct pg *pg, struct arena *a, const char ***accounts, size_t *n,
                   struct err *e) MUST_CHECK;
/* Accounts with rows that are gone and not yet removed. */
bool state_leaving(struct pg *pg, struct arena *a, const char ***accounts, size_t *n,
                   struct err *e) MUST_CHECK;

#endif
