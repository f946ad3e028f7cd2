/*
 * Counts come from one statement, grouped by everything that a screen may show, and are added up
 * here: the table is read once, however many mappings there are. Percentiles cannot be added up, so
 * they have a statement of their own, over the few rows that were closed lately.
 */
#include "edges/report.h"

#include <string.h>

#include "edges/sql.h"

static bool query(struct pg *pg, const char *sql, struct pg_params *p, struct pg_result **out,
                  struct err *e)
{
    bool ok = pg_query(pg, sql, p, out, e);
    pg_params_release(p);
    return ok;
}

static const char *copy(struct arena *a, const struct pg_result *r, size_t row, size_t column)
{
    return arena_strdup(a, pg_str(r, row, column));
}

/* ---- counts ---------------------------------------------------------------------------------- */

static int place_of(const char *name, const char *const *names, int n)
{
    for (int i = 0; name != NULL && i < n; i++)
        if (strcmp(names[i], name) == 0)
            return i;
    return n;
}

static void keep_oldest(int64_t *oldest_ms, int64_t ms)
{
    if (ms > *oldest_ms)
        *oldest_ms = ms;
}

static void add_line(struct report_counts *c, const struct pg_result *r, size_t row)
{
    enum {
        ACCOUNT,
        MAPPING,
        STATE,
        OPERATION,
        ROWS,
        WAITING,
        AT_QUDRA,
        FAILED,
        PROCESSING,
        OLDEST
    };
    int state = place_of(pg_str(r, row, STATE), row_state_names, ROW_STATES);
    int op = place_of(pg_str(r, row, OPERATION), op_names, OP_NONE);
    int64_t rows = pg_int(r, row, ROWS, 0);
    if (state < ROW_STATES)
        c->state[state] += rows;
    if (state == ROW_PENDING && op < OP_NONE)
        c->pending[op] += rows;
    c->waiting += pg_int(r, row, WAITING, 0);
    c->at_qudra += pg_int(r, row, AT_QUDRA, 0);
    c->embedding_failed += pg_int(r, row, FAILED, 0);
    c->embedding_processing += pg_int(r, row, PROCESSING, 0);
    keep_oldest(&c->oldest_pending_ms, pg_int(r, row, OLDEST, -1));
}

static const struct report_counts nothing = {
    .oldest_pending_ms = -1, .close_p50_ms = -1, .close_p95_ms = -1, .close_max_ms = -1};

static bool is_same(const struct report_group *g, const char *account, const char *mapping)
{
    return account != NULL && mapping != NULL && strcmp(g->account, account) == 0 &&
           strcmp(g->mapping, mapping) == 0;
}

/* The lines come in the order of the groups. */
static size_t add_groups(const struct pg_result *r, struct arena *a, struct report_counts *total,
                         struct report_group *groups)
{
    size_t n = 0;
    for (size_t i = 0; i < pg_rows(r); i++) {
        if (n == 0 || !is_same(&groups[n - 1], pg_str(r, i, 0), pg_str(r, i, 1)))
            groups[n++] = (struct report_group){
                .account = copy(a, r, i, 0), .mapping = copy(a, r, i, 1), .counts = nothing};
        add_line(&groups[n - 1].counts, r, i);
        add_line(total, r, i);
    }
    return n;
}

static void add_latency(const struct pg_result *r, struct report_counts *total,
                        struct report_group *groups, size_t n)
{
    enum { ACCOUNT, MAPPING, P50, P95, MAX };
    for (size_t i = 0; i < pg_rows(r); i++) {
        const char *account = pg_str(r, i, ACCOUNT), *mapping = pg_str(r, i, MAPPING);
        struct report_counts *c = account == NULL ? total : NULL;
        for (size_t k = 0; k < n && c == NULL; k++)
            if (is_same(&groups[k], account, mapping))
                c = &groups[k].counts;
        if (c == NULL)
            continue; /* its first row came between the two statements */
        c->close_p50_ms = pg_int(r, i, P50, -1);
        c->close_p95_ms = pg_int(r, i, P95, -1);
        c->close_max_ms = pg_int(r, i, MAX, -1);
    }
}

static void add_names(struct pg_params *p, struct pg_array *array, const char *const *names,
                      size_t n)
{
    pg_array_init(array, PG_TEXT);
    for (size_t i = 0; i < n; i++)
        pg_array_str(array, names[i]);
    if (n > 0)
        pg_add_array(p, array);
    else
        pg_add_str(p, NULL);
}

