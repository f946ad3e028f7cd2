/*
 * The marking sink: what a detection finds, written to the state.
 *
 * A page is written under the lease of each account that its rows belong to; rows of accounts that
 * this agent does not hold are left to the agent that does. At the end of a pass the guard looks at
 * all removals together: they are let through or held as one.
 */
#include <stdlib.h>
#include <string.h>

#include "base/crash.h"
#include "base/log.h"
#include "edges/state_agents.h"
#include "engine/detect_internal.h"

static int by_account(const void *a, const void *b)
{
    return strcmp(((const struct lease *)a)->account, ((const struct lease *)b)->account);
}

static const struct lease *find_lease(const struct detect_marker *m, const char *account)
{
    const struct lease wanted = {.account = account};
    return m->n_leases == 0 ? NULL
                            : bsearch(&wanted, m->leases, m->n_leases, sizeof wanted, by_account);
}

/* The rows of a page that are ours, and the leases that they stand under, each once. */
struct ours {
    struct sighting *rows;
    struct lease *leases;
    size_t n, n_leases;
    int64_t enlivened; /* see detect_counts */
};

static void add_lease(struct ours *o, const struct lease *l)
{
    for (size_t i = o->n_leases; i-- > 0;)
        if (o->leases[i].account == l->account)
            return;
    o->leases[o->n_leases++] = *l;
}

/* The account that a row goes to, or else the one that it comes from; NULL: both are another's. */
static const struct lease *lease_to_move(const struct detect_marker *m, const struct sighting *s,
                                         const struct recorded *r)
{
    const struct lease *l = s->moves ? find_lease(m, s->account) : NULL;
    return l != NULL || !s->moves ? l : find_lease(m, r->account);
}

/* A row whose job is moved away stops living there, whoever marks it where it goes. */
static int64_t enlivened(const struct detect_marker *m, const struct sighting *s,
                         const struct recorded *r, bool is_ours)
{
    bool leaves = s->moves && !detect_is_in_flight(r) && lease_to_move(m, s, r) != NULL;
    bool lived = detect_is_live(r), stayed = lived && !leaves;
    bool lives = stayed || (is_ours && s->mark != ROW_STATES);
    return (int64_t)lives - lived;
}

/* Neighbours are often of one account: its lease is looked for once. */
static void sort_out(const struct detect_marker *m, const struct sighting *seen,
                     const struct recorded *recorded, size_t n, struct arena *a, struct ours *out)
{
    const struct lease *l = NULL;
    *out = (struct ours){.rows = arena_take(a, n * sizeof *out->rows),
                         .leases = arena_take(a, n * sizeof *out->leases)};
    for (size_t i = 0; i < n; i++) {
        if (i == 0 || strcmp(seen[i].account, seen[i - 1].account) != 0)
            l = find_lease(m, seen[i].account);
        out->enlivened += enlivened(m, &seen[i], &recorded[i], l != NULL);
        if (l == NULL)
            continue;
        add_lease(out, l);
        out->rows[out->n++] = seen[i];
    }
}

/* Rows that go to another account, those under one lease together. */
static bool move_rows(struct detect_marker *m, const struct feed *f, const struct sighting *seen,
                      const struct recorded *recorded, size_t n, struct arena *a, struct err *e)
{
    const struct lease **under = arena_alloc(a, n * sizeof *under);
    const char **keys = arena_alloc(a, n * sizeof *keys);
    for (size_t i = 0; i < n; i++)
        under[i] = lease_to_move(m, &seen[i], &recorded[i]);
    for (size_t i = 0; i < n; i++) {
        const struct lease *l = under[i];
        size_t k = 0;
        for (size_t j = i; l != NULL && j < n; j++)
            if (under[j] == l) {
                keys[k++] = seen[j].key;
                under[j] = NULL;
            }
        if (k > 0 && !state_move(m->state, l, f->mapping->name, keys, k, e))
            return false;
    }
    CRASH_POINT("move.after");
    return true;
}

static bool mark_rows(void *context, const struct feed *f, const struct sighting *seen,
                      const struct recorded *recorded, size_t n, struct detect_counts *counts,
                      struct err *e)
{
    struct detect_marker *m = context;
    struct ours ours;
    struct arena a;
    arena_init(&a, 0);
    sort_out(m, seen, recorded, n, &a, &ours);
    counts->enlivened += ours.enlivened;
    bool ok = move_rows(m, f, seen, recorded, n, &a, e);
    ok = ok && (ours.n == 0 || state_mark(m->state, ours.leases, ours.n_leases, f->mapping->name,
                                          ours.rows, ours.n, e));
    CRASH_POINT("mark.after");
    for (size_t i = 0; ok && i < ours.n_leases; i++)
        m->marked(m->context, ours.leases[i].account);
    arena_release(&a);
    return ok;
}

