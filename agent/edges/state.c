/*
 * What every statement of this room goes through. Fencing is part of each statement and not a check
 * before it: the statement share-locks the account's row where name and fence still match, and all
 * it writes depends on that row. A take-over has to update the row, so it either comes first, and
 * the statement finds no fence, or waits until the statement is committed.
 */
#include <endian.h>
#include <string.h>

#include "edges/state_internal.h"

/* ---- statements ------------------------------------------------------------------------------ */

void state_call_init(struct state_call *c, struct pg *pg, const struct lease *l)
{
    c->pg = pg;
    c->account = NULL;
    c->n_columns = 0;
    pg_params_init(&c->params);
    if (!l)
        return;
    c->account = l->account;
    pg_add_str(&c->params, l->account);
    pg_add_int(&c->params, l->fence);
}

struct pg_array *state_call_column(struct state_call *c, enum pg_type type)
{
    if (c->n_columns == PG_MAX_PARAMS)
        BUG("more than %d columns", PG_MAX_PARAMS);
    struct pg_array *column = &c->column[c->n_columns++];
    pg_array_init(column, type);
    return column;
}

void state_call_leases(struct state_call *c, const struct lease *leases, size_t n)
{
    c->account = n == 1 ? leases[0].account : "…";
    struct pg_array *name = state_call_column(c, PG_TEXT);
    struct pg_array *fence = state_call_column(c, PG_INT8);
    for (size_t i = 0; i < n; i++) {
        pg_array_str(name, leases[i].account);
        pg_array_int(fence, leases[i].fence);
    }
}

static void release(struct state_call *c)
{
    for (size_t i = 0; i < c->n_columns; i++)
        pg_array_release(&c->column[i]);
    c->n_columns = 0;
    pg_params_release(&c->params);
}

bool state_send(struct state_call *c, const char *sql, struct err *e)
{
    for (size_t i = 0; i < c->n_columns; i++)
        pg_add_array(&c->params, &c->column[i]);
    bool ok = pg_send(c->pg, sql, &c->params, e);
    release(c);
    return ok;
}

bool state_read(struct state_call *c, const char *sql, struct pg_result **out, struct err *e)
{
    for (size_t i = 0; i < c->n_columns; i++)
        pg_add_array(&c->params, &c->column[i]);
    bool ok = pg_query(c->pg, sql, &c->params, out, e);
    release(c);
    return ok;
}

static bool fenced(const char *account, struct err *e)
{
    err_set(e, ERR_FENCED, "the lease of account \"%s\" was taken over by another agent", account);
    return err_hint(e, "The other agent goes on from here; `qudra-sync status` names it.");
}

bool state_write(struct state_call *c, const char *sql, struct pg_result **out, struct err *e)
{
    const char *account = c->account;
    struct pg_result *r = NULL;
    if (!state_read(c, sql, &r, e))
        return false;
    if (pg_rows(r) == 0 || !pg_bool(r, 0, 0)) {
        pg_result_free(r);
        return fenced(account, e);
    }
    if (out)
        *out = r;
    else
        pg_result_free(r);
    return true;
}

bool state_write_keys(struct pg *pg, const struct lease *l, const char *sql, const char *mapping,
                      const char *const *keys, size_t n, struct err *e)
{
    struct state_call c;
    state_call_init(&c, pg, l);
    pg_add_str(&c.params, mapping);
    struct pg_array *key = state_call_column(&c, PG_TEXT);
    for (size_t i = 0; i < n; i++)
        pg_array_str(key, keys[i]);
    return state_write(&c, sql, NULL, e);
}

bool state_write_count(struct state_call *c, const char *sql, int64_t *count, struct err *e)
{
    struct pg_result *r;
    if (!state_write(c, sql, &r, e))
        return false;
    *count = pg_int(r, 0, 1, 0);
    pg_result_free(r);
    return true;
}

bool state_read_int(struct state_call *c, const char *sql, int64_t if_none, int64_t *out,
                    struct err *e)
{
    struct pg_result *r;
    if (!state_read(c, sql, &r, e))
        return false;
    *out = pg_rows(r) > 0 ? pg_int(r, 0, 0, if_none) : if_none;
    pg_result_free(r);
    return true;
}

bool state_read_keys(struct state_call *c, const char *sql, struct arena *a, const char ***keys,
                     size_t *n, struct err *e)
{
    struct pg_result *r;
    if (!state_read(c, sql, &r, e))
        return false;
    *n = pg_rows(r);
    *keys = arena_alloc(a, (*n + 1) * sizeof **keys);
    for (size_t i = 0; i < *n; i++)
        (*keys)[i] = arena_strdup(a, pg_str(r, i, 0));
    pg_result_free(r);
    return true;
}

/* ---- values ---------------------------------------------------------------------------------- */

enum { FIELD_BYTES = 6, UNUSED_BITS = 16 }; /* of struct job_hash.field: no hash is larger */

