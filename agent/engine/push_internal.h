/*
 * push_internal: what the files of push share, and nobody else.
 *
 * A parcel is the rows of one request, from the decision to the record. It owns all its memory.
 */
#ifndef QS_ENGINE_PUSH_INTERNAL_H
#define QS_ENGINE_PUSH_INTERNAL_H

#include "engine/doubt.h"
#include "engine/push.h"

struct parcel_row {
    const char *mapping, *key;
    const char *job_id;     /* NULL for a create */
    struct job job;         /* what is to be sent */
    struct job_hash hash;   /* of it */
    struct job_words words; /* OP_CREATE: of it */
    unsigned fields;        /* OP_UPDATE: what changed */
    uint8_t wanted[16];     /* what the state wanted of it when it was picked */
    bool has_wanted;
    int attempts; /* before this one */
    enum on_missing on_missing;
    int64_t visible_ms;       /* monotonic: when the change was found */
    int64_t intended_us;      /* tells this create from an earlier one of equal content */
    struct verdict verdict;   /* filled by the answer */
    struct outcome outcome;   /* less created_at, and the job as answered but for its hash */
    struct job_hash answered; /* before the answer: what was answered last */
    bool has_answered;
};

struct parcel {
    struct errand errand; /* first: the sender hands it back */
    struct push *push;
    struct arena arena;
    struct arena names; /* keys and what was answered, which the record goes through row by row */
    enum op_kind op;    /* OP_NONE: decided again, nothing to send; waits only to be recorded */
    bool journalled;
    bool asks;  /* OP_CLOSE where an update replaces the job: its request reads what Qudra holds, */
    bool knows; /* and the row's job is that now */
    int64_t fence; /* of the lease under which it was decided */
    size_t n, cap;
    struct parcel_row *rows;
    struct parcel *next;
};

struct parcel_list {
    struct parcel *first, *last;
    size_t parcels, rows;
};

struct push {
    struct push_options o;
    struct push_counts counts;
    int64_t fence;               /* of the lease that all of this belongs to */
    const char **readable;       /* names of the mappings that can be read now: room for all */
    struct arena *work;          /* of one turn */
    struct parcel_list ready;    /* decided, in order of urgency */
    struct parcel_list flying;   /* sent */
    struct parcel_list answered; /* verdicts filled, to be recorded */
    struct doubt *doubt;
    int64_t hold_since_ms; /* creates found since then wait: see push_hold_creates; -1: none do */
    bool only_removals;    /* the rest waits: see push_only_removals */
    int64_t answered_since_ms;
    bool may_prepare;       /* rows may be taken in hand: see push_may_prepare */
    bool starves;           /* and would be */
    bool hungry;            /* the queue may hold rows that were not picked */
    int64_t put_off;        /* creates, since it was last told */
    int64_t take_back;      /* of the deferred ones, how many there is room for */
    bool may_defer;         /* creates may be pending that the quota has no room for */
    int64_t next_ms;        /* monotonic: when the next row's time comes; INT64_MAX: none */
    int64_t asked_until_ms; /* until when that is believed */
    bool recorded;          /* something, since the queue was last found empty */
    int64_t wait_ms;
};

/* push_parcel.c */
struct parcel *parcel_new(struct push *p, enum op_kind op, size_t cap);
void parcel_free(struct parcel *c);
/* Appends a deep copy; returns it. */
struct parcel_row *parcel_add(struct parcel *c, const struct parcel_row *row);
/* A text as the parcel keeps it: what the row before says too is kept once. Either may be NULL. */
const char *parcel_copy(struct parcel *c, const char *text, const char *before);
void parcel_put(struct parcel_list *l, struct parcel *c);
/* Before those of less urgent operations (enum op_kind is in the order of urgency), behind its
 * like. */
void parcel_put_by_urgency(struct parcel_list *l, struct parcel *c);
void parcel_remove(struct parcel_list *l, struct parcel *c);

/* push_prepare.c: picks at most `limit` rows, reads and decides them into `ready` and `answered`.
 */
/* push_hand.c: rows in hand that a pick would bring back, sorted for look-ups; lives in `a`. */
struct push_hand {
    const struct parcel_row **rows;
    size_t n;
};
void hand_look(const struct push *p, struct arena *a, struct push_hand *h);
bool hand_holds(const struct push_hand *h, const char *mapping, const char *key);
/* What a row has left at this account (state_move) while an update of it is still on its way: that
 * would open the job again. */
bool hand_holds_job(const struct push_hand *h, const struct picked *row);

/* The queue, less the rows of mappings that cannot be read now. */
/* Nothing but creates found since push_hold_creates's time is left of the creates. */
bool push_only_held(const struct push *p);
struct queue push_queue(struct push *p, bool creates, int64_t held_ms, int64_t now_ms);
/* push_shelf.c */
void push_drop_unsent(struct push *p, bool creates_alone);
bool push_prepare(struct push *p, size_t limit, int64_t now_ms, struct err *e) MUST_CHECK;
/* push.c: gives up a create that was sent, or any parcel that was answered. */
void push_drop(struct push *p, struct parcel *c);
/* push_answer.c: errand.done; fills the verdicts and moves the parcel on. */
void push_answered(struct errand *errand, const struct http_response *r);
/* push_record.c: writes everything answered. */
bool push_record(struct push *p, struct err *e) MUST_CHECK;

#endif
