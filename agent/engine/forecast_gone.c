/*
 * Rows that are gone. Their jobs are handed on by account and content, in the order in which they
 * were found; which of several equal rows gets which of several equal jobs makes no difference.
 *
 * A backfill hands jobs on when the pass of the mapping that they leave has ended, so a new row of
 * a mapping that has its pass later finds them removed.
 */
#include <string.h>

#include "engine/forecast_internal.h"

static bool is_open(const struct recorded *r)
{
    return r->job_id != NULL && (r->job_status == NULL || strcmp(r->job_status, "closed") != 0);
}

/* ---- the index of those that leave ------------------------------------------------------------
 */

static size_t place(const struct forecast *p, const char *account, const uint8_t *hash)
{
    uint64_t n;
    memcpy(&n, hash, sizeof n);
    for (; *account != '\0'; account++)
        n = n * 31 + (unsigned char)*account;
    return (size_t)(n & (p->cap_index - 1));
}

static void index_one(struct forecast *p, struct forecast_gone *g)
{
    struct forecast_gone **at = &p->index[place(p, g->account, g->recorded.synced.all)];
    while (*at != NULL)
        at = &(*at)->likewise;
    g->likewise = NULL;
    *at = g;
}

static void grow_index(struct forecast *p)
{
    mem_free(p->index);
    p->cap_index = p->cap_index > 0 ? p->cap_index * 2 : 256;
    p->index = mem_alloc(p->cap_index * sizeof *p->index);
    for (struct forecast_gone *g = p->first; g != NULL; g = g->next)
        if (g->leaves)
            index_one(p, g);
}

struct forecast_gone *forecast_keep_gone(struct forecast *p, const struct feed *f, const char *key,
                                         const struct recorded *r)
{
    struct forecast_gone *g = arena_alloc(&p->arena, sizeof *g);
    *g = (struct forecast_gone){.mapping = f->mapping,
                                .key = arena_strdup(&p->arena, key),
                                .account = arena_strdup(&p->arena, r->account),
                                .recorded = *r};
    g->recorded.account = g->account;
    g->recorded.job_id = arena_strdup(&p->arena, r->job_id);
    g->recorded.job_status = arena_strdup(&p->arena, r->job_status);
    g->leaves = (r->state == ROW_SYNCED || r->state == ROW_HELD) && r->has_synced && is_open(r);
    *p->last = g;
    p->last = &g->next;
    if (!g->leaves)
        return g;
    if (++p->n_leaves > p->cap_index)
        grow_index(p);
    else
        index_one(p, g);
    return g;
}

static bool is_free(const struct forecast_gone *g, const struct sighting *s)
{
    return g->leaves && !g->handed_on && strcmp(g->account, s->account) == 0 &&
           memcmp(g->recorded.synced.all, s->desired.hash.all, sizeof s->desired.hash.all) == 0;
}

const struct forecast_gone *forecast_take(struct forecast *p, const struct sighting *s,
                                          const struct recorded *r)
{
    if (p->n_leaves == 0 || s->op.kind != OP_CREATE || (r->job_id != NULL && !s->moves))
        return NULL;
    struct forecast_gone *g = p->index[place(p, s->account, s->desired.hash.all)];
    while (g != NULL && !is_free(g, s))
        g = g->likewise;
    if (g != NULL)
        g->handed_on = true;
    return g;
}

/* ---- looking for them -------------------------------------------------------------------------
 */

static bool pass_by(void *context, const struct feed *f, const struct sighting *seen,
                    const struct recorded *recorded, size_t n, struct detect_counts *counts,
                    struct err *e)
{
    (void)context, (void)f, (void)seen, (void)recorded, (void)n, (void)counts, (void)e;
    return true;
}

static bool keep_gone(void *context, const struct feed *f, const char *const *keys, size_t n,
                      struct detect_counts *counts, struct err *e)
{
    struct forecast *p = context;
    struct arena a;
    (void)counts;
    arena_init(&a, 0);
    struct recorded *recorded = arena_alloc(&a, n * sizeof *recorded);
    bool ok = state_rows(p->state, f->mapping->name, keys, n, &a, recorded, e);
    const struct desired gone = {.kind = DESIRED_GONE};
    for (size_t i = 0; ok && i < n; i++)
        if (!recorded[i].gone && forecast_counts(p, recorded[i].account) &&
            op_decide(&recorded[i], &gone, f->mapping->on_removed).kind != OP_NONE)
            forecast_keep_gone(p, f, keys[i], &recorded[i])->lies = f->mapping->remove_after_ms > 0;
    arena_release(&a);
    return ok;
}

/* Let go by the guard and not yet sent, or refused by Qudra: it wants nothing any more. */
static bool wants_nothing(const struct recorded *r)
{
    return r->gone && !r->has_desired && (r->state == ROW_PENDING || r->state == ROW_REFUSED);
}

