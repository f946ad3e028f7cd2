/*
 * The rows go by twice: once to be counted, so that the guard can weigh all of them before anything
 * is done (promise 4), and once to be made sure of and marked, a page at a time. Nothing is kept.
 *
 * A list can leave a job out while others are deleted under it, so each job is read by its id
 * before its row is touched; rows that an agent is about to close or delete are not asked about at
 * all. Jobs that Qudra confirmed a moment ago may be listed later (Part B): they are read last,
 * with the requests that are left, and are not missed where none is.
 */
#include <string.h>

#include "base/clock.h"
#include "base/crash.h"
#include "engine/reconcile_internal.h"

#define ROWS_AT_ONCE 1000
#define TRIES        3

/* One job that was not listed, and what reading it says. */
struct question {
    struct errand errand; /* first */
    struct reconcile *r;
    const struct bound *row;
    struct outcome answer;
    bool flying, answered;
    int tries;
};

/* ---- reading --------------------------------------------------------------------------------- */

static void answered(struct errand *errand, const struct http_response *response)
{
    struct question *q = (struct question *)errand;
    struct account *a = errand->account;
    q->flying = false;
    /* An update's answer and a read's mean the same: the job, or that there is none. */
    qudra_outcomes(&a->dialect, OP_UPDATE, false, 1, response, &q->r->page, &q->answer);
    q->answer.job_id = NULL; /* they go with the response */
    q->answer.answered = NULL;
    if (q->answer.kind == OUTCOME_STOP)
        account_stop(a, clock_mono_ms(), q->answer.message);
    bool again = q->answer.kind == OUTCOME_LIMITED ||
                 (q->answer.kind == OUTCOME_RETRY && ++q->tries < TRIES);
    q->answered = !again;
}

static bool ask(struct question *q, int64_t now_ms, struct err *e)
{
    struct reconcile *r = q->r;
    struct qudra_request request;
    q->errand = (struct errand){.account = r->o.account, .what = "read", .done = answered};
    qudra_read(&r->o.account->dialect, q->row->recorded.job_id, &r->page, &request);
    if (!sender_start(r->o.sender, &q->errand, &request, NULL, now_ms, e))
        return false;
    q->flying = true;
    r->budget--;
    r->counts->requests++;
    return true;
}

static bool ask_what_may_leave(struct reconcile *r, struct question *q, size_t n, int64_t *wait_ms,
                               bool *done, struct err *e)
{
    *wait_ms = INT64_MAX;
    *done = true;
    for (size_t i = 0; i < n; i++) {
        int64_t now_ms = clock_mono_ms();
        int64_t wait = sender_wait_ms(r->o.account, now_ms);
        bool asks = !q[i].answered && !q[i].flying && r->budget > 0;
        if (asks && wait == 0 && !ask(&q[i], now_ms, e))
            return false;
        if (asks && wait > 0 && wait < *wait_ms)
            *wait_ms = wait;
        if (asks || q[i].flying)
            *done = false;
    }
    return true;
}

static bool ask_all(struct reconcile *r, struct question *q, size_t n, struct err *e)
{
    for (;;) {
        int64_t wait_ms;
        bool done;
        if (!ask_what_may_leave(r, q, n, &wait_ms, &done, e))
            return false;
        if (done)
            return true;
        if (!reconcile_wait(r, wait_ms, e))
            return false;
    }
}

/* ---- judging --------------------------------------------------------------------------------- */

static bool is_wanted(const struct recorded *row)
{
    return row->has_desired && !row->gone && row->state != ROW_HELD;
}

static void mark_gone(const struct question *q, const struct feed *f, struct result *out)
{
    const struct recorded *row = &q->row->recorded;
    bool wanted = is_wanted(row);
    *out = (struct result){
        .mapping = q->row->mapping,
        .key = q->row->key,
        .op = wanted ? OP_UPDATE : OP_CLOSE,
        .verdict = op_after(wanted ? OP_UPDATE : OP_CLOSE, OUTCOME_GONE, row->attempts,
                            f->mapping->on_missing, sender_random()),
        .outcome = &q->answer,
    };
}

/* A list that shows none of ours is not late, but a stranger's. */
static bool is_young(const struct reconcile *r, const struct bound *row)
{
    if (r->counts->owned == 0)
        return false;
    int64_t since_ms = clock_mono_ms() - r->began_ms + r->o.account->config->settle_wait_ms;
    return row->synced_ago_ms >= 0 && row->synced_ago_ms < since_ms;
}

