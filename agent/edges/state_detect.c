/*
 * The statements of a detection. state_compare is the hot one: every row of a scan goes through it,
 * so it sends a few words a row and gets back nothing for a row that has not changed. How many of
 * the page are live follows from that without being counted: a row that is wanted and the same is
 * live.
 */
#include <math.h>
#include <string.h>

#include "edges/state_internal.h"

/* ---- pages ----------------------------------------------------------------------------------- */

static void add_priority(struct pg_array *column, double priority)
{
    if (isnan(priority))
        pg_array_null(column);
    else
        pg_array_float(column, priority);
}

static void add_due(struct pg_array *column, int64_t due_ms)
{
    if (due_ms == 0)
        pg_array_null(column);
    else
        pg_array_time(column, due_ms);
}

static bool is_wanted(const struct sighting *s)
{
    return s->desired.kind != DESIRED_GONE;
}

static void add_desired(struct pg_array *column, const struct sighting *s)
{
    state_add_hash(column, is_wanted(s) ? &s->desired.hash : NULL);
}

static void add_page(struct state_call *c, const struct sighting *seen, size_t n)
{
    struct pg_array *key = state_call_column(c, PG_TEXT);
    struct pg_array *account = state_call_column(c, PG_TEXT);
    struct pg_array *hash = state_call_column(c, PG_BYTEA);
    struct pg_array *priority = state_call_column(c, PG_FLOAT8);
    struct pg_array *due = state_call_column(c, PG_TIMESTAMPTZ_MS);
    for (size_t i = 0; i < n; i++) {
        pg_array_str(key, seen[i].key);
        pg_array_str(account, seen[i].account);
        add_desired(hash, &seen[i]);
        add_priority(priority, seen[i].priority);
        add_due(due, seen[i].due_ms);
    }
}

static bool is_live(const struct recorded *r)
{
    return r->exists && r->state != ROW_REMOVED && !r->gone;
}

bool state_compare_send(struct pg *pg, const char *mapping, const struct sighting *seen, size_t n,
                        struct err *e)
{
    struct state_call c;
    state_call_init(&c, pg, NULL);
    pg_add_str(&c.params, mapping);
    add_page(&c, seen, n);
    return state_send(&c, sql_state_compare, e);
}

bool state_compare_receive(struct pg *pg, const struct sighting *seen, size_t n, struct arena *a,
                           struct comparison *out, struct err *e)
{
    enum { PLACE, RECORDED };
    struct pg_result *r;
    if (!pg_receive(pg, &r, e))
        return false;
    *out = (struct comparison){.n = pg_rows(r)};
    out->place = arena_take(a, out->n * sizeof *out->place);
    out->recorded = arena_take(a, out->n * sizeof *out->recorded);
    for (size_t i = 0; i < n; i++)
        out->live += is_wanted(&seen[i]);
    for (size_t row = 0; row < out->n; row++) {
        out->place[row] = state_read_place(r, row, PLACE, n);
        state_read_recorded(r, row, RECORDED, a, &out->recorded[row]);
        out->live += is_live(&out->recorded[row]) - is_wanted(&seen[out->place[row]]);
    }
    pg_result_free(r);
    return true;
}

/* Times the page's rows: of a range that has more, state_compare tells. */
#define RANGE_MOST 4

bool state_unchanged_can_tell(const struct sighting *seen, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!is_wanted(&seen[i]) || seen[i].due_ms != 0 ||
            strcmp(seen[i].account, seen[0].account) != 0 ||
            (i > 0 && strcmp(seen[i - 1].key, seen[i].key) >= 0))
            return false;
    return n > 1;
}

static bool are_of_one_length(const struct sighting *seen, size_t n)
{
    size_t len = strlen(seen[0].key);
    for (size_t i = 1; i < n; i++)
        if (strlen(seen[i].key) != len)
            return false;
    return true;
}

bool state_unchanged_send(struct pg *pg, const char *mapping, const struct sighting *seen, size_t n,
                          struct err *e)
{
    struct state_call c;
    state_call_init(&c, pg, NULL);
    pg_add_str(&c.params, mapping);
    pg_add_str(&c.params, seen[0].account);
    pg_add_str(&c.params, seen[0].key);
    pg_add_str(&c.params, seen[n - 1].key);
    if (are_of_one_length(seen, n))
        pg_add_int(&c.params, (int64_t)strlen(seen[0].key));
    else
        pg_add_str(&c.params, NULL);
    pg_add_int(&c.params, (int64_t)n * RANGE_MOST);
    struct pg_array *key = state_call_column(&c, PG_TEXT);
    struct pg_array *hash = state_call_column(&c, PG_BYTEA);
    for (size_t i = 0; i < n; i++) {
        pg_array_str(key, seen[i].key);
        add_desired(hash, &seen[i]);
    }
    return state_send(&c, sql_state_unchanged, e);
}

