/*
 * The queue's end: picking, journalling, recording. What becomes of a row that changed while its
 * request was under way is decided where both are known, in state_record.sql.
 */
#include "edges/state_internal.h"

static void add_mappings(struct state_call *c, const struct queue *q)
{
    struct pg_array *names = state_call_column(c, PG_TEXT);
    for (size_t i = 0; i < q->n_mappings; i++)
        pg_array_str(names, q->mappings[i]);
}

bool state_pick(struct pg *pg, const struct queue *q, size_t limit, struct arena *a,
                struct picked **rows, size_t *n, struct err *e)
{
    enum { MAPPING, KEY, CHANGED_AGO, INTENDED, ANSWERED, RECORDED };
    struct state_call c;
    struct pg_result *r;
    state_call_init(&c, pg, NULL);
    pg_add_str(&c.params, q->account);
    pg_add_int(&c.params, (int64_t)limit);
    pg_add_str(&c.params, op_names[q->upto]);
    if (q->held_ms < 0)
        pg_add_str(&c.params, NULL);
    else
        pg_add_int(&c.params, q->held_ms);
    pg_add_bool(&c.params, q->planned);
    add_mappings(&c, q);
    if (!state_read(&c, sql_state_pick, &r, e))
        return false;
    *n = pg_rows(r);
    *rows = arena_alloc(a, (*n + 1) * sizeof **rows);
    for (size_t i = 0; i < *n; i++) {
        struct picked *p = &(*rows)[i];
        p->mapping = arena_strdup(a, pg_str(r, i, MAPPING));
        p->key = arena_strdup(a, pg_str(r, i, KEY));
        p->changed_ago_ms = pg_int(r, i, CHANGED_AGO, 0);
        p->intended_us = pg_int(r, i, INTENDED, 0);
        p->has_answered = state_read_fields(r, i, ANSWERED, &p->answered);
        state_read_recorded(r, i, RECORDED, a, &p->recorded);
        p->op = p->recorded.op;
    }
    pg_result_free(r);
    return true;
}

static bool is_there(struct pg *pg, const char *sql, const char *name, bool *there, struct err *e)
{
    struct state_call c;
    int64_t found;
    state_call_init(&c, pg, NULL);
    pg_add_str(&c.params, name);
    if (!state_read_int(&c, sql, 0, &found, e))
        return false;
    *there = found != 0;
    return true;
}

bool state_knows(struct pg *pg, const char *mapping, bool *known, struct err *e)
{
    return is_there(pg, sql_state_knows, mapping, known, e);
}

bool state_mirrors(struct pg *pg, const char *account, bool *mirrors, struct err *e)
{
    return is_there(pg, sql_state_mirrors, account, mirrors, e);
}

bool state_rows(struct pg *pg, const char *mapping, const char *const *keys, size_t n,
                struct arena *a, struct recorded *out, struct err *e)
{
    enum { PLACE, RECORDED };
    struct state_call c;
    struct pg_result *r;
    state_call_init(&c, pg, NULL);
    pg_add_str(&c.params, mapping);
    struct pg_array *key = state_call_column(&c, PG_TEXT);
    for (size_t i = 0; i < n; i++) {
        pg_array_str(key, keys[i]);
        out[i] = (struct recorded){.op = OP_NONE};
    }
    if (!state_read(&c, sql_state_rows, &r, e))
        return false;
    for (size_t row = 0; row < pg_rows(r); row++)
        state_read_recorded(r, row, RECORDED, a, &out[state_read_place(r, row, PLACE, n)]);
    pg_result_free(r);
    return true;
}

bool state_next_attempt_ms(struct pg *pg, const struct queue *q, int64_t *in_ms, struct err *e)
{
    struct state_call c;
    state_call_init(&c, pg, NULL);
    pg_add_str(&c.params, q->account);
    pg_add_str(&c.params, op_names[q->upto]);
    pg_add_bool(&c.params, q->planned);
    add_mappings(&c, q);
    return state_read_int(&c, sql_state_next_attempt, -1, in_ms, e);
}