bool state_hash_is_none(const struct job_hash *h)
{
    static const uint8_t none[sizeof h->all];
    return memcmp(h->all, none, sizeof none) == 0;
}

void state_add_hash(struct pg_array *column, const struct job_hash *h)
{
    if (!h || state_hash_is_none(h))
        pg_array_null(column);
    else
        pg_array_bytes(column, h->all, sizeof h->all);
}

void state_add_fields(struct pg_array *column, const struct job_hash *h)
{
    uint8_t bytes[JOB_FIELDS][FIELD_BYTES];
    if (!h) {
        pg_array_null(column);
        return;
    }
    for (size_t f = 0; f < JOB_FIELDS; f++) {
        uint64_t field = htobe64(h->field[f] << UNUSED_BITS);
        memcpy(bytes[f], &field, FIELD_BYTES);
    }
    pg_array_bytes(column, bytes, sizeof bytes);
}

/* A field that this program knows and the one that wrote the row did not counts as missing. */
bool state_read_fields(const struct pg_result *r, size_t row, size_t column, struct job_hash *out)
{
    uint8_t bytes[JOB_FIELDS][FIELD_BYTES] = {{0}};
    bool any = pg_bytes(r, row, column, bytes, sizeof bytes) > 0;
    for (size_t f = 0; f < JOB_FIELDS; f++) {
        uint64_t field = 0;
        memcpy(&field, bytes[f], FIELD_BYTES);
        out->field[f] = be64toh(field) >> UNUSED_BITS;
    }
    return any;
}

void state_read_hash(const struct pg_result *r, size_t row, size_t all, size_t fields,
                     struct job_hash *out)
{
    pg_bytes(r, row, all, out->all, sizeof out->all);
    state_read_fields(r, row, fields, out);
}

void state_add_words(struct pg_array *column, const struct job_words *w)
{
    const uint64_t words[] = {htobe64(w->title), htobe64(w->description)};
    pg_array_bytes(column, words, sizeof words);
}

void state_read_words(const struct pg_result *r, size_t row, size_t column, struct job_words *out)
{
    uint64_t words[2] = {0};
    pg_bytes(r, row, column, words, sizeof words);
    *out = (struct job_words){.title = be64toh(words[0]), .description = be64toh(words[1])};
}

void state_add_op(struct pg_array *column, enum op_kind op)
{
    pg_array_str(column, op == OP_NONE ? NULL : op_names[op]);
}

void state_add_row_state(struct pg_array *column, enum row_state s)
{
    pg_array_str(column, s == ROW_STATES ? NULL : row_state_names[s]);
}

static enum op_kind read_op(const char *name)
{
    for (enum op_kind op = OP_CLOSE; op < OP_NONE; op++)
        if (name && strcmp(name, op_names[op]) == 0)
            return op;
    return OP_NONE;
}

static enum row_state read_row_state(const char *name)
{
    for (enum row_state s = ROW_PENDING; s < ROW_STATES; s++)
        if (strcmp(name, row_state_names[s]) == 0)
            return s;
    BUG("unknown row state \"%s\"", name);
}

enum {
    ACCOUNT,
    STATE,
    OPERATION,
    JOB_ID,
    JOB_STATUS_ANSWERED,
    DESIRED_HASH,
    SYNCED_HASH,
    SYNCED_FIELDS,
    ATTEMPTS,
    GONE
};

void state_read_recorded(const struct pg_result *r, size_t row, size_t first, struct arena *a,
                         struct recorded *out)
{
    const char *state = pg_str(r, row, first + STATE);
    *out = (struct recorded){.exists = state != NULL, .op = OP_NONE};
    if (!state)
        return;
    out->account = arena_strdup(a, pg_str(r, row, first + ACCOUNT));
    out->state = read_row_state(state);
    out->op = read_op(pg_str(r, row, first + OPERATION));
    out->job_id = arena_strdup(a, pg_str(r, row, first + JOB_ID));
    out->job_status = arena_strdup(a, pg_str(r, row, first + JOB_STATUS_ANSWERED));
    out->has_desired =
        pg_bytes(r, row, first + DESIRED_HASH, out->desired_all, sizeof out->desired_all) > 0;
    out->has_synced = pg_str(r, row, first + SYNCED_HASH) != NULL;
    if (out->has_synced)
        state_read_hash(r, row, first + SYNCED_HASH, first + SYNCED_FIELDS, &out->synced);
    out->attempts = (int)pg_int(r, row, first + ATTEMPTS, 0);
    out->gone = pg_bool(r, row, first + GONE);
}

size_t state_read_place(const struct pg_result *r, size_t row, size_t column, size_t n)
{
    int64_t i = pg_int(r, row, column, 0);
    if (i < 1 || (size_t)i > n)
        BUG("place %lld of %zu", (long long)i, n);
    return (size_t)i - 1;
}