bool state_unchanged_receive(struct pg *pg, bool *unchanged, struct err *e)
{
    struct pg_result *r;
    if (!pg_receive(pg, &r, e))
        return false;
    *unchanged = pg_bool(r, 0, 0);
    pg_result_free(r);
    return true;
}

/* ---- marks ----------------------------------------------------------------------------------- */

/* The columns of state_mark.sql. */
struct marks {
    struct pg_array *key, *account, *state, *op, *priority, *due, *hash;
    struct pg_array *code, *message, *message_ar;
};

static void marks_init(struct marks *m, struct state_call *c)
{
    m->key = state_call_column(c, PG_TEXT);
    m->account = state_call_column(c, PG_TEXT);
    m->state = state_call_column(c, PG_TEXT);
    m->op = state_call_column(c, PG_TEXT);
    m->priority = state_call_column(c, PG_FLOAT8);
    m->due = state_call_column(c, PG_TIMESTAMPTZ_MS);
    m->hash = state_call_column(c, PG_BYTEA);
    m->code = state_call_column(c, PG_TEXT);
    m->message = state_call_column(c, PG_TEXT);
    m->message_ar = state_call_column(c, PG_TEXT);
}

static void add_refusals(const struct marks *m, const struct refusal *refusals, size_t n)
{
    struct arena a;
    arena_init(&a, 0);
    struct refusal all = {0};
    if (n > 0)
        all = job_join_refusals(refusals, n, &a);
    pg_array_str(m->code, all.rule);
    pg_array_str(m->message, all.message);
    pg_array_str(m->message_ar, all.message_ar);
    arena_release(&a);
}

static void add_mark(const struct marks *m, const struct sighting *s)
{
    if (s->mark == ROW_PENDING && s->op.kind == OP_NONE)
        BUG("row \"%s\" is marked pending for nothing", s->key);
    pg_array_str(m->key, s->key);
    pg_array_str(m->account, s->account);
    state_add_row_state(m->state, s->mark);
    state_add_op(m->op, s->mark == ROW_PENDING ? s->op.kind : OP_NONE);
    add_priority(m->priority, s->priority);
    add_due(m->due, s->due_ms);
    add_desired(m->hash, s);
    bool refused = s->mark == ROW_REFUSED && s->desired.kind == DESIRED_REFUSED;
    add_refusals(m, s->desired.refusals, refused ? s->desired.n_refusals : 0);
}

/* A removal is the row's mark as gone alone: it is left to state_gone. */
static bool is_left_alone(const struct sighting *s)
{
    return s->mark == ROW_STATES && !is_wanted(s);
}

bool state_mark(struct pg *pg, const struct lease *leases, size_t n_leases, const char *mapping,
                const struct sighting *seen, size_t n, struct err *e)
{
    struct state_call c;
    struct marks m;
    state_call_init(&c, pg, NULL);
    pg_add_str(&c.params, mapping);
    state_call_leases(&c, leases, n_leases);
    marks_init(&m, &c);
    for (size_t i = 0; i < n; i++)
        if (!is_left_alone(&seen[i]))
            add_mark(&m, &seen[i]);
    return state_write(&c, sql_state_mark, NULL, e);
}

bool state_move(struct pg *pg, const struct lease *l, const char *mapping, const char *const *keys,
                size_t n, struct err *e)
{
    return state_write_keys(pg, l, sql_state_move, mapping, keys, n, e);
}

/* ---- what is gone ---------------------------------------------------------------------------- */

bool state_count_live(struct pg *pg, const char *mapping, int64_t *live, struct err *e)
{
    struct state_call c;
    state_call_init(&c, pg, NULL);
    pg_add_str(&c.params, mapping);
    return state_read_int(&c, sql_state_count_live, 0, live, e);
}

bool state_live_keys(struct pg *pg, const char *mapping, const char *after, size_t limit,
                     struct arena *a, const char ***keys, size_t *n, struct err *e)
{
    struct state_call c;
    state_call_init(&c, pg, NULL);
    pg_add_str(&c.params, mapping);
    pg_add_str(&c.params, after);
    pg_add_int(&c.params, (int64_t)limit);
    return state_read_keys(&c, sql_state_live_keys, a, keys, n, e);
}

bool state_gone_rows(struct pg *pg, const char *mapping, int64_t remove_after_ms, const char *after,
                     struct arena *a, struct gone_rows *out, struct err *e)
{
    enum { KEY, DUE };
    struct state_call c;
    struct pg_result *r;
    state_call_init(&c, pg, NULL);
    pg_add_str(&c.params, mapping);
    pg_add_int(&c.params, remove_after_ms);
    pg_add_str(&c.params, after);
    pg_add_int(&c.params, GONE_ROWS_PAGE);
    if (!state_read(&c, sql_state_gone_rows, &r, e))
        return false;
    out->n = pg_rows(r);
    out->keys = arena_alloc(a, (out->n + 1) * sizeof *out->keys);
    out->due = arena_alloc(a, (out->n + 1) * sizeof *out->due);
    for (size_t i = 0; i < out->n; i++) {
        out->keys[i] = arena_strdup(a, pg_str(r, i, KEY));
        out->due[i] = pg_bool(r, i, DUE);
    }
    pg_result_free(r);
    return true;
}

