/*
 * doubt: is a job that Qudra does not know really gone, or does the key see somebody else's
 * account?
 *
 * A 404 is believed only from a key that has shown a job of ours, and then a few times in a row
 * (REMOVE_FLOOR). Otherwise another job is asked for before anything else is sent. When more than a
 * few are missing, not one was there and the list shows none of ours, the account stops: recreating
 * everything in a stranger's account is what promise 4 forbids. Where so few jobs exist that all of
 * them may be gone, it is believed.
 */
#ifndef QS_ENGINE_DOUBT_H
#define QS_ENGINE_DOUBT_H

#include "engine/sender.h"

struct doubt;
struct doubt *doubt_new(struct account *a, struct sender *s, struct pg *state);
void doubt_free(struct doubt *d);

/* Qudra does not know this job. False: that is not to be believed yet. */
bool doubt_missing(struct doubt *d, const char *job_id);
/* False: a job of ours is asked for first. A create answers any key with a job, so that a
 * stranger's would not be noticed; where nothing of ours is at Qudra yet, nothing can be asked. */
bool doubt_allows_creates(struct doubt *d);
/* While it is open, nothing may be sent for the account but what is asked here. */
bool doubt_is_open(const struct doubt *d);
/* Asks for the next job, or decides. `start` false: asks for nothing new. */
bool doubt_turn(struct doubt *d, bool start, int64_t now_ms, struct err *e) MUST_CHECK;
int64_t doubt_wait_ms(const struct doubt *d, int64_t now_ms); /* until the next turn; open only */

#endif
