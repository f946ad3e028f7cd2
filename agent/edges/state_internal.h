/*
 * What the files of the room state share: a statement with its parameters, the fence, and a row
 * read back. Not for other rooms.
 */
#ifndef QS_EDGES_STATE_INTERNAL_H
#define QS_EDGES_STATE_INTERNAL_H

#include "edges/sql.h"
#include "edges/state.h"

/* A statement's parameters: scalars first, added to `params`, then columns for unnest(). */
struct state_call {
    struct pg *pg;
    const char *account; /* of the lease; NULL: reads only */
    struct pg_params params;
    struct pg_array column[PG_MAX_PARAMS];
    size_t n_columns;
};

/* With a lease, $1 and $2 are its account and fence. */
void state_call_init(struct state_call *c, struct pg *pg, const struct lease *l);
/* The next two columns are accounts and fences; scalars still come first. */
void state_call_leases(struct state_call *c, const struct lease *leases, size_t n);
struct pg_array *state_call_column(struct state_call *c, enum pg_type type);

/* Runs a statement that reads. The result is the caller's. The call is released, whatever happens.
 */
bool state_read(struct state_call *c, const char *sql, struct pg_result **out,
                struct err *e) MUST_CHECK;
/* The first half of it: what comes is taken with pg_receive. The call is released. */
bool state_send(struct state_call *c, const char *sql, struct err *e) MUST_CHECK;
/* Runs a statement that writes under the lease; `out` may be NULL. Its first column says whether
 * the fence held: ERR_FENCED when not, and nothing was written. */
bool state_write(struct state_call *c, const char *sql, struct pg_result **out,
                 struct err *e) MUST_CHECK;
/* Such a write with two parameters beside the lease: a mapping, and keys of its rows. */
bool state_write_keys(struct pg *pg, const struct lease *l, const char *sql, const char *mapping,
                      const char *const *keys, size_t n, struct err *e) MUST_CHECK;
/* A write whose second column is a count. */
bool state_write_count(struct state_call *c, const char *sql, int64_t *count,
                       struct err *e) MUST_CHECK;
/* A read of one whole number; `if_none` where there is no row or it is NULL. */
bool state_read_int(struct state_call *c, const char *sql, int64_t if_none, int64_t *out,
                    struct err *e) MUST_CHECK;
/* A read of keys; they live in the arena. */
bool state_read_keys(struct state_call *c, const char *sql, struct arena *a, const char ***keys,
                     size_t *n, struct err *e) MUST_CHECK;

/* How a hash stands in the database: field hashes one after the other, six bytes each, big-endian.
 */
void state_add_hash(struct pg_array *column, const struct job_hash *h);   /* all zero is NULL */
void state_add_fields(struct pg_array *column, const struct job_hash *h); /* NULL adds NULL */
bool state_read_fields(const struct pg_result *r, size_t row, size_t column,
                       struct job_hash *out); /* false: NULL */
void state_read_hash(const struct pg_result *r, size_t row, size_t all, size_t fields,
                     struct job_hash *out);
void state_add_words(struct pg_array *column, const struct job_words *w);
void state_read_words(const struct pg_result *r, size_t row, size_t column, struct job_words *out);
bool state_hash_is_none(const struct job_hash *h);

void state_add_op(struct pg_array *column, enum op_kind op);         /* OP_NONE is NULL */
void state_add_row_state(struct pg_array *column, enum row_state s); /* ROW_STATES is NULL */

/* The columns of struct recorded, from `first` on, as state_compare.sql lists them. */
void state_read_recorded(const struct pg_result *r, size_t row, size_t first, struct arena *a,
                         struct recorded *out);
/* Column `i` of statements that number their rows from 1. */
size_t state_read_place(const struct pg_result *r, size_t row, size_t column, size_t n);

#endif
