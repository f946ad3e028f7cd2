/*
 * pg: one connection to PostgreSQL, blocking but interruptible. The only room with libpq.
 *
 * Nothing is retried here and nothing is kept in the session that a statement relies on: unnamed
 * statements only, no temporary tables, no session locks, so that pgbouncer in transaction mode may
 * stand in front. pgbouncer refuses startup options: then only what it tracks for each client is
 * set (time zone, date style), time-outs are kept from here, and that the role may only read is up
 * to its rights. Parameters are typed: scalars as text, arrays in binary, so that no partner value
 * is ever escaped or misread. Results are text.
 *
 * A wait on the server ends early when `stop_fd` becomes readable: the statement is cancelled and
 * ERR_STOPPED comes back. Errors: ERR_AWAY when trying later may help (connection lost, server
 * starting, out of disk or memory, serialization, time-out: SQLSTATE classes 08 53 57 40 55,
 * 25006), ERR_CONFIG for rights and missing or mistyped objects (classes 28 3D 42), else
 * ERR_INTERNAL; sqlstate and position are filled. Passwords never get into an err.
 */
#ifndef QS_EDGES_PG_H
#define QS_EDGES_PG_H

#include <stdint.h>

#include "base/err.h"
#include "formats/text.h"

struct pg;

struct pg_options {
    const char *url;  /* postgresql://… or key=value …; libpq's environment and pgpass apply */
    const char *what; /* "state" or "source": for messages */
    const char *application_name; /* "qudra-sync state" */
    int64_t connect_timeout_ms, statement_timeout_ms;
    bool read_only;        /* default_transaction_read_only */
    bool own_search_path;  /* false: search_path is empty and names must be qualified */
    const char *time_zone; /* session TimeZone; NULL: UTC */
    int stop_fd;           /* -1: none */
};

bool pg_connect(struct pg **out, const struct pg_options *o, struct err *e) MUST_CHECK;
void pg_free(struct pg *pg);        /* NULL is allowed */
bool pg_alive(const struct pg *pg); /* the last statement left the connection usable */
/* Closes and opens again. What it connects with has worked before: a login that is refused now
 * (ERR_CONFIG at pg_connect) is something that a person may mend on the server, so ERR_AWAY. */
bool pg_reconnect(struct pg *pg, struct err *e) MUST_CHECK;
bool pg_is_pooled(const struct pg *pg);    /* a pool stands between: the next statement may go to
                                              another server process, and NOTIFY is not heard */
bool pg_is_utf8(const struct pg *pg);      /* the server holds and sends nothing but valid UTF-8 */
const char *pg_where(const struct pg *pg); /* "state database \"ats\" on host db1": for messages */

/* ---- parameters -------------------------------------------------------------------------------
 */

#define PG_MAX_PARAMS 24
enum pg_type { PG_TEXT, PG_INT8, PG_FLOAT8, PG_BOOL, PG_BYTEA, PG_TIMESTAMPTZ_MS };

/* A column of values for unnest(): filled row by row, sent as one binary array parameter. */
struct pg_array {
    enum pg_type type;
    size_t n;
    struct buf bytes; /* begins with room for the header */
    bool has_null;
};
void pg_array_init(struct pg_array *a, enum pg_type type);
void pg_array_clear(struct pg_array *a);
void pg_array_release(struct pg_array *a);
void pg_array_null(struct pg_array *a);
void pg_array_str(struct pg_array *a, const char *s); /* NULL adds a null */
void pg_array_text(struct pg_array *a, struct text t);
void pg_array_int(struct pg_array *a, int64_t v);
void pg_array_float(struct pg_array *a, double v);
void pg_array_bool(struct pg_array *a, bool v);
void pg_array_bytes(struct pg_array *a, const void *data, size_t len); /* PG_BYTEA */
void pg_array_time(struct pg_array *a, int64_t unix_ms);               /* PG_TIMESTAMPTZ_MS */

