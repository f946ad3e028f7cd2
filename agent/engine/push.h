/*
 * push: bring what is pending to Qudra, most urgent first, inside the account's budget.
 *
 * One push serves one account. A turn has six steps: pick pending rows, read their source rows
 * again, decide again, journal creates, send, and record what was answered. Nothing waits inside: a
 * turn does what can be done now and says until when it need not be called again.
 *
 * Promise 2: a create leaves only after its journal row is committed; a create whose answer is lost
 * is recorded as uncertain and never picked again until engine/settle has looked.
 */
#ifndef QS_ENGINE_PUSH_H
#define QS_ENGINE_PUSH_H

#include "engine/feed.h"
#include "engine/sender.h"
#include "engine/writeback.h"

struct push_counts {
    int64_t done[OP_NONE]; /* confirmed by Qudra, by operation */
    int64_t settled;       /* decided again: nothing was to be sent */
    int64_t gone;          /* rows that were not there any more: they wait for the guard */
    int64_t refused, retried, uncertain, deferred;
    int64_t job_requests; /* requests that carried jobs */
};

struct push_options {
    struct account *account;
    struct sender *sender;
    struct feed *feeds;
    size_t n_feeds;
    struct pg *state;
    struct arena *work; /* of one turn: many pushes may share it */
    struct writeback *writeback;
    /* A plan is followed: only rows that it names are picked, and one that wants something else by
     * now is told here and left alone. NULL: the whole queue. */
    void (*stray)(void *context, const char *mapping, const char *account, const char *key,
                  enum op_kind planned, enum op_kind now);
    void *stray_context;
};

struct push;
struct push *push_new(const struct push_options *o);
void push_free(struct push *p); /* nothing may be in flight */

/* A pass is under way since then (monotonic; -1: none): what it finds to create is held until it
 * has ended, when the best of all are known, and which of them are old jobs under a new key. What
 * was found before goes on. */
void push_hold_creates(struct push *p, int64_t since_ms);
/* Closes and deletes alone may go out, until this is called with false. */
void push_only_removals(struct push *p, bool only);
/* Whether rows may be taken in hand: memory is bounded over all accounts. */
void push_may_prepare(struct push *p, bool may);
bool push_starves(const struct push *p);    /* it would take some now, if it might */
bool push_holds_rows(const struct push *p); /* it has some */
/* Answers that are not recorded yet. A lease that is given back before says that all is known, and
 * what Qudra has applied would count as never sent. */
bool push_owes(const struct push *p);
/* Puts back what is in hand and cannot leave soon. */
void push_shelve(struct push *p);
/* A job of ours was not there, and it is not yet known whether any is: settle must not list now. */
bool push_in_doubt(const struct push *p);
/* Does what can be done now. `start` false: starts nothing new, only records (a clean stop). */
bool push_turn(struct push *p, bool start, int64_t now_ms, struct err *e) MUST_CHECK;
/* Until when the next turn can wait if no answer comes: 0 at once; -1: nothing is pending at all.
 */
int64_t push_wait_ms(const struct push *p);
size_t push_in_flight(const struct push *p); /* requests */
/* Rows may have become pending: look into the queue again at the next turn. */
void push_wake(struct push *p);
const struct push_counts *push_counts(const struct push *p);
void push_counts_add(struct push_counts *to, const struct push_counts *from);

#endif
