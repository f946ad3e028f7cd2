/*
 * writeback: the partner's own columns (source.write_back), kept filled with what the state knows.
 *
 * Where source and state are one database, the columns are written in the transaction that records
 * an outcome, or, when the partner's table does not let us (a locked row, a trigger that fails, a
 * right that is missing), noted there and written later. Where they are two, they are noted in that
 * transaction and written after it. Nothing is lost by dying between, the mirror never waits for
 * the partner's locks, and only rows that say something else are touched.
 */
#ifndef QS_ENGINE_WRITEBACK_H
#define QS_ENGINE_WRITEBACK_H

#include "engine/account.h"
#include "engine/feed.h"

struct writeback_options {
    const struct account *account; /* under its lease */
    const struct feed *feeds;
    size_t n_feeds;
    struct pg *state;
    struct pg *writer; /* to the source; NULL when no mapping writes back */
    bool one_database; /* and it is the state's, with the same role */
};

struct writeback;
struct writeback *writeback_new(const struct writeback_options *o);
void writeback_free(struct writeback *w);

/* As state_record, and has the columns of the rows filled that came to another job, or to none. */
bool writeback_record(struct writeback *w, const struct result *results, size_t n,
                      struct err *e) MUST_CHECK;

/* The same for what else is to be recorded: opens the transaction in which the caller records it
 * on `pg`; then end fills the columns of these rows and commits. When anything fails between, or in
 * end, give_up takes it all back. */
bool writeback_begin(struct writeback *w, struct pg **pg, struct err *e) MUST_CHECK;
bool writeback_end(struct writeback *w, struct note *rows, size_t n, struct err *e) MUST_CHECK;
void writeback_give_up(struct writeback *w);

/* Writes some of what could not be written at once. */
bool writeback_turn(struct writeback *w, int64_t now_ms, struct err *e) MUST_CHECK;
/* How long the next turn can wait; -1: no mapping writes back. */
int64_t writeback_wait_ms(const struct writeback *w, int64_t now_ms);
/* There is more that may be written soon. What fails again and again does not count. */
bool writeback_is_busy(const struct writeback *w, int64_t now_ms);

#endif