static bool judge(struct reconcile *r, struct question *q, size_t n, struct err *e)
{
    struct result *marks = arena_alloc(&r->page, (n + 1) * sizeof *marks);
    size_t n_marks = 0;
    for (size_t i = 0; i < n; i++) {
        bool sure = q[i].answered && q[i].answer.kind == OUTCOME_GONE;
        if (q[i].answered && q[i].answer.kind == OUTCOME_DONE)
            continue; /* it is there: listed late, or hidden by a shifting page */
        if (!sure && is_young(r, q[i].row))
            continue;
        reconcile_tell(r, &(struct reconcile_finding){.kind = RECONCILE_GONE,
                                                      .job_id = q[i].row->recorded.job_id,
                                                      .mapping = q[i].row->mapping,
                                                      .key = q[i].row->key,
                                                      .confirmed = sure});
        r->counts->unread += !sure;
        if (sure && r->o.fix)
            mark_gone(&q[i], reconcile_feed(r, q[i].row->mapping), &marks[n_marks++]);
    }
    r->counts->marked += (int64_t)n_marks;
    CRASH_POINT("reconcile.gone.before");
    if (!state_record(r->o.state, &r->o.account->lease, marks, n_marks, e))
        return false;
    CRASH_POINT("reconcile.gone.after");
    return true;
}

/* ---- the rows, page by page
 * ---------------------------------------------------------------------- */

static bool is_missing(const struct reconcile *r, const struct bound *row)
{
    return reconcile_feed(r, row->mapping) != NULL &&
           !reconcile_set_has(&r->seen, reconcile_set_hash(row->recorded.job_id));
}

static bool look_at_page(struct reconcile *r, const struct bound *rows, size_t n, bool young,
                         struct err *e)
{
    struct question *q = arena_alloc(&r->page, (n + 1) * sizeof *q);
    size_t asked = 0;
    for (size_t i = 0; i < n; i++)
        if (is_missing(r, &rows[i]) && is_young(r, &rows[i]) == young)
            q[asked++] = (struct question){.r = r, .row = &rows[i]};
    return asked == 0 || ((r->counts->guarded || ask_all(r, q, asked, e)) && judge(r, q, asked, e));
}

struct missing {
    int64_t n, young;
};

static void count_page(struct reconcile *r, const struct bound *rows, size_t n, struct missing *m)
{
    r->counts->bound += (int64_t)n;
    for (size_t i = 0; i < n; i++) {
        bool missing = is_missing(r, &rows[i]);
        m->n += missing;
        m->young += missing && is_young(r, &rows[i]);
    }
}

/* With `count` rows are only counted. */
static bool all_pages(struct reconcile *r, struct missing *count, bool young, struct err *e)
{
    struct bound *rows;
    size_t n = ROWS_AT_ONCE;
    struct binding last = {.mapping = NULL};
    struct arena names; /* of the last */
    arena_init(&names, 0);
    bool ok = true;
    while (ok && n == ROWS_AT_ONCE) {
        arena_clear(&r->page);
        ok = reconcile_wait(r, 0, e) &&
             state_bound(r->o.state, r->o.account->config->name,
                         last.mapping != NULL ? &last : NULL, ROWS_AT_ONCE, &r->page, &rows, &n, e);
        if (!ok)
            break;
        if (count != NULL)
            count_page(r, rows, n, count);
        else
            ok = look_at_page(r, rows, n, young, e);
        arena_clear(&names);
        if (n > 0)
            last = (struct binding){.mapping = arena_strdup(&names, rows[n - 1].mapping),
                                    .key = arena_strdup(&names, rows[n - 1].key)};
    }
    arena_release(&names);
    return ok;
}

/* The guard weighs the young ones only where they are to be touched: a list that is late would else
 * forbid every repair while much is created. */
bool reconcile_gone(struct reconcile *r, struct err *e)
{
    struct missing m = {.n = 0};
    if (!all_pages(r, &m, false, e))
        return false;
    r->counts->guarded = !op_guard(&r->o.max_remove, r->counts->bound, m.n - m.young, false);
    if (m.n > m.young && !all_pages(r, NULL, false, e))
        return false;
    bool few = op_guard(&r->o.max_remove, r->counts->bound, m.n, false);
    return m.young == 0 || !few || all_pages(r, NULL, true, e);
}
