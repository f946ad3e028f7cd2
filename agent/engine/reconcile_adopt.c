/*
 * The source is scanned once for each tier, as long as both unowned jobs and rows without a job are
 * left: once when everything is as it was, four times at worst. A detection that wants every row
 * does the scanning; what it finds goes to no mark, only to the matching.
 */
#include <string.h>

#include "base/clock.h"
#include "base/crash.h"
#include "base/log.h"
#include "engine/detect.h"
#include "engine/reconcile_internal.h"

struct adopting {
    struct reconcile *r;
    int64_t rows_left; /* without a job, in this pass */
};

/* ---- one page of rows ------------------------------------------------------------------------ */

static bool may_adopt(const struct reconcile *r, const struct sighting *row,
                      const struct recorded *recorded)
{
    return row->desired.kind == DESIRED_JOB && recorded->job_id == NULL &&
           !(recorded->exists && recorded->state == ROW_SENDING) &&
           strcmp(row->account, r->o.account->config->name) == 0;
}

static const char *message(struct arena *a, const struct reconcile_match *m)
{
    return arena_printf(
        a,
        "%zu unowned job%s at Qudra may be this row's, such as %s, and it cannot be "
        "told which: compare them there, delete what is extra and run `reconcile "
        "--adopt` again; `retry` creates a new job for it",
        m->candidates, m->candidates == 1 ? "" : "s", m->job->job_id);
}

static const char *message_ar(struct arena *a, const struct reconcile_match *m)
{
    return arena_printf(
        a,
        "عدد الوظائف في قدرة التي قد تطابق هذا الصف: %zu، منها %s، ولا يمكن الجزم بأيها: "
        "قارنها هناك واحذف الزائد ثم أعد تنفيذ reconcile --adopt",
        m->candidates, m->job->job_id);
}

static void bind(struct arena *a, const struct sighting *row, const struct reconcile_match *m,
                 struct adoption *out)
{
    const struct reconcile_job *job = m->job;
    *out = (struct adoption){.row = row, .same = m->fate == RECONCILE_SAME};
    if (m->fate == RECONCILE_AMBIGUOUS) {
        out->message = message(a, m);
        out->message_ar = message_ar(a, m);
        return;
    }
    struct outcome *as_listed = arena_alloc(a, sizeof *as_listed);
    *as_listed = (struct outcome){.kind = OUTCOME_DONE,
                                  .job_id = job->job_id,
                                  .qudra_url = job->qudra_url,
                                  .job_status = job->job_status,
                                  .embedding_status = job->embedding_status,
                                  .match_ready = job->match_ready};
    out->job = as_listed;
    out->content = job->keys.content;
}

/* What was written counts; a job that could not be given to its row is free again. */
static void count(struct adopting *w, const struct feed *f, const struct adoption *row, bool taken,
                  struct reconcile_job *job)
{
    struct reconcile *r = w->r;
    if (!taken) {
        if (row->job != NULL)
            reconcile_pool_give_back(r->pool, job);
        return;
    }
    w->rows_left--;
    if (row->job == NULL) {
        reconcile_tell(r, &(struct reconcile_finding){.kind = RECONCILE_DOUBTFUL,
                                                      .mapping = f->mapping->name,
                                                      .key = row->row->key,
                                                      .message = row->message});
        return;
    }
    r->counts->adopted++;
    r->counts->to_update += !row->same;
    reconcile_set_add(&r->contents, job->keys.normal.word[0]);
    if (row->same)
        account_learn(r->o.account, &row->row->desired.hash, &row->content, JOB_ALL);
}

/* The partner's own columns hear of it in the same transaction, or are sure to hear of it later. */
static bool adopt_and_tell(const struct reconcile *r, const struct feed *f,
                           const struct adoption *rows, size_t n, bool *taken, struct err *e)
{
    struct note *notes = mem_alloc((n + 1) * sizeof *notes);
    struct pg *pg;
    size_t k = 0;
    bool ok = writeback_begin(r->o.writeback, &pg, e) &&
              state_adopt(pg, &r->o.account->lease, f->mapping->name, rows, n, taken, e);
    for (size_t i = 0; ok && i < n; i++)
        if (taken[i] && rows[i].job != NULL)
            notes[k++] = (struct note){.mapping = f->mapping->name, .key = rows[i].row->key};
    ok = ok && writeback_end(r->o.writeback, notes, k, e);
    if (!ok)
        writeback_give_up(r->o.writeback);
    mem_free(notes);
    return ok;
}

static bool adopt(const struct reconcile *r, const struct feed *f, const struct adoption *rows,
                  size_t n, bool *taken, struct err *e)
{
    if (mapping_writes_back(f->mapping))
        return adopt_and_tell(r, f, rows, n, taken, e);
    return state_adopt(r->o.state, &r->o.account->lease, f->mapping->name, rows, n, taken, e);
}