/* $1 and $2 are the scope; `state`, when not ROW_STATES, is $3. */
static bool query_scope(struct pg *pg, const char *sql, const struct report_scope *scope,
                        enum row_state state, struct pg_result **out, struct err *e)
{
    struct pg_params p;
    struct pg_array accounts, mappings;
    pg_params_init(&p);
    add_names(&p, &accounts, scope->accounts, scope->n_accounts);
    add_names(&p, &mappings, scope->mappings, scope->n_mappings);
    if (state != ROW_STATES)
        pg_add_str(&p, row_state_names[state]);
    bool ok = query(pg, sql, &p, out, e);
    pg_array_release(&accounts);
    pg_array_release(&mappings);
    return ok;
}

static bool count_groups(struct pg *pg, const struct report_scope *scope, struct arena *a,
                         struct report_counts *total, struct report_group **groups, size_t *n,
                         struct err *e)
{
    struct pg_result *r;
    *total = nothing;
    if (!query_scope(pg, sql_report_counts, scope, ROW_STATES, &r, e))
        return false;
    *groups = arena_alloc(a, (pg_rows(r) + 1) * sizeof **groups);
    *n = add_groups(r, a, total, *groups);
    pg_result_free(r);
    return true;
}

bool report_queue(struct pg *pg, const struct report_scope *scope, struct arena *a,
                  struct report_group **groups, size_t *n, struct err *e)
{
    struct report_counts total;
    return count_groups(pg, scope, a, &total, groups, n, e);
}

bool report_groups(struct pg *pg, const struct report_scope *scope, struct arena *a,
                   struct report_counts *total, struct report_group **groups, size_t *n,
                   struct err *e)
{
    struct pg_result *r;
    if (!count_groups(pg, scope, a, total, groups, n, e))
        return false;
    if (!query_scope(pg, sql_report_latency, scope, ROW_STATES, &r, e))
        return false;
    add_latency(r, total, *groups, *n);
    pg_result_free(r);
    return true;
}

/* ---- rows ------------------------------------------------------------------------------------ */

static void read_row(const struct pg_result *r, size_t i, struct arena *a, struct report_row *out)
{
    const char **const texts[] = {
        &out->account,
        &out->mapping,
        &out->key,
        &out->state,
        &out->operation,
        &out->job_id,
        &out->qudra_url,
        &out->job_status,
        &out->embedding_status,
        NULL,
        NULL,
        &out->error_code,
        &out->error_message,
        &out->error_message_ar,
        &out->request_id,
        &out->first_seen_at,
        &out->changed_at,
        &out->synced_at,
        &out->next_attempt_at,
        &out->gone_at,
        &out->due_at,
    };
    enum { MATCH_READY = 9, ATTEMPTS = 10 };
    for (size_t k = 0; k < ARRAY_LEN(texts); k++)
        if (texts[k] != NULL)
            *texts[k] = copy(a, r, i, k);
    out->match_ready = (int)pg_int(r, i, MATCH_READY, -1);
    out->attempts = pg_int(r, i, ATTEMPTS, 0);
}

bool report_rows(struct pg *pg, const struct report_filter *f, struct arena *a,
                 struct report_row **rows, size_t *n, struct err *e)
{
    struct pg_params p;
    struct pg_result *r;
    struct pg_array accounts, mappings;
    pg_params_init(&p);
    add_names(&p, &accounts, f->accounts, f->n_accounts);
    add_names(&p, &mappings, f->mappings, f->n_mappings);
    pg_add_str(&p, f->state);
    pg_add_str(&p, f->key);
    pg_add_str(&p, f->code);
    pg_add_str(&p, f->embedding);
    pg_add_str(&p, f->after_mapping);
    pg_add_str(&p, f->after_key);
    pg_add_int(&p, f->limit);
    bool ok = query(pg, sql_report_rows, &p, &r, e);
    pg_array_release(&accounts);
    pg_array_release(&mappings);
    if (!ok)
        return false;
    *n = pg_rows(r);
    *rows = arena_alloc(a, (*n + 1) * sizeof **rows);
    for (size_t i = 0; i < *n; i++)
        read_row(r, i, a, &(*rows)[i]);
    pg_result_free(r);
    return true;
}

bool report_rows_left(struct pg *pg, const struct report_scope *scope, int64_t left[ROW_STATES],
                      struct err *e)
{
    struct pg_result *r;
    memset(left, 0, ROW_STATES * sizeof *left);
    if (!query_scope(pg, sql_report_rows_left, scope, ROW_STATES, &r, e))
        return false;
    for (size_t i = 0; i < pg_rows(r); i++) {
        int state = place_of(pg_str(r, i, 0), row_state_names, ROW_STATES);
        if (state < ROW_STATES)
            left[state] = pg_int(r, i, 1, 0);
    }
    pg_result_free(r);
    return true;
}

