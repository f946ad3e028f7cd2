/*
 * run_wait: `run` waits for a database that is away when it starts, as it does for one that goes
 * away later: told once, not ready meanwhile, tried again with growing pauses. A wrong
 * configuration is not waited for.
 */
#ifndef QS_COMMANDS_RUN_WAIT_H
#define QS_COMMANDS_RUN_WAIT_H

#include "edges/http.h"
#include "edges/metrics.h"

struct run_wait {
    struct metrics *metrics;
    int signal_fd;
    struct http *http; /* for its wait alone; NULL: nothing has been waited for */
    int64_t pause_ms;
};

/* After an attempt that failed with *e. True: it is time for the next one, or a signal to read the
 * configuration again came. False with e as it was: waiting does not mend that; ERR_STOPPED: a
 * signal to stop came. */
bool run_wait(struct run_wait *w, struct err *e) MUST_CHECK;
/* The wait is over, well or not. */
void run_wait_end(struct run_wait *w);

#endif