static bool match_rows(void *context, const struct feed *f, const struct sighting *seen,
                       const struct recorded *recorded, size_t n, struct detect_counts *counts,
                       struct err *e)
{
    (void)counts;
    struct adopting *w = context;
    struct reconcile *r = w->r;
    arena_clear(&r->page);
    struct adoption *rows = arena_alloc(&r->page, n * sizeof *rows);
    struct reconcile_job **jobs = arena_alloc(&r->page, n * sizeof *jobs);
    bool *taken = arena_alloc(&r->page, n * sizeof *taken);
    size_t k = 0;
    for (size_t i = 0; i < n; i++) {
        if (!may_adopt(r, &seen[i], &recorded[i]))
            continue;
        struct reconcile_keys keys;
        reconcile_keys(seen[i].desired.job, &r->page, &keys);
        struct reconcile_match m = reconcile_pool_match(r->pool, &keys);
        w->rows_left++;
        if (m.fate == RECONCILE_NO_JOB)
            continue;
        jobs[k] = m.job;
        bind(&r->page, &seen[i], &m, &rows[k++]);
    }
    if (k == 0)
        return true;
    CRASH_POINT("adopt.before");
    if (!adopt(r, f, rows, k, taken, e))
        return false;
    CRASH_POINT("adopt.after");
    for (size_t i = 0; i < k; i++)
        count(w, f, &rows[i], taken[i], jobs[i]);
    return true;
}

static bool ignore_gone(void *context, const struct feed *f, const char *const *keys, size_t n,
                        struct detect_counts *counts, struct err *e)
{
    (void)context, (void)f, (void)keys, (void)n, (void)counts, (void)e;
    return true;
}

static bool ignore_end(void *context, const struct feed *f, const struct detect_end *end,
                       struct detect_counts *counts, struct err *e)
{
    (void)context, (void)f, (void)end, (void)counts, (void)e;
    return true;
}

/* ---- the passes ------------------------------------------------------------------------------ */

static bool scan(struct adopting *w, struct feed *f, struct err *e)
{
    const struct detect_options o = {
        .kind = DETECT_PASS_SCAN,
        .state = w->r->o.state,
        .sink = {.rows = match_rows, .gone = ignore_gone, .end = ignore_end, .context = w},
        .all = true,
        .only_counts = true,
    };
    struct detection *d = detect_new(f, &o);
    bool done = false, ok = true;
    while (ok && !done)
        ok = detect_step(d, &done, e) && reconcile_wait(w->r, 0, e);
    detect_free(d);
    return ok;
}

/* A mapping of one other account has no row for this one. */
static bool may_have_rows(const struct reconcile *r, const struct feed *f)
{
    return f->mapping->account == NULL || strcmp(f->account, r->o.account->config->name) == 0;
}

static bool pass(struct adopting *w, enum reconcile_tier tier, struct err *e)
{
    reconcile_pool_begin(w->r->pool, tier);
    w->rows_left = 0;
    for (size_t i = 0; i < w->r->o.n_feeds; i++)
        if (may_have_rows(w->r, &w->r->o.feeds[i]) && !scan(w, &w->r->o.feeds[i], e))
            return false;
    return true;
}

static bool end(struct reconcile *r, int64_t began_ms, struct err *e)
{
    const struct lease *l = &r->o.account->lease;
    for (size_t i = 0; i < r->o.n_feeds; i++) {
        int64_t freed;
        if (!state_adopt_end(r->o.state, l, r->o.feeds[i].mapping->name, clock_mono_ms() - began_ms,
                             &freed, e))
            return false;
        CRASH_POINT("adopt.end");
        r->counts->freed += freed;
    }
    struct account *a = r->o.account;
    if (a->learned && !state_learn(r->o.state, l, a->as_sent, a->changed, e))
        return false;
    a->learned = false;
    return true;
}

/* Those that rows own now are no longer of interest to whoever lists the rest. */
static void drop_taken(struct reconcile *r)
{
    size_t kept = 0;
    for (size_t i = 0; i < r->n_unowned; i++)
        if (!r->unowned[i].taken)
            r->unowned[kept++] = r->unowned[i];
    r->n_unowned = kept;
}

bool reconcile_adopt(struct reconcile *r, struct err *e)
{
    struct adopting w = {.r = r, .rows_left = 1};
    int64_t began_ms = clock_mono_ms();
    r->pool = reconcile_pool_new(r->unowned, r->n_unowned);
    for (enum reconcile_tier tier = RECONCILE_EXACT; tier < RECONCILE_TIERS; tier++) {
        if (reconcile_pool_left(r->pool) == 0 || w.rows_left == 0)
            break;
        if (!pass(&w, tier, e))
            return false;
    }
    reconcile_pool_free(r->pool);
    r->pool = NULL;
    drop_taken(r);
    return end(r, began_ms, e);
}
