/*
 * A page is copied when it comes and judged after, between two requests: no statement may run while
 * an answer is being delivered. A job can be listed twice when the list shifts under the walk; it
 * counts once.
 *
 * A walk that fails goes on where it stopped, a few times; one that is led in a circle begins anew.
 */
#include <string.h>

#include "base/clock.h"
#include "base/crash.h"
#include "base/log.h"
#include "engine/reconcile_internal.h"

#define TRIES               6
#define MARGIN_MS           100    /* a statement's own time */
#define EMBEDDING_MARGIN_MS 120000 /* Qudra may touch a job for so long after it took it */

struct listed_job {
    struct outcome outcome; /* of qudra_read_page, copied; `answered` is in `keys` */
    struct reconcile_keys keys;
    const char *updated_at;
};

struct walk {
    struct reconcile *r;
    struct listing listing;
    struct listed_job *jobs; /* of the page that came */
    size_t n;
    int64_t asked_ms; /* when that page was asked for */
    int tries;
    int64_t failures;
};

/* ---- one page -------------------------------------------------------------------------------- */

static void copy_job(struct arena *a, const struct outcome *o, const char *updated_at,
                     struct listed_job *out)
{
    static const struct job nothing;
    *out = (struct listed_job){
        .outcome = {.kind = o->kind,
                    .match_ready = o->match_ready,
                    .job_id = arena_strdup(a, o->job_id),
                    .qudra_url = arena_strdup(a, o->qudra_url),
                    .job_status = arena_strdup(a, o->job_status),
                    .embedding_status = arena_strdup(a, o->embedding_status)},
        .updated_at = arena_strdup(a, updated_at),
    };
    reconcile_keys(o->answered != NULL ? o->answered : &nothing, a, &out->keys);
}

static bool take_page(void *context, const struct qudra_page *p)
{
    struct walk *w = context;
    struct arena *a = &w->r->page;
    w->jobs = arena_alloc(a, (p->n + 1) * sizeof *w->jobs);
    for (size_t i = 0; i < p->n; i++) {
        const char *id = p->jobs[i].job_id;
        if (id != NULL && reconcile_set_add(&w->r->seen, reconcile_set_hash(id)))
            copy_job(a, &p->jobs[i], p->updated_at != NULL ? p->updated_at[i] : NULL,
                     &w->jobs[w->n++]);
    }
    return true;
}

/* ---- jobs that no row has
 * ------------------------------------------------------------------------ */

static void keep_unowned(struct reconcile *r, const struct listed_job *job)
{
    if (r->n_unowned == r->cap_unowned) {
        r->cap_unowned = r->cap_unowned > 0 ? 2 * r->cap_unowned : 256;
        r->unowned = mem_realloc(r->unowned, r->cap_unowned * sizeof *r->unowned);
    }
    r->unowned[r->n_unowned++] = (struct reconcile_job){
        .job_id = arena_strdup(&r->whole, job->outcome.job_id),
        .qudra_url = arena_strdup(&r->whole, job->outcome.qudra_url),
        .job_status = arena_strdup(&r->whole, job->outcome.job_status),
        .embedding_status = arena_strdup(&r->whole, job->outcome.embedding_status),
        .match_ready = job->outcome.match_ready,
        .keys = job->keys,
    };
}

static bool writes(const struct reconcile *r)
{
    return r->o.fix || r->o.adopt;
}

/* ---- jobs that differ from what Qudra last answered
 * ----------------------------------------------- */

/* Only what is settled can be judged; what waits for push or a person is theirs. Under our own
 * lease nothing is on its way, and a row that waits for an update can be judged as well; beside an
 * agent at work, a row that it wrote after the page was asked for cannot. */
static bool can_be_judged(const struct walk *w, const struct bound *row)
{
    const struct recorded *rec = &row->recorded;
    bool settled = rec->state == ROW_SYNCED || rec->state == ROW_REMOVED;
    if (!rec->has_synced && rec->state != ROW_REMOVED)
        return false;
    if (writes(w->r))
        return settled || (rec->state == ROW_PENDING && rec->op == OP_UPDATE);
    return settled && row->synced_ago_ms > clock_mono_ms() - w->asked_ms + MARGIN_MS;
}

/* Fields that are known to come back changed say nothing where no answer was kept, as long as Qudra
 * has not touched the job since it took it. */
static unsigned excused(const struct walk *w, const struct bound *row, const struct listed_job *job)
{
    int64_t updated;
    bool touched = job->updated_at != NULL && clock_parse_rfc3339(job->updated_at, &updated) &&
                   w->listing.server_ms - updated + EMBEDDING_MARGIN_MS < row->synced_ago_ms;
    return touched ? 0 : w->r->o.account->changed;
}

static void mark_edited(const struct bound *row, struct result *out)
{
    bool removed = row->recorded.state == ROW_REMOVED;
    *out = (struct result){
        .mapping = row->mapping,
        .key = row->key,
        .op = OP_NONE,
        .verdict = {.state = ROW_PENDING,
                    .op = removed ? OP_CLOSE : OP_UPDATE,
                    .forget_synced = true},
    };
}

