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
#include "engine/detect.h"

/* Packs the sightings of one account to the front, in `a`; returns how many. */
static size_t of_account(const struct sighting *seen, size_t n, const char *account,
                         struct sighting *out)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (strcmp(seen[i].account, account) == 0)
            out[kept++] = seen[i];
    return kept;
}

static bool mark_rows(void *context, const struct feed *f, const struct sighting *seen,
                      const struct recorded *recorded, size_t n, struct err *e)
{
    (void)recorded;
    struct detect_marker *m = context;
    struct sighting *mine = mem_alloc(n * sizeof *mine);
    bool ok = true;
    for (size_t i = 0; ok && i < m->n_leases; i++) {
        size_t k = of_account(seen, n, m->leases[i].account, mine);
        ok = k == 0 || state_mark(m->state, &m->leases[i], f->mapping->name, mine, k, e);
    }
    CRASH_POINT("mark.after");
    mem_free(mine);
    return ok;
}

static bool mark_gone(void *context, const struct feed *f, const char *const *keys, size_t n,
                      struct err *e)
{
    struct detect_marker *m = context;
    for (size_t i = 0; i < m->n_leases; i++)
        if (!state_gone(m->state, &m->leases[i], f->mapping->name, keys, n, e))
            return false;
    CRASH_POINT("gone.after");
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

static bool end_pass(void *context, const struct feed *f, const struct detect_end *end,
                     struct detect_counts *counts, struct err *e)
{
    struct detect_marker *m = context;
    for (size_t i = 0; i < m->n_leases; i++)
        if (!hand_over(m, f, &m->leases[i], e) ||
            !remove_gone(m, f, &m->leases[i], end->source_empty, counts, e))
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
    return state_set_watermark(m->state, &m->leases[0], f->mapping->name, &w, scan, e);
}

struct detect_sink detect_marking(struct detect_marker *m)
{
    return (struct detect_sink){
        .rows = mark_rows, .gone = mark_gone, .end = end_pass, .context = m};
}
