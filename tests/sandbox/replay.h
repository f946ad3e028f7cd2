/*
 * replay: answers kept by Idempotency-Key, for the server that honours it (Part B).
 */
#ifndef SANDBOX_REPLAY_H
#define SANDBOX_REPLAY_H

#include "partner.h"

struct replays;

struct replays *replays_new(void);
void replays_free(struct replays *r);

/* True when the call's key was seen and the answer is filled from memory (or refuses another body
 * under the same key). */
bool replay_answer(struct call *c);
void replay_keep(const struct call *c);

#endif
