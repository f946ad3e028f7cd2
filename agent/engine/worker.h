/*
 * worker: an account with what works for it.
 *
 * Pushing, settling and refreshing have parts only while the account has something to do: a worker
 * that sleeps is its account and its key, and asks the database nothing. It is woken by what is
 * found for it, and says until when it need not be called.
 */
#ifndef QS_ENGINE_WORKER_H
#define QS_ENGINE_WORKER_H

#include "engine/push.h"
#include "engine/refresh.h"
#include "engine/settle.h"
#include "engine/writeback.h"

/* What all workers of a loop work with. */
struct crew {
    struct sender *sender;
    struct feed *feeds;
    size_t n_feeds;
    struct pg *state, *writer;
    struct arena work; /* of one turn */
    bool one_database; /* see struct writeback_options */
    void (*stray)(void *context, const char *mapping, const char *account, const char *key,
                  enum op_kind planned, enum op_kind now); /* see struct push_options */
    void *stray_context;
    bool refreshes;             /* goes on for ever: embeddings are asked for */
    int64_t refresh_for_ms;     /* young enough for that */
    struct push_counts counted; /* by workers that sleep again */
};

enum worker_stand {
    WORKER_FREE,    /* not ours; another agent's, or nobody's */
    WORKER_HELD,    /* ours */
    WORKER_LEAVING, /* ours; starts nothing new, and is given back when nothing is in flight */
    WORKER_LOST,    /* was ours; what its requests answer is thrown away */
};

struct worker {
    struct account account;
    struct arena own; /* of an account of the database: its configuration */
    bool of_database; /* else it stands in agent.yaml */
    uint64_t says;    /* hash of its row there */
    bool broken;      /* its configuration is wrong: it is held to say so */
    bool wanted;      /* configured and enabled; else it is given back and not taken again */
    bool gone;        /* to be forgotten when it is free: removed, or about to be read anew */
    bool foreign;     /* its jobs are of the other environment, which has been told */
    bool stray;       /* taken beyond our part because nobody else did: kept for a while */
    enum worker_stand stand;

    struct push *push; /* NULL, as the others: it sleeps */
    struct writeback *writeback;
    struct settle *settle;
    struct refresh *refresh;
    int64_t uncertain_seen; /* of push_counts, when settle was last woken */
    int64_t late_seen;      /* rows that became the guard's or push's since their pass, so far */
    bool late;              /* some just did: a pass would see to them */
    bool has_hand;          /* it may have rows in hand: see engine/loop_turns.c */
    int64_t hand_since_ms;  /* monotonic */
    int64_t due_ms;         /* monotonic: its next turn, though no answer comes; INT64_MAX: none */
};

/* What holds for the turns of all workers now. */
struct orders {
    bool start;                     /* something new may begin */
    bool only_removals;             /* closes and deletes alone */
    int64_t held_first_ms, held_ms; /* see push_hold_creates: where new jobs are short; elsewhere */
};

/* There may be something to do. */
void worker_wake(struct worker *w, struct crew *c, int64_t now_ms);
/* Does what can be done now, and sets due_ms. */
bool worker_turn(struct worker *w, struct crew *c, const struct orders *o, int64_t now_ms,
                 struct err *e) MUST_CHECK;
/* Nothing waits and nothing is in flight. */
bool worker_is_idle(const struct worker *w, const struct crew *c, int64_t now_ms);
/* Gives its parts back; nothing may be in flight. */
void worker_sleep(struct worker *w, struct crew *c);
/* Gives back all of it. */
void worker_release(struct worker *w);

#endif