static void judge(struct walk *w, const struct bound *row, const struct listed_job *job,
                  struct result *marks, size_t *n)
{
    struct reconcile *r = w->r;
    r->counts->owned++;
    reconcile_set_add(&r->contents, job->keys.normal.word[0]);
    if (reconcile_feed(r, row->mapping) == NULL || !can_be_judged(w, row))
        return;
    unsigned fields =
        reconcile_edited(row, &job->keys, job->outcome.job_status, excused(w, row, job));
    if (fields == 0)
        return;
    reconcile_tell(r, &(struct reconcile_finding){.kind = RECONCILE_EDITED,
                                                  .job_id = job->outcome.job_id,
                                                  .qudra_url = job->outcome.qudra_url,
                                                  .mapping = row->mapping,
                                                  .key = row->key,
                                                  .fields = fields});
    if (r->o.fix)
        mark_edited(row, &marks[(*n)++]);
}

/* What the list says of the embedding is taken over on the way. */
static bool write_page(struct walk *w, const struct outcome *jobs, const struct result *marks,
                       size_t n_marks, struct err *e)
{
    struct reconcile *r = w->r;
    if (!writes(r))
        return true;
    r->counts->marked += (int64_t)n_marks;
    CRASH_POINT("reconcile.list.before");
    if (!state_refresh(r->o.state, &r->o.account->lease, jobs, w->n, e) ||
        !state_record(r->o.state, &r->o.account->lease, marks, n_marks, e))
        return false;
    CRASH_POINT("reconcile.list.after");
    return true;
}

static bool look_at_page(struct walk *w, struct err *e)
{
    struct reconcile *r = w->r;
    struct arena *a = &r->page;
    if (w->n == 0)
        return true;
    const char **ids = arena_alloc(a, (w->n + 1) * sizeof *ids);
    struct outcome *jobs = arena_alloc(a, (w->n + 1) * sizeof *jobs);
    struct bound *rows = arena_alloc(a, (w->n + 1) * sizeof *rows);
    struct result *marks = arena_alloc(a, (w->n + 1) * sizeof *marks);
    size_t n_marks = 0;
    for (size_t i = 0; i < w->n; i++) {
        jobs[i] = w->jobs[i].outcome;
        ids[i] = jobs[i].job_id;
    }
    if (!state_listed(r->o.state, r->o.account->config->name, ids, w->n, a, rows, e))
        return false;
    r->counts->listed += (int64_t)w->n;
    for (size_t i = 0; i < w->n; i++)
        if (rows[i].mapping == NULL)
            keep_unowned(r, &w->jobs[i]);
        else
            judge(w, &rows[i], &w->jobs[i], marks, &n_marks);
    bool ok = write_page(w, jobs, marks, n_marks, e);
    w->n = 0;
    arena_clear(a);
    return ok;
}

/* ---- the walk -------------------------------------------------------------------------------- */

static bool go_on_after_failure(struct walk *w, struct err *e)
{
    struct sender *s = w->r->o.sender;
    if (++w->tries == TRIES) {
        err_set(e, ERR_AWAY, "Qudra's list could not be read to its end%s%s",
                s->last_failure[0] != '\0' ? ": " : "", s->last_failure);
        return err_hint(e, "nothing was judged by a part of it; run the command again later");
    }
    if (s->failures == w->failures) { /* led in a circle */
        listing_begin(&w->listing);
    } else {
        w->listing.failed = false;
        w->listing.active = true;
    }
    w->failures = s->failures;
    LOG_WARN("list interrupted: trying again", log_str("failure", s->last_failure),
             log_int("try", w->tries));
    int64_t until = clock_mono_ms() + op_backoff_ms(w->tries - 1, sender_random());
    for (int64_t now; (now = clock_mono_ms()) < until;)
        if (!reconcile_wait(w->r, until - now, e))
            return false;
    return true;
}

static bool walk_on(struct walk *w, struct err *e)
{
    struct reconcile *r = w->r;
    int64_t now_ms = clock_mono_ms(), before = w->listing.requests;
    if (!w->listing.flying && r->budget == 0)
        return true;
    if (!listing_turn(&w->listing, now_ms, e))
        return false;
    if (w->listing.requests > before) {
        w->asked_ms = now_ms;
        r->budget--;
        r->counts->requests++;
    }
    int64_t wait = w->listing.flying ? -1 : sender_wait_ms(r->o.account, now_ms);
    return reconcile_wait(r, wait < 0 ? INT64_MAX : wait, e) && look_at_page(w, e);
}

static bool walk(struct walk *w, struct err *e)
{
    while (w->listing.active || w->listing.flying || w->listing.failed) {
        if (w->listing.failed ? !go_on_after_failure(w, e) : !walk_on(w, e))
            return false;
        if (w->r->budget == 0 && !w->listing.flying && w->listing.active)
            return true;
    }
    w->r->counts->whole = true;
    return true;
}

bool reconcile_list(struct reconcile *r, struct err *e)
{
    struct walk w = {.r = r, .failures = r->o.sender->failures};
    listing_init(&w.listing, r->o.account, r->o.sender, take_page, &w);
    listing_begin(&w.listing);
    bool ok = walk(&w, e);
    listing_release(&w.listing);
    return ok;
}
