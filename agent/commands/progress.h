/*
 * progress: how far a backfill has come: one live line on a terminal, plain lines otherwise.
 */
#ifndef QS_COMMANDS_PROGRESS_H
#define QS_COMMANDS_PROGRESS_H

#include "engine/loop.h"

struct progress {
    bool terminal;
    int64_t started_ms, shown_ms;
    bool drawn; /* a live line stands at the cursor */
};

void progress_init(struct progress *p);
/* For struct loop_options.progress; context is the struct progress. */
void progress_show(void *context, const struct loop_view *v);
/* Rows refused by a rule before they were sent, or by Qudra. */
int64_t progress_refused(const struct loop_view *v);
/* Takes the live line away; it comes back with the next turn. */
void progress_make_room(struct progress *p);
void progress_end(struct progress *p);

#endif
