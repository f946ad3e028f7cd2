/*
 * sandbox: the parts of qudra-sandbox, and who may touch them when.
 *
 * The sandbox judges the agent by Qudra's documented rules, so it shares none of the agent's rooms
 * but base/ and formats/json. Everything that is not Part A of the documentation is an option.
 *
 * One lock guards all that changes. A request is read and parsed before it takes the lock and is
 * sent after it has let go, so the lock is held for microseconds.
 */
#ifndef SANDBOX_SANDBOX_H
#define SANDBOX_SANDBOX_H

#include <pthread.h>

#include "accounts.h"
#include "fault.h"
#include "jobs.h"
#include "options.h"
#include "rules.h"
#include "stats.h"

struct sandbox {
    pthread_mutex_t lock;
    struct options options;
    struct accounts accounts;
    struct jobs jobs;
    struct faults faults;
    struct stats stats;
    struct cities cities;
    struct replays *replays; /* answers kept for --idempotency honoured */
    int64_t clock_offset_ms; /* the server's clock is not the agent's */
    int64_t months_turned;   /* quota months turned by hand */
    struct scramble request_ids;
    uint64_t requests;
    uint64_t random;
};

int64_t sandbox_now_ms(const struct sandbox *s);
/* The month that quotas are counted in, as a running number. */
int64_t sandbox_month(const struct sandbox *s);
/* A number below `bound`, from the seed. */
uint64_t sandbox_random(struct sandbox *s, uint64_t bound);

#endif
