/*
 * What settling and reconciling ask and learn. Reads here name the account and no fence: what they
 * find is only acted on by writes that do.
 */
#include "edges/state_internal.h"

bool state_open_attempts(struct pg *pg, const char *account, size_t limit, struct arena *a,
                         struct open_attempt **out, size_t *n, struct err *e)
{
    enum { MAPPING, KEY, HASH, FIELDS, WORDS, SENT_AGO, UNCERTAIN_AGO };
    struct state_call c;
    struct pg_result *r;
    state_call_init(&c, pg, NULL);
    pg_add_str(&c.params, account);
    pg_add_int(&c.params, (int64_t)limit);
    if (!state_read(&c, sql_state_open_attempts, &r, e))
        return false;
    *n = pg_rows(r);
    *out = arena_alloc(a, (*n + 1) * sizeof **out);
    for (size_t i = 0; i < *n; i++) {
        struct open_attempt *o = &(*out)[i];
        o->mapping = arena_strdup(a, pg_str(r, i, MAPPING));
        o->key = arena_strdup(a, pg_str(r, i, KEY));
        state_read_hash(r, i, HASH, FIELDS, &o->payload);
        state_read_words(r, i, WORDS, &o->words);
        o->sent_ago_ms = pg_int(r, i, SENT_AGO, 0);
        o->uncertain_ago_ms = pg_int(r, i, UNCERTAIN_AGO, -1);
    }
    pg_result_free(r);
    return true;
}

bool state_recover(struct pg *pg, const struct lease *leases, const bool *died, size_t n,
                   int64_t *uncertain, struct err *e)
{
    enum { FENCED, PLACE, COUNT };
    struct state_call c;
    struct pg_result *r;
    state_call_init(&c, pg, NULL);
    state_call_leases(&c, leases, n);
    struct pg_array *dead = state_call_column(&c, PG_BOOL);
    for (size_t i = 0; i < n; i++)
        pg_array_bool(dead, died[i]);
    if (!state_write(&c, sql_state_recover, &r, e))
        return false;
    for (size_t row = 0; row < pg_rows(r); row++)
        uncertain[state_read_place(r, row, PLACE, n)] = pg_int(r, row, COUNT, 0);
    pg_result_free(r);
    return true;
}

bool state_bindings(struct pg *pg, const char *account, const char *const *job_ids, size_t n,
                    struct arena *a, struct binding *out, struct err *e)
{
    enum { PLACE, MAPPING, KEY };
    struct state_call c;
    struct pg_result *r;
    state_call_init(&c, pg, NULL);
    pg_add_str(&c.params, account);
    struct pg_array *job_id = state_call_column(&c, PG_TEXT);
    for (size_t i = 0; i < n; i++) {
        pg_array_str(job_id, job_ids[i]);
        out[i] = (struct binding){.mapping = NULL, .key = NULL};
    }
    if (!state_read(&c, sql_state_bindings, &r, e))
        return false;
    for (size_t row = 0; row < pg_rows(r); row++)
        out[state_read_place(r, row, PLACE, n)] =
            (struct binding){.mapping = arena_strdup(a, pg_str(r, row, MAPPING)),
                             .key = arena_strdup(a, pg_str(r, row, KEY))};
    pg_result_free(r);
    return true;
}

bool state_refresh(struct pg *pg, const struct lease *l, const struct outcome *jobs, size_t n,
                   struct err *e)
{
    struct state_call c;
    state_call_init(&c, pg, l);
    struct pg_array *job_id = state_call_column(&c, PG_TEXT);
    struct pg_array *url = state_call_column(&c, PG_TEXT);
    struct pg_array *embedding = state_call_column(&c, PG_TEXT);
    struct pg_array *ready = state_call_column(&c, PG_BOOL);
    for (size_t i = 0; i < n; i++) {
        pg_array_str(job_id, jobs[i].job_id);
        pg_array_str(url, jobs[i].qudra_url);
        pg_array_str(embedding, jobs[i].embedding_status);
        if (jobs[i].match_ready < 0)
            pg_array_null(ready);
        else
            pg_array_bool(ready, jobs[i].match_ready > 0);
    }
    return state_write(&c, sql_state_refresh, NULL, e);
}

bool state_waiting_embeddings(struct pg *pg, const char *account, int64_t not_older_ms,
                              int64_t *count, struct err *e)
{
    struct state_call c;
    state_call_init(&c, pg, NULL);
    pg_add_str(&c.params, account);
    pg_add_int(&c.params, not_older_ms);
    return state_read_int(&c, sql_state_waiting_embeddings, 0, count, e);
}

bool state_learned(struct pg *pg, const char *account, unsigned *as_sent, unsigned *changed,
                   struct err *e)
{
    enum { AS_SENT, CHANGED };
    struct state_call c;
    struct pg_result *r;
    *as_sent = *changed = 0;
    state_call_init(&c, pg, NULL);
    pg_add_str(&c.params, account);
    if (!state_read(&c, sql_state_learned, &r, e))
        return false;
    if (pg_rows(r) > 0) {
        *as_sent = (unsigned)pg_int(r, 0, AS_SENT, 0);
        *changed = (unsigned)pg_int(r, 0, CHANGED, 0);
    }
    pg_result_free(r);
    return true;
}

bool state_learn(struct pg *pg, const struct lease *l, unsigned as_sent, unsigned changed,
                 struct err *e)
{
    struct state_call c;
    state_call_init(&c, pg, l);
    pg_add_int(&c.params, as_sent);
    pg_add_int(&c.params, changed);
    return state_write(&c, sql_state_learn, NULL, e);
}