struct pg_params {
    int n;
    const char *value[PG_MAX_PARAMS];
    int length[PG_MAX_PARAMS];
    int format[PG_MAX_PARAMS];
    unsigned type[PG_MAX_PARAMS];
    char number[PG_MAX_PARAMS]
               [32]; /* what pg_add_int and its like point at: never copy the struct */
    struct buf copy[PG_MAX_PARAMS]; /* of texts; given back by pg_params_release */
};
void pg_params_init(struct pg_params *p);
void pg_params_release(struct pg_params *p);
void pg_add_str(struct pg_params *p, const char *s);  /* borrowed; type left to the server */
void pg_add_text(struct pg_params *p, struct text t); /* copied; type left to the server */
void pg_add_int(struct pg_params *p, int64_t v);
void pg_add_float(struct pg_params *p, double v);
void pg_add_bool(struct pg_params *p, bool v);
void pg_add_bytes(struct pg_params *p, const void *data, size_t len);
void pg_add_time(struct pg_params *p, int64_t unix_ms);     /* timestamptz */
void pg_add_array(struct pg_params *p, struct pg_array *a); /* borrowed until the call returns */

/* ---- statements -------------------------------------------------------------------------------
 */

struct pg_result; /* rows of one statement; borrowed values live until it is freed */

/* Runs one statement; *out may be NULL when no rows are wanted. params may be NULL. */
bool pg_query(struct pg *pg, const char *sql, const struct pg_params *params,
              struct pg_result **out, struct err *e) MUST_CHECK;
/* Several statements without parameters (migrations), as one transaction unless one is open. */
bool pg_script(struct pg *pg, const char *sql, struct err *e) MUST_CHECK;
/* Starts a statement and comes back at once; pg_receive waits for its end. One at a time: any other
 * call on the connection in between is a BUG. */
bool pg_send(struct pg *pg, const char *sql, const struct pg_params *params,
             struct err *e) MUST_CHECK;
bool pg_receive(struct pg *pg, struct pg_result **out, struct err *e) MUST_CHECK;
/* Reads what the server has sent, or with `whole` waits until the whole result is here, and leaves
 * it for pg_receive. Whatever goes wrong is told there. */
void pg_read_ahead(struct pg *pg, bool whole);
bool pg_is_sending(const struct pg *pg);
void pg_give_up(struct pg *pg); /* cancels what pg_send started, if anything */

bool pg_begin(struct pg *pg, struct err *e) MUST_CHECK;
bool pg_commit(struct pg *pg, struct err *e) MUST_CHECK;
void pg_rollback(struct pg *pg); /* after a failure: never fails loudly */
bool pg_in_transaction(const struct pg *pg);

void pg_result_free(struct pg_result *r); /* NULL is allowed */
size_t pg_rows(const struct pg_result *r);
size_t pg_columns(const struct pg_result *r);
int64_t pg_affected(const struct pg_result *r); /* rows written by INSERT, UPDATE, DELETE */
unsigned pg_column_type(const struct pg_result *r, size_t column); /* oid */
struct text pg_text(const struct pg_result *r, size_t row, size_t column);
void pg_texts(const struct pg_result *r, struct text *out); /* every value, row by row */
const char *pg_str(const struct pg_result *r, size_t row, size_t column); /* NULL for SQL NULL */
int64_t pg_int(const struct pg_result *r, size_t row, size_t column, int64_t if_null);
double pg_float(const struct pg_result *r, size_t row, size_t column, double if_null);
bool pg_bool(const struct pg_result *r, size_t row, size_t column); /* NULL is false */
/* bytea into out; the number of bytes, 0 for NULL; BUG when longer than max */
size_t pg_bytes(const struct pg_result *r, size_t row, size_t column, void *out, size_t max);
size_t pg_result_bytes(const struct pg_result *r); /* memory held: for page sizes */

/* ---- notifications ------------------------------------------------------------------------------
 */

bool pg_listen(struct pg *pg, const char *channel, struct err *e) MUST_CHECK;
int pg_fd(const struct pg *pg);                 /* for the agent's one wait; -1 when closed */
bool pg_notified(struct pg *pg, struct err *e); /* reads what has come; true: at least one; a dead
                                                   connection is told by e->kind */
#endif
