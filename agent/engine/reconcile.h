/*
 * reconcile: holds what is recorded of an account against Qudra's whole list of its jobs.
 *
 * Finds jobs that are gone or edited at Qudra, and jobs that no row owns; adopts the latter for
 * rows of equal content; marks the former for repair, which is push's work then. It never creates
 * and never sends anything but reads. Reporting alone takes no lease and may run beside a working
 * agent; adopting and fixing are done under the account's lease, and each write is fenced by it.
 *
 * One page of the list, 20 to 45 bytes for each of Qudra's jobs and 300 for each that no row owns
 * are held in memory; rows of the source never are.
 */
#ifndef QS_ENGINE_RECONCILE_H
#define QS_ENGINE_RECONCILE_H

#include "engine/feed.h"
#include "engine/listing.h"
#include "engine/tenure.h"
#include "engine/writeback.h"

enum reconcile_kind {
    RECONCILE_GONE,      /* a row has a job that Qudra no longer has */
    RECONCILE_EDITED,    /* a job is no longer as Qudra last answered it to us */
    RECONCILE_UNOWNED,   /* an open job that no row has */
    RECONCILE_DUPLICATE, /* the same, and its content is that of a job that a row has */
    RECONCILE_DOUBTFUL,  /* a row that may have a job: it cannot be told which, or whether */
    RECONCILE_KINDS
};
extern const char *const reconcile_kind_names[RECONCILE_KINDS];

struct reconcile_finding {
    enum reconcile_kind kind;
    const char *job_id;        /* NULL only when DOUBTFUL: of several */
    const char *qudra_url;     /* NULL: not known */
    const char *mapping, *key; /* NULL: no row */
    unsigned fields;           /* EDITED: what differs */
    bool confirmed;            /* GONE: a read of the job itself said so */
    const char *message;       /* DOUBTFUL: what the person reads; else NULL */
};

struct reconcile_counts {
    int64_t listed, owned;
    int64_t closed; /* closed jobs that no row has: an archive, and no drift */
    int64_t found[RECONCILE_KINDS];
    int64_t adopted, to_update; /* bound to a row; of those, to be updated by push */
    int64_t freed;              /* rows that were doubtful and may be created now */
    int64_t marked;             /* gone and edited rows marked for repair */
    int64_t requests;
    int64_t unread; /* gone by the list, and no request was left to make sure */
    bool whole;     /* the list was read to its end */
    bool guarded;   /* too many are gone: nothing was marked */
    int64_t bound;  /* rows with a job, as the guard counts them */
};

struct reconcile_options {
    struct tenure *tenure;   /* that holds the account; NULL: nothing is written */
    struct account *account; /* its lease is held, or it is open for reading alone */
    struct sender *sender;
    struct pg *state;
    struct writeback *writeback; /* of adopted jobs */
    struct feed *feeds;          /* with `source` open where rows are to be adopted */
    size_t n_feeds;
    bool adopt, fix;
    int64_t requests; /* at most; -1: what the list takes, and as many again and 100 to make sure */
    struct remove_limit max_remove; /* jobs gone beyond this are not repaired (promise 4) */
    int signal_fd;                  /* ends the wait */
    void (*found)(void *context, const struct reconcile_finding *f);
    void *context;
};

/* Readies an account that is opened, and not taken, for reads. */
void reconcile_only_reads(struct account *a);

/* Does all of it. counts are right as far as it came, whatever the end. ERR_STOPPED after a signal;
 * ERR_KEY when Qudra refuses the key; ERR_AWAY when its list cannot be read to the end. A budget
 * that ran out is no failure: counts->whole is false then, and nothing was adopted or found gone.
 */
bool reconcile_run(const struct reconcile_options *o, struct reconcile_counts *counts,
                   struct err *e) MUST_CHECK;

#endif
