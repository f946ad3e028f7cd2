/*
 * err: why a pass, a command or a connection failed, as a value.
 *
 * `struct err` lives on the caller's stack, never allocates and so cannot fail. Its kind is what
 * the caller may do about it, not where it came from. The one who finds a failure fills it, each
 * layer on the way may prefix context, and whoever handles it logs it, once. A row's verdict is
 * not an err (see job.h, op.h), and a bug is BUG() (see mem.h).
 *
 * Messages: lower case, no full stop, names and values in double quotes. Hints: one sentence that
 * says what to do next.
 */
#ifndef QS_BASE_ERR_H
#define QS_BASE_ERR_H

#include <stdbool.h>

#include "base/mem.h"

enum err_kind {
    ERR_NONE,
    ERR_USAGE,    /* the command line is wrong */
    ERR_CONFIG,   /* agent.yaml, a mapping, a right or an object in the database is wrong */
    ERR_AWAY,     /* Qudra or a database cannot be reached now: try again later */
    ERR_KEY,      /* Qudra refuses the API key */
    ERR_LOCKED,   /* another agent holds the account */
    ERR_FENCED,   /* our lease was taken over: nothing more may be written */
    ERR_STOPPED,  /* a signal asked us to stop */
    ERR_INTERNAL, /* anything else */
};

struct err {
    enum err_kind kind;
    char message[1024];
    char hint[512];   /* "" when there is nothing to say */
    char sqlstate[6]; /* of PostgreSQL, "" otherwise */
    int sql_position; /* 1-based character in the statement that the server complains of, 0: none */
};

#define ERR_INIT                                                                                   \
    {                                                                                              \
        .kind = ERR_NONE                                                                           \
    }

/* Fills e and returns false, so that `return err_set(e, …)` reads well. Replaces what was there. */
bool err_set(struct err *e, enum err_kind kind, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* Adds the hint; returns false. */
bool err_hint(struct err *e, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Puts context before the message: "mapping \"jobs\": " + message. Returns false. */
bool err_prefix(struct err *e, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* The exit status of sysexits.h that the design gives to a kind. */
int err_exit_status(enum err_kind kind);

/* Exit statuses that no err stands for. */
enum {
    EXIT_CONVERGED = 0,
    EXIT_ROWS_LEFT = 65, /* EX_DATAERR: finished, some rows refused, held or deferred */
};

#endif