bool report_notes(struct pg *pg, const struct report_scope *scope, struct report_notes *out,
                  struct err *e)
{
    struct pg_result *r;
    if (!query_scope(pg, sql_report_notes, scope, ROW_STATES, &r, e))
        return false;
    *out = (struct report_notes){.rows = pg_int(r, 0, 0, 0), .failed = pg_int(r, 0, 1, 0)};
    pg_result_free(r);
    return true;
}

bool report_codes(struct pg *pg, const struct report_scope *scope, enum row_state state,
                  struct arena *a, struct report_code **out, size_t *n, struct err *e)
{
    enum { ACCOUNT, MAPPING, CODE, ROWS, MESSAGE, MESSAGE_AR };
    struct pg_result *r;
    if (!query_scope(pg, sql_report_codes, scope, state, &r, e))
        return false;
    *n = pg_rows(r);
    *out = arena_alloc(a, (*n + 1) * sizeof **out);
    for (size_t i = 0; i < *n; i++)
        (*out)[i] = (struct report_code){.account = copy(a, r, i, ACCOUNT),
                                         .mapping = copy(a, r, i, MAPPING),
                                         .code = copy(a, r, i, CODE),
                                         .rows = pg_int(r, i, ROWS, 0),
                                         .message = copy(a, r, i, MESSAGE),
                                         .message_ar = copy(a, r, i, MESSAGE_AR)};
    pg_result_free(r);
    return true;
}

/* ---- accounts and runs ----------------------------------------------------------------------- */

bool report_account(struct pg *pg, const char *name, struct arena *a, struct report_account **out,
                    struct err *e)
{
    const struct report_scope scope = {.accounts = &name, .n_accounts = 1};
    size_t n;
    if (!report_accounts(pg, &scope, a, out, &n, e))
        return false;
    *out = n > 0 ? *out : NULL;
    return true;
}

bool report_accounts(struct pg *pg, const struct report_scope *scope, struct arena *a,
                     struct report_account **out, size_t *n, struct err *e)
{
    enum {
        NAME,
        ENVIRONMENT,
        HOLDER,
        TROUBLE,
        SINCE,
        LIMITS,
        LEASE_LEFT,
        CREATED,
        EXCEEDED,
        LISTED
    };
    struct pg_params p;
    struct pg_array names;
    struct pg_result *r;
    pg_params_init(&p);
    add_names(&p, &names, scope->accounts, scope->n_accounts);
    bool ok = query(pg, sql_report_accounts, &p, &r, e);
    pg_array_release(&names);
    if (!ok)
        return false;
    *n = pg_rows(r);
    *out = arena_alloc(a, (*n + 1) * sizeof **out);
    for (size_t i = 0; i < *n; i++)
        (*out)[i] = (struct report_account){.name = copy(a, r, i, NAME),
                                            .environment = copy(a, r, i, ENVIRONMENT),
                                            .holder = copy(a, r, i, HOLDER),
                                            .trouble = copy(a, r, i, TROUBLE),
                                            .trouble_since = copy(a, r, i, SINCE),
                                            .limits = copy(a, r, i, LIMITS),
                                            .lease_left_ms = pg_int(r, i, LEASE_LEFT, -1),
                                            .quota_created = pg_int(r, i, CREATED, 0),
                                            .quota_exceeded = pg_bool(r, i, EXCEEDED),
                                            .listed = pg_bool(r, i, LISTED)};
    pg_result_free(r);
    return true;
}

bool report_runs(struct pg *pg, int64_t limit, struct arena *a, struct report_run **out, size_t *n,
                 struct err *e)
{
    enum { ID, KIND, MAPPING, STARTED, ENDED, OUTCOME, COUNTS, ERROR };
    struct pg_params p;
    struct pg_result *r;
    pg_params_init(&p);
    pg_add_int(&p, limit);
    if (!query(pg, sql_report_runs, &p, &r, e))
        return false;
    *n = pg_rows(r);
    *out = arena_alloc(a, (*n + 1) * sizeof **out);
    for (size_t i = 0; i < *n; i++)
        (*out)[i] = (struct report_run){.id = pg_int(r, i, ID, 0),
                                        .kind = copy(a, r, i, KIND),
                                        .mapping = copy(a, r, i, MAPPING),
                                        .started_at = copy(a, r, i, STARTED),
                                        .ended_at = copy(a, r, i, ENDED),
                                        .outcome = copy(a, r, i, OUTCOME),
                                        .counts = copy(a, r, i, COUNTS),
                                        .error = copy(a, r, i, ERROR)};
    pg_result_free(r);
    return true;
}