static bool mark_gone(void *context, const struct feed *f, const char *const *keys, size_t n,
                      struct detect_counts *counts, struct err *e)
{
    struct detect_marker *m = context;
    int64_t fresh;
    if (!state_gone(m->state, m->leases, m->n_leases, f->mapping->name, keys, n, &fresh, e))
        return false;
    CRASH_POINT("gone.after");
    counts->gone += fresh;
    return true;
}

/* Before the guard counts: what goes on under a new key is not removed. */
static bool hand_over(struct detect_marker *m, const struct feed *f, const struct lease *l,
                      struct err *e)
{
    int64_t count;
    if (!state_rebind(m->state, l, mapping_writes_back(f->mapping), &count, e))
        return false;
    CRASH_POINT("rebind.after");
    if (count > 0)
        m->marked(m->context, l->account);
    if (count > 0)
        LOG_INFO("jobs handed over to new rows of equal content", log_str("account", l->account),
                 log_int("rows", count));
    return true;
}

static bool remove_gone(struct detect_marker *m, const struct feed *f, const struct lease *l,
                        bool source_empty, struct detect_counts *counts, struct err *e)
{
    int64_t mirrored, going, count;
    const struct mapping *map = f->mapping;
    if (!state_going(m->state, l, map->name, map->remove_after_ms, &mirrored, &going, e))
        return false;
    counts->mirrored += mirrored;
    bool hold = !op_guard(&m->max_remove, mirrored, going, source_empty);
    enum op_kind op = map->on_removed == REMOVED_DELETE ? OP_DELETE : OP_CLOSE;
    if (!state_remove(m->state, l, map->name, map->remove_after_ms, op, hold, &count, e))
        return false;
    if (count > 0)
        m->marked(m->context, l->account);
    if (hold && count > 0) {
        counts->held += count;
        LOG_ERROR("removals held by the guard", log_str("mapping", map->name),
                  log_str("account", l->account), log_int("rows", count),
                  log_int("mirrored", mirrored), log_bool("source_empty", source_empty),
                  log_str("hint", "look at the source; then `qudra-sync release` lets them go, or "
                                  "they settle when the rows come back"));
    } else
        counts->found[op] += count;
    return true;
}

/* Accounts without a row that is gone are not asked for. */
static bool remove_all(struct detect_marker *m, const struct feed *f, const struct detect_end *end,
                       struct detect_counts *counts, struct err *e)
{
    struct arena a;
    const char **leaving;
    size_t n;
    arena_init(&a, 0);
    bool ok = state_leaving(m->state, &a, &leaving, &n, e);
    for (size_t i = 0; ok && i < n; i++) {
        const struct lease *l = find_lease(m, leaving[i]);
        ok = l == NULL ||
             (hand_over(m, f, l, e) && remove_gone(m, f, l, end->source_empty, counts, e));
    }
    arena_release(&a);
    return ok;
}

/* Of the account whose rows these are, or of any where a column says it. */
static const struct lease *lease_for(const struct detect_marker *m, const struct feed *f)
{
    const struct lease *l = f->mapping->account_sql == NULL ? find_lease(m, f->account) : NULL;
    return l != NULL ? l : &m->leases[0];
}

static bool end_pass(void *context, const struct feed *f, const struct detect_end *end,
                     struct detect_counts *counts, struct err *e)
{
    struct detect_marker *m = context;
    if (!remove_all(m, f, end, counts, e))
        return false;
    CRASH_POINT("remove.after");
    bool scan = end->kind == DETECT_PASS_SCAN;
    if (m->shared || (end->horizon == NULL && !scan))
        return true;
    char fingerprint[24];
    snprintf(fingerprint, sizeof fingerprint, "%016llx",
             (unsigned long long)f->mapping->fingerprint);
    const struct watermark w = {
        .changed_to = end->horizon,
        .fingerprint = scan ? fingerprint : NULL,
        .source = scan ? f->identity : NULL,
        .shape = scan ? f->shape : 0,
    };
    return state_set_watermark(m->state, lease_for(m, f), f->mapping->name, &w, scan, e);
}

struct detect_sink detect_marking(struct detect_marker *m)
{
    return (struct detect_sink){
        .rows = mark_rows, .gone = mark_gone, .end = end_pass, .context = m};
}
