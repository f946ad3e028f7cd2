/*
 * stats: what the sandbox saw: the judge's notes, from which the tests conclude.
 */
#ifndef SANDBOX_STATS_H
#define SANDBOX_STATS_H

#include "fault.h"
#include "jobs.h"

enum kind {
    KIND_CREATE,
    KIND_BULK,
    KIND_LIST,
    KIND_READ,
    KIND_UPDATE,
    KIND_DELETE,
    KIND_OTHER,
    KINDS
};

enum { STATS_STATUSES = 600, STATS_DUPLICATES = 10000 };

/* A create whose content a live job of the account already had. */
struct duplicate {
    uint32_t place;
    uint32_t existing;
    enum status existing_status;
    int64_t at_ms;
};

struct log_entry {
    int64_t at_ms;
    const struct account *account; /* NULL: no known key */
    int status;                    /* 0: never answered */
    enum fault_kind fault;
    uint32_t items; /* jobs in the request or the answer */
    char method[8];
    char path[64];
};

struct stats {
    int64_t requests[KINDS][STATS_STATUSES];
    int64_t created, updated, deleted, items_failed;
    int64_t breaches; /* 429s for being over the limit */
    int64_t quota_refusals;
    int64_t duplicates, duplicates_of_closed;
    struct duplicate *duplicate;
    int64_t largest_bulk;
    int64_t in_flight, in_flight_peak;
    struct log_entry *log; /* a ring */
    size_t log_size;
    uint64_t logged;
};

void stats_init(struct stats *s, size_t log_size);
void stats_reset(struct stats *s);
void stats_release(struct stats *s);
void stats_add_duplicate(struct stats *s, const struct duplicate *d);
void stats_log(struct stats *s, enum kind kind, const struct log_entry *entry);

#endif
