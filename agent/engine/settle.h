/*
 * settle: find out what became of creates whose answer was lost (promise 2).
 *
 * Qudra keeps no id of ours, so the only way is to look: list the account's jobs, newest first,
 * back to the time of the oldest uncertain create or until each has its job, and compare content. A
 * job that no row owns and that equals what was sent is that create's. A create that is not found
 * is looked for again until `qudra.settle_wait` has passed since its answer was lost, and at least
 * twice; only then does it count as not applied, and its row may be sent again. This is the one
 * place that may decide so.
 *
 * A job that is older than the create waits as long, for the right one may be listed late.
 *
 * A text identifies a job by its words, for Qudra may hand it back changed (trimmed, normalised,
 * sanitised); another field that has been seen to come back changed, or was not sent at all,
 * identifies nothing. A list that could not be read to its end still binds what is equal so far,
 * since nothing further down could change that; only whether a create is missing, or which of
 * several jobs is meant, needs the whole. Rows of equal content are interchangeable; where unequal
 * rows cannot be told apart by what is left, none of them is bound: they stay `uncertain` and a
 * person is told.
 */
#ifndef QS_ENGINE_SETTLE_H
#define QS_ENGINE_SETTLE_H

#include "engine/listing.h"
#include "engine/writeback.h"

struct settle_options {
    struct account *account;
    struct sender *sender;
    struct pg *state;
    struct writeback *writeback;
};

struct settle;
struct settle *settle_new(const struct settle_options *o);
void settle_free(struct settle *s);

/* There may be uncertain rows now. */
void settle_wake(struct settle *s);
/* Does what can be done now. `start` false: starts nothing new. */
bool settle_turn(struct settle *s, bool start, int64_t now_ms, struct err *e) MUST_CHECK;
/* 0: call again at once; -1: nothing is uncertain; else how long the next turn can wait. */
int64_t settle_wait_ms(const struct settle *s, int64_t now_ms);
/* Only ambiguous ones are left, or the list cannot be read to its end: nothing but a person (or
 * time) will change that. */
bool settle_is_stuck(const struct settle *s);
/* Creates whose fate was found out and recorded, since the start: their rows may wait for push, or
 * for the guard. */
int64_t settle_ended(const struct settle *s);
/* Creates that are being looked for. */
size_t settle_attempts(const struct settle *s);

/* ---- the matching, pure -------------------------------------------------------------------------
 */

struct settle_content {
    struct job_hash hash;
    struct job_words words; /* all zero: not known */
};

/* How much of a job has to be as it was sent, from fine to coarse. */
enum settle_tier {
    SETTLE_SAME,       /* everything */
    SETTLE_SAME_WORDS, /* of the texts only the words: Qudra may trim, fold, compose, restyle */
    SETTLE_SAME_TITLE, /* and none of the description: Qudra may have sanitised it */
    SETTLE_SAME_FACTS, /* all but the texts */
};

struct settle_attempt {
    struct settle_content payload;
    int match;             /* filled: index of the job, SETTLE_NONE or SETTLE_AMBIGUOUS */
    enum settle_tier tier; /* filled where there is a match: by what; beyond SETTLE_SAME the job is
                              to be written anew */
};
#define SETTLE_NONE      (-1)
#define SETTLE_AMBIGUOUS (-2)

/* Equal so far. Fields that are no text count when they are in `identity` and were sent: a server
 * may fill in defaults. */
bool settle_fits(const struct settle_content *sent, const struct settle_content *held,
                 enum settle_tier tier, unsigned identity);
/* The tier by which a job may at least not be ruled out. */
enum settle_tier settle_loosest(unsigned identity, unsigned proven);
/* Pairs attempts with unowned jobs. `identity`: fields that never came back changed; `proven`:
 * those that have come back as sent. Equal attempts take equal jobs in order; attempts that differ,
 * but not so far as the tier looks, are ambiguous when any job fits them. */
void settle_match(struct settle_attempt *attempts, size_t n_attempts,
                  const struct settle_content *jobs, size_t n_jobs, unsigned identity,
                  unsigned proven);

#endif
