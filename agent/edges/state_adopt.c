/*
 * What reconciling asks and writes. Rows are named by the jobs they have, because that is all that
 * Qudra's list knows of them; the unique index on job_id serves both reads.
 */
#include <math.h>

#include "edges/state_internal.h"

enum { PLACE, MAPPING, KEY, ANSWERED, SYNCED_AGO, RECORDED };

static void read_bound(const struct pg_result *r, size_t row, struct arena *a, struct bound *out)
{
    *out = (struct bound){.mapping = arena_strdup(a, pg_str(r, row, MAPPING)),
                          .key = arena_strdup(a, pg_str(r, row, KEY)),
                          .synced_ago_ms = pg_int(r, row, SYNCED_AGO, -1)};
    state_read_recorded(r, row, RECORDED, a, &out->recorded);
    out->has_answered = state_read_fields(r, row, ANSWERED, &out->answered);
}

bool state_listed(struct pg *pg, const char *account, const char *const *job_ids, size_t n,
                  struct arena *a, struct bound *out, struct err *e)
{
    struct state_call c;
    struct pg_result *r;
    state_call_init(&c, pg, NULL);
    pg_add_str(&c.params, account);
    struct pg_array *job_id = state_call_column(&c, PG_TEXT);
    for (size_t i = 0; i < n; i++) {
        pg_array_str(job_id, job_ids[i]);
        out[i] = (struct bound){.mapping = NULL};
    }
    if (!state_read(&c, sql_state_listed, &r, e))
        return false;
    for (size_t row = 0; row < pg_rows(r); row++)
        read_bound(r, row, a, &out[state_read_place(r, row, PLACE, n)]);
    pg_result_free(r);
    return true;
}

bool state_witnesses(struct pg *pg, const char *account, size_t limit, struct arena *a,
                     const char ***job_ids, size_t *n, struct err *e)
{
    struct state_call c;
    state_call_init(&c, pg, NULL);
    pg_add_str(&c.params, account);
    pg_add_int(&c.params, (int64_t)limit);
    return state_read_keys(&c, sql_state_witnesses, a, job_ids, n, e);
}

bool state_bound(struct pg *pg, const char *account, const struct binding *after, size_t limit,
                 struct arena *a, struct bound **out, size_t *n, struct err *e)
{
    struct state_call c;
    struct pg_result *r;
    state_call_init(&c, pg, NULL);
    pg_add_str(&c.params, account);
    pg_add_str(&c.params, after ? after->mapping : NULL);
    pg_add_str(&c.params, after ? after->key : NULL);
    pg_add_int(&c.params, (int64_t)limit);
    if (!state_read(&c, sql_state_bound, &r, e))
        return false;
    *n = pg_rows(r);
    *out = arena_alloc(a, (*n + 1) * sizeof **out);
    for (size_t row = 0; row < *n; row++)
        read_bound(r, row, a, &(*out)[row]);
    pg_result_free(r);
    return true;
}

/* ---- adoption -------------------------------------------------------------------------------- */

/* The columns of state_adopt.sql. */
struct columns {
    struct pg_array *key, *priority, *due, *hash, *fields, *answered, *same;
    struct pg_array *job_id, *url, *status, *embedding, *ready, *message, *message_ar;
};

static void columns_init(struct columns *t, struct state_call *c)
{
    t->key = state_call_column(c, PG_TEXT);
    t->priority = state_call_column(c, PG_FLOAT8);
    t->due = state_call_column(c, PG_TIMESTAMPTZ_MS);
    t->hash = state_call_column(c, PG_BYTEA);
    t->fields = state_call_column(c, PG_BYTEA);
    t->answered = state_call_column(c, PG_BYTEA);
    t->same = state_call_column(c, PG_BOOL);
    t->job_id = state_call_column(c, PG_TEXT);
    t->url = state_call_column(c, PG_TEXT);
    t->status = state_call_column(c, PG_TEXT);
    t->embedding = state_call_column(c, PG_TEXT);
    t->ready = state_call_column(c, PG_BOOL);
    t->message = state_call_column(c, PG_TEXT);
    t->message_ar = state_call_column(c, PG_TEXT);
}

static void add_row(const struct columns *t, const struct adoption *a)
{
    const struct sighting *s = a->row;
    pg_array_str(t->key, s->key);
    if (isnan(s->priority))
        pg_array_null(t->priority);
    else
        pg_array_float(t->priority, s->priority);
    if (s->due_ms == 0)
        pg_array_null(t->due);
    else
        pg_array_time(t->due, s->due_ms);
    state_add_hash(t->hash, &s->desired.hash);
    state_add_fields(t->fields, &s->desired.hash);
}

static void add_job(const struct columns *t, const struct adoption *a)
{
    const struct outcome *job = a->job;
    bool as_sent = job == NULL || job_hash_equal(&a->content, &a->row->desired.hash);
    state_add_fields(t->answered, as_sent ? NULL : &a->content);
    pg_array_bool(t->same, a->same);
    pg_array_str(t->job_id, job != NULL ? job->job_id : NULL);
    pg_array_str(t->url, job != NULL ? job->qudra_url : NULL);
    pg_array_str(t->status, job != NULL ? job->job_status : NULL);
    pg_array_str(t->embedding, job != NULL ? job->embedding_status : NULL);
    if (job == NULL || job->match_ready < 0)
        pg_array_null(t->ready);
    else
        pg_array_bool(t->ready, job->match_ready > 0);
    pg_array_str(t->message, a->message);
    pg_array_str(t->message_ar, a->message_ar);
}

bool state_adopt(struct pg *pg, const struct lease *l, const char *mapping,
                 const struct adoption *rows, size_t n, bool *taken, struct err *e)
{
    enum { FENCED, WRITTEN };
    struct state_call c;
    struct columns t;
    struct pg_result *r;
    state_call_init(&c, pg, l);
    pg_add_str(&c.params, mapping);
    columns_init(&t, &c);
    for (size_t i = 0; i < n; i++) {
        taken[i] = false;
        add_row(&t, &rows[i]);
        add_job(&t, &rows[i]);
    }
    if (!state_write(&c, sql_state_adopt, &r, e))
        return false;
    for (size_t row = 0; row < pg_rows(r); row++)
        if (pg_str(r, row, WRITTEN) != NULL)
            taken[state_read_place(r, row, WRITTEN, n)] = true;
    pg_result_free(r);
    return true;
}

bool state_adopt_end(struct pg *pg, const struct lease *l, const char *mapping,
                     int64_t began_ago_ms, int64_t *freed, struct err *e)
{
    struct state_call c;
    state_call_init(&c, pg, l);
    pg_add_str(&c.params, mapping);
    pg_add_int(&c.params, began_ago_ms);
    return state_write_count(&c, sql_state_adopt_end, freed, e);
}
