/*
 * tenure: this agent's life among the others: its heartbeat, and the death of others.
 *
 * An agent holds accounts for as long as it lives, and it lives as long as its heart beats in the
 * database. `until_ms`, by our own clock, ends before the database's time does: whoever was stopped
 * or cut off for longer finds it run out before a request leaves, and, at the next beat, that it
 * was declared dead. Everything it held is lost then, all at once, and it begins anew.
 */
#ifndef QS_ENGINE_TENURE_H
#define QS_ENGINE_TENURE_H

#include "edges/state_agents.h"

#define PATIENCE_MS (2 * BEAT_MS)

struct tenure {
    const char *name;   /* of this process: see engine/holder */
    bool shares;        /* takes its part of the accounts, as others do */
    int64_t until_ms;   /* monotonic: nothing may be sent after it */
    int64_t beat_at_ms; /* monotonic */
    bool begun;
    size_t sharing;        /* agents that live and share, this one counted if it does, */
    size_t rank;           /* and how many of them stand before it, by name */
    bool regrouped;        /* other agents share than before; whoever acts on it clears it */
    size_t crowd;          /* others that live, whether they share or not */
    bool any_free;         /* some account is held by nobody */
    char rival[160];       /* that of the others who will live longest; "": there is none */
    int64_t rival_left_ms; /* without a further beat of its own */
};

void tenure_init(struct tenure *t, const char *name, bool shares);
/* Beats when it is time, and buries the dead. *lost: this agent had been declared dead; it lives
 * again, and holds nothing. The first beat begins its life. */
bool tenure_beat(struct tenure *t, struct pg *state, int64_t now_ms, bool *lost,
                 struct err *e) MUST_CHECK;
/* The rival beats: it lives, and a command does not wait for it. To be asked when PATIENCE_MS have
 * gone by since it was first seen; one that does not beat is waited for, a few seconds at most. */
bool tenure_rival_beats(const struct tenure *t);
void tenure_end(struct tenure *t, struct pg *state);

#endif
