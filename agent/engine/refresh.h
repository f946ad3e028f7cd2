/*
 * refresh: ask Qudra how the embeddings of recent jobs are getting on, with requests to spare.
 *
 * A new job is `processing` for about half a minute, then `ready` or `failed` (jobs page). One walk
 * over the newest pages of the list brings embedding_status, match_ready and qudra_url up to date,
 * a hundred jobs a request. It happens only when nothing else waits for the budget, here or at
 * others on the same key.
 */
#ifndef QS_ENGINE_REFRESH_H
#define QS_ENGINE_REFRESH_H

#include "engine/listing.h"

struct refresh_options {
    struct account *account;
    struct sender *sender;
    struct pg *state;
    int64_t not_older_ms; /* jobs synced longer ago than this are not waited for */
};

struct refresh;
struct refresh *refresh_new(const struct refresh_options *o);
void refresh_free(struct refresh *r);

/* Jobs were created or changed: there will be something to ask for. */
void refresh_wake(struct refresh *r, int64_t now_ms);
/* `spare`: no other work of the account waits for a request. */
bool refresh_turn(struct refresh *r, bool spare, int64_t now_ms, struct err *e) MUST_CHECK;
/* How long the next turn can wait; -1: nothing to ask for. */
int64_t refresh_wait_ms(const struct refresh *r, int64_t now_ms);

#endif