bool state_trim(struct pg *pg, struct err *e)
{
    return pg_query(pg, sql_state_trim, NULL, NULL, e);
}

/* ---- the journal ----------------------------------------------------------------------------- */

static void add_attempts(struct state_call *c, const struct attempt *attempts, size_t n)
{
    struct pg_array *mapping = state_call_column(c, PG_TEXT);
    struct pg_array *key = state_call_column(c, PG_TEXT);
    struct pg_array *idempotency_key = state_call_column(c, PG_TEXT);
    struct pg_array *hash = state_call_column(c, PG_BYTEA);
    struct pg_array *fields = state_call_column(c, PG_BYTEA);
    struct pg_array *words = state_call_column(c, PG_BYTEA);
    struct pg_array *wanted = state_call_column(c, PG_BYTEA);
    for (size_t i = 0; i < n; i++) {
        pg_array_str(mapping, attempts[i].mapping);
        pg_array_str(key, attempts[i].key);
        pg_array_str(idempotency_key, attempts[i].idempotency_key);
        state_add_hash(hash, &attempts[i].payload);
        state_add_fields(fields, &attempts[i].payload);
        state_add_words(words, &attempts[i].words);
        if (attempts[i].wanted != NULL)
            pg_array_bytes(wanted, attempts[i].wanted, sizeof attempts[i].payload.all);
        else
            pg_array_null(wanted);
    }
}

bool state_journal(struct pg *pg, const struct lease *l, const struct attempt *attempts, size_t n,
                   bool *taken, struct err *e)
{
    enum { FENCED, PLACE };
    struct state_call c;
    struct pg_result *r;
    for (size_t i = 0; i < n; i++)
        taken[i] = false;
    state_call_init(&c, pg, l);
    add_attempts(&c, attempts, n);
    if (!state_write(&c, sql_state_journal, &r, e))
        return false;
    for (size_t row = 0; row < pg_rows(r); row++)
        if (pg_str(r, row, PLACE))
            taken[state_read_place(r, row, PLACE, n)] = true;
    pg_result_free(r);
    return true;
}

/* ---- results --------------------------------------------------------------------------------- */

enum { CONFIRMED = 1, FORGET_JOB = 2, ATTEMPT = 4, KEEP_JOURNAL = 8, FORGET_SYNCED = 16 };

/* The columns of state_record.sql. */
struct records {
    struct pg_array *mapping, *key, *op, *state, *next_op, *flags, *wait, *hash, *fields, *answered;
    struct pg_array *code, *message, *message_ar, *request_id;
    struct pg_array *job_id, *url, *status, *embedding, *ready;
};

static void records_init(struct records *t, struct state_call *c)
{
    t->mapping = state_call_column(c, PG_TEXT);
    t->key = state_call_column(c, PG_TEXT);
    t->op = state_call_column(c, PG_TEXT);
    t->state = state_call_column(c, PG_TEXT);
    t->next_op = state_call_column(c, PG_TEXT);
    t->flags = state_call_column(c, PG_INT8);
    t->wait = state_call_column(c, PG_INT8);
    t->hash = state_call_column(c, PG_BYTEA);
    t->fields = state_call_column(c, PG_BYTEA);
    t->answered = state_call_column(c, PG_BYTEA);
    t->code = state_call_column(c, PG_TEXT);
    t->message = state_call_column(c, PG_TEXT);
    t->message_ar = state_call_column(c, PG_TEXT);
    t->request_id = state_call_column(c, PG_TEXT);
    t->job_id = state_call_column(c, PG_TEXT);
    t->url = state_call_column(c, PG_TEXT);
    t->status = state_call_column(c, PG_TEXT);
    t->embedding = state_call_column(c, PG_TEXT);
    t->ready = state_call_column(c, PG_BOOL);
}

static int64_t flags_of(const struct verdict *v)
{
    return (v->synced ? CONFIRMED : 0) | (v->forget_job ? FORGET_JOB | FORGET_SYNCED : 0) |
           (v->forget_synced ? FORGET_SYNCED : 0) | (v->attempt ? ATTEMPT : 0) |
           (v->keep_journal ? KEEP_JOURNAL : 0);
}