bool state_gone(struct pg *pg, const struct lease *leases, size_t n_leases, const char *mapping,
                const char *const *keys, size_t n, int64_t *fresh, struct err *e)
{
    struct state_call c;
    state_call_init(&c, pg, NULL);
    pg_add_str(&c.params, mapping);
    state_call_leases(&c, leases, n_leases);
    struct pg_array *key = state_call_column(&c, PG_TEXT);
    for (size_t i = 0; i < n; i++)
        pg_array_str(key, keys[i]);
    return state_write_count(&c, sql_state_gone, fresh, e);
}

bool state_going(struct pg *pg, const struct lease *l, const char *mapping, int64_t remove_after_ms,
                 int64_t *mirrored, int64_t *going, struct err *e)
{
    enum { MIRRORED, GOING };
    struct state_call c;
    struct pg_result *r;
    state_call_init(&c, pg, NULL);
    pg_add_str(&c.params, l->account);
    pg_add_str(&c.params, mapping);
    pg_add_int(&c.params, remove_after_ms);
    if (!state_read(&c, sql_state_going, &r, e))
        return false;
    *mirrored = pg_int(r, 0, MIRRORED, 0);
    *going = pg_int(r, 0, GOING, 0);
    pg_result_free(r);
    return true;
}

bool state_remove(struct pg *pg, const struct lease *l, const char *mapping,
                  int64_t remove_after_ms, enum op_kind op, bool hold, int64_t *count,
                  struct err *e)
{
    struct state_call c;
    if (op != OP_CLOSE && op != OP_DELETE)
        BUG("operation %d removes nothing", (int)op);
    state_call_init(&c, pg, l);
    pg_add_str(&c.params, mapping);
    pg_add_int(&c.params, remove_after_ms);
    pg_add_str(&c.params, op_names[op]);
    pg_add_bool(&c.params, hold);
    return state_write_count(&c, sql_state_remove, count, e);
}

/* ---- when to look again ---------------------------------------------------------------------- */

bool state_rebind(struct pg *pg, const struct lease *l, bool confirm, int64_t *count, struct err *e)
{
    struct state_call c;
    state_call_init(&c, pg, l);
    pg_add_bool(&c.params, confirm);
    return state_write_count(&c, sql_state_rebind, count, e);
}

bool state_due(struct pg *pg, const char *mapping, size_t limit, struct arena *a,
               const char ***keys, size_t *n, struct err *e)
{
    struct state_call c;
    state_call_init(&c, pg, NULL);
    pg_add_str(&c.params, mapping);
    pg_add_int(&c.params, (int64_t)limit);
    return state_read_keys(&c, sql_state_due, a, keys, n, e);
}

bool state_next_due_ms(struct pg *pg, int64_t *in_ms, struct err *e)
{
    struct state_call c;
    state_call_init(&c, pg, NULL);
    return state_read_int(&c, sql_state_next_due, -1, in_ms, e);
}

bool state_watermark(struct pg *pg, const char *mapping, struct arena *a, struct watermark *out,
                     struct err *e)
{
    enum { CHANGED_TO, FINGERPRINT, SOURCE, SCANNED_AGO, SHAPE };
    struct state_call c;
    struct pg_result *r;
    *out = (struct watermark){.scanned_ago_ms = -1};
    state_call_init(&c, pg, NULL);
    pg_add_str(&c.params, mapping);
    if (!state_read(&c, sql_state_watermark, &r, e))
        return false;
    if (pg_rows(r) > 0) {
        out->changed_to = arena_strdup(a, pg_str(r, 0, CHANGED_TO));
        out->fingerprint = arena_strdup(a, pg_str(r, 0, FINGERPRINT));
        out->source = arena_strdup(a, pg_str(r, 0, SOURCE));
        out->scanned_ago_ms = pg_int(r, 0, SCANNED_AGO, -1);
        out->shape = pg_int(r, 0, SHAPE, 0);
    }
    pg_result_free(r);
    return true;
}

bool state_set_watermark(struct pg *pg, const struct lease *l, const char *mapping,
                         const struct watermark *w, bool scanned, struct err *e)
{
    struct state_call c;
    state_call_init(&c, pg, l);
    pg_add_str(&c.params, mapping);
    pg_add_str(&c.params, w->changed_to);
    pg_add_str(&c.params, w->fingerprint);
    pg_add_str(&c.params, w->source);
    pg_add_int(&c.params, w->shape);
    pg_add_bool(&c.params, scanned);
    return state_write(&c, sql_state_set_watermark, NULL, e);
}