/* Those that a pass has found before, and that are still away. */
static bool keep_page(struct forecast *p, struct feed *f, struct arena *a,
                      const struct gone_rows *rows, struct err *e)
{
    struct recorded *recorded = arena_alloc(a, (rows->n + 1) * sizeof *recorded);
    bool *present = arena_alloc(a, (rows->n + 1) * sizeof *present);
    if (!source_present(f->source, rows->keys, rows->n, present, e) ||
        !state_rows(p->state, f->mapping->name, rows->keys, rows->n, a, recorded, e))
        return false;
    const struct desired gone = {.kind = DESIRED_GONE};
    for (size_t i = 0; i < rows->n; i++) {
        const struct recorded *r = &recorded[i];
        if (present[i] || !forecast_counts(p, r->account) ||
            op_decide(r, &gone, f->mapping->on_removed).kind == OP_NONE)
            continue;
        struct forecast_gone *g = forecast_keep_gone(p, f, rows->keys[i], r);
        g->let_go = wants_nothing(r) && r->state == ROW_PENDING;
        g->lies = !g->let_go && (r->state == ROW_HELD || wants_nothing(r) || !rows->due[i]);
    }
    return true;
}

static bool keep_known(struct forecast *p, struct feed *f, struct err *e)
{
    struct arena a;
    struct gone_rows rows = {.n = GONE_ROWS_PAGE};
    arena_init(&a, 0);
    const char *after = NULL;
    bool ok = true;
    while (ok && rows.n == GONE_ROWS_PAGE) {
        ok = state_gone_rows(p->state, f->mapping->name, f->mapping->remove_after_ms, after, &a,
                             &rows, e) &&
             (rows.n == 0 || keep_page(p, f, &a, &rows, e));
        after = ok && rows.n > 0 ? rows.keys[rows.n - 1] : NULL;
    }
    arena_release(&a);
    return ok;
}

bool forecast_look(struct forecast *p, struct feed *f, struct err *e)
{
    const struct detect_options o = {
        .kind = DETECT_PASS_SCAN,
        .state = p->state,
        .sink = {.rows = pass_by, .gone = keep_gone, .end = forecast_end, .context = p},
        .only_counts = true,
    };
    int64_t live, rows;
    if (!keep_known(p, f, e) || !state_count_live(p->state, f->mapping->name, &live, e))
        return false;
    return live == 0 || forecast_pass(f, &o, &rows, e);
}

/* ---- telling of them --------------------------------------------------------------------------
 */

static struct forecast_guard *guard_of(struct forecast *p, const char *account)
{
    for (size_t i = 0; i < p->n_guards; i++) { /* neighbours are often of one account */
        struct forecast_guard *g = &p->guards[(p->guard_at + i) % p->n_guards];
        if (strcmp(g->account, account) != 0)
            continue;
        p->guard_at = (size_t)(g - p->guards);
        return g;
    }
    if (p->n_guards == p->cap_guards) {
        p->cap_guards = p->cap_guards * 2 + 8;
        p->guards = mem_realloc(p->guards, p->cap_guards * sizeof *p->guards);
    }
    p->guard_at = p->n_guards;
    p->guards[p->n_guards] = (struct forecast_guard){.account = arena_strdup(&p->arena, account)};
    return &p->guards[p->n_guards++];
}

void forecast_weigh(struct forecast *p, const struct recorded *r)
{
    if (r->exists && r->state != ROW_REMOVED && is_open(r))
        guard_of(p, r->account)->mirrored++;
}

static void weigh_gone(struct forecast *p, const struct feed *f)
{
    for (const struct forecast_gone *g = p->first; g != NULL; g = g->next) {
        if (g->mapping != f->mapping || !is_open(&g->recorded))
            continue;
        struct forecast_guard *guard = guard_of(p, g->account);
        guard->mirrored++;
        guard->removing += !g->handed_on && !g->lies && !g->let_go;
    }
}

static void tell_one(struct forecast *p, const struct feed *f, const struct forecast_gone *g,
                     bool held)
{
    const struct sighting s = {
        .key = g->key,
        .account = g->account,
        .desired = {.kind = DESIRED_GONE},
        .op = {.kind = f->mapping->on_removed == REMOVED_DELETE ? OP_DELETE : OP_CLOSE}};
    const struct forecast_row row = {.feed = f, .seen = &s, .recorded = &g->recorded, .held = held};
    p->op[s.op.kind]++;
    p->removing += !g->let_go;
    p->held = p->held || held;
    if (p->row != NULL)
        p->row(p->row_context, &row);
}

void forecast_tell_gone(struct forecast *p, const struct feed *f, const struct remove_limit *limit,
                        bool source_empty)
{
    weigh_gone(p, f);
    for (size_t i = 0; i < p->n_guards; i++) {
        struct forecast_guard *g = &p->guards[i];
        g->holds = !op_guard(limit, g->mirrored, g->removing, source_empty);
        p->mirrored += g->mirrored;
    }
    for (struct forecast_gone *g = p->first; g != NULL; g = g->next) {
        if (g->mapping != f->mapping || g->handed_on || g->lies)
            continue;
        const bool held = !g->let_go && guard_of(p, g->account)->holds;
        g->leaves = held;
        tell_one(p, f, g, held);
    }
}