static void add_verdict(const struct records *t, const struct result *r)
{
    if (r->verdict.state == ROW_PENDING && r->verdict.op == OP_NONE)
        BUG("row \"%s\" would be pending for nothing", r->key);
    pg_array_str(t->mapping, r->mapping);
    pg_array_str(t->key, r->key);
    state_add_op(t->op, r->op);
    state_add_row_state(t->state, r->verdict.state);
    state_add_op(t->next_op, r->verdict.op);
    pg_array_int(t->flags, flags_of(&r->verdict));
    pg_array_int(t->wait, r->verdict.wait_ms);
}

/* What was answered is kept only where it differs from what was sent. */
static void add_hashes(const struct records *t, const struct result *r)
{
    const struct job_hash *sent = r->sent && !state_hash_is_none(r->sent) ? r->sent : NULL;
    bool as_sent = !r->has_answered || (sent && job_hash_equal(sent, &r->answered));
    state_add_hash(t->hash, sent);
    state_add_fields(t->fields, sent);
    state_add_fields(t->answered, as_sent ? NULL : &r->answered);
}

static void add_outcome(const struct records *t, const struct outcome *given)
{
    static const struct outcome none = {.match_ready = -1};
    const struct outcome *o = given ? given : &none;
    pg_array_str(t->code, o->code);
    pg_array_str(t->message, o->message);
    pg_array_str(t->message_ar, o->message_ar);
    pg_array_str(t->request_id, o->request_id);
    pg_array_str(t->job_id, o->job_id);
    pg_array_str(t->url, o->qudra_url);
    pg_array_str(t->status, o->job_status);
    pg_array_str(t->embedding, o->embedding_status);
    if (o->match_ready < 0)
        pg_array_null(t->ready);
    else
        pg_array_bool(t->ready, o->match_ready > 0);
}

static bool record(struct pg *pg, const struct lease *l, const struct result *results, size_t n,
                   struct err *e)
{
    struct state_call c;
    struct records t;
    state_call_init(&c, pg, l);
    records_init(&t, &c);
    for (size_t i = 0; i < n; i++) {
        add_verdict(&t, &results[i]);
        add_hashes(&t, &results[i]);
        add_outcome(&t, results[i].outcome);
    }
    return state_write(&c, sql_state_record, NULL, e);
}

static bool unbind(struct pg *pg, const struct lease *l, const struct result *results, size_t n,
                   struct err *e)
{
    struct state_call c;
    state_call_init(&c, pg, l);
    struct pg_array *mapping = state_call_column(&c, PG_TEXT);
    struct pg_array *key = state_call_column(&c, PG_TEXT);
    for (size_t i = 0; i < n; i++) {
        if (!results[i].verdict.forget_job)
            continue;
        pg_array_str(mapping, results[i].mapping);
        pg_array_str(key, results[i].key);
    }
    return state_write(&c, sql_state_unbind, NULL, e);
}

/* A job may pass from one row to another in one batch: the unique index wants it unbound first. */
static bool rebinds(const struct result *results, size_t n)
{
    bool forgets = false, binds = false;
    for (size_t i = 0; i < n; i++) {
        forgets = forgets || results[i].verdict.forget_job;
        binds = binds ||
                (results[i].verdict.synced && results[i].outcome && results[i].outcome->job_id);
    }
    return forgets && binds;
}

bool state_record(struct pg *pg, const struct lease *l, const struct result *results, size_t n,
                  struct err *e)
{
    if (!rebinds(results, n))
        return n == 0 || record(pg, l, results, n, e);
    bool own = !pg_in_transaction(pg);
    if (own && !pg_begin(pg, e))
        return false;
    if (unbind(pg, l, results, n, e) && record(pg, l, results, n, e) && (!own || pg_commit(pg, e)))
        return true;
    pg_rollback(pg);
    return false;
}
