/*
 * pg_internal: what the files of the room pg share. Nobody else includes it.
 */
#ifndef QS_EDGES_PG_INTERNAL_H
#define QS_EDGES_PG_INTERNAL_H

#include <libpq-fe.h>

#include "edges/pg.h"

struct pg {
    PGconn *conn; /* NULL: closed */
    struct arena arena;
    struct pg_options o; /* its strings are in the arena */
    bool pooled;         /* no startup options came through: a pgbouncer */
    bool sending;        /* between pg_send and pg_receive */
    int64_t deadline_ms; /* monotonic, of the statement that runs; INT64_MAX: none */
    char where[256];
};

struct pg_result {
    PGresult *res;
    size_t rows, columns; /* asked for with every value */
};

enum pg_wait_end { PG_WAIT_READY, PG_WAIT_STOPPED, PG_WAIT_LATE };
/* Waits for the socket (poll's events), the stop_fd unless it is -1, or the deadline. READY says
 * that a look is worth while, and may come early. */
enum pg_wait_end pg_wait(const struct pg *pg, short events, int stop_fd, int64_t deadline_ms);

void pg_close(struct pg *pg); /* the connection alone */

/* Each fills e and returns false. */
bool pg_fail_result(const struct pg *pg, const PGresult *res, struct err *e);
bool pg_fail_lost(const struct pg *pg, struct err *e);    /* the connection broke */
bool pg_fail_connect(const struct pg *pg, struct err *e); /* or never came about */

#endif
