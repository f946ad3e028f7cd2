/*
 * normal: what a server may do to text when it stores it (Part B), by option.
 *
 * The agent must identify its jobs by content although text does not come back as sent.
 */
#ifndef SANDBOX_NORMAL_H
#define SANDBOX_NORMAL_H

#include "jobs.h"

/* Changes the texts of `c` in the ways of the set (enum normalise); new texts live in `a`. The
 * hashes of what was sent stay as they are. Defaults are filled in by answer.c, on showing. */
void normal_apply(struct content *c, int64_t ways, struct arena *a);

#endif
