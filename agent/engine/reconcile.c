/*
 * Straight through, one step after the other, with the waiting inside: nothing else has to go on
 * meanwhile. What is told at the end (unowned jobs) is looked up once more before, because an agent
 * at work may have recorded a create since its job was listed.
 */
#include "engine/reconcile.h"

#include "base/clock.h"
#include "base/log.h"
#include "engine/reconcile_internal.h"
#include "engine/signals.h"

#define LONGEST_WAIT_MS 1000 /* so that the lease is kept */
#define READS_BESIDE    100
#define LOOK_UP_AT_ONCE 1000

const char *const reconcile_kind_names[RECONCILE_KINDS] = {
    [RECONCILE_GONE] = "gone",         [RECONCILE_EDITED] = "edited",
    [RECONCILE_UNOWNED] = "unowned",   [RECONCILE_DUPLICATE] = "duplicate",
    [RECONCILE_DOUBTFUL] = "doubtful",
};

/* Nothing is written under this lease: it only lets the sender's own check pass. */
void reconcile_only_reads(struct account *a)
{
    static const int64_t for_ever = INT64_MAX;
    a->held = true;
    a->until_ms = &for_ever;
}

void reconcile_tell(struct reconcile *r, const struct reconcile_finding *f)
{
    r->counts->found[f->kind]++;
    r->o.found(r->o.context, f);
}

struct feed *reconcile_feed(const struct reconcile *r, const char *mapping)
{
    return feed_find(r->o.feeds, r->o.n_feeds, mapping);
}

static bool keep(const struct reconcile *r, struct err *e)
{
    bool lost;
    bool ok = tenure_beat(r->o.tenure, r->o.state, clock_mono_ms(), &lost, e);
    return !lost ? ok
                 : err_set(e, ERR_FENCED, "the account was taken over by another agent meanwhile");
}

static bool still_ours(const struct reconcile *r, struct err *e)
{
    struct account *a = r->o.account;
    if (signals_stop())
        return err_set(e, ERR_STOPPED, "stopped by a signal");
    if (!a->stopped)
        return r->o.tenure == NULL || keep(r, e);
    err_set(e, ERR_KEY, "Qudra refuses the key: %s", a->stop_reason);
    return err_hint(e, "check the key with `qudra-sync check`");
}

bool reconcile_wait(struct reconcile *r, int64_t timeout_ms, struct err *e)
{
    struct http_wait_fd fd = {.fd = r->o.signal_fd};
    if (timeout_ms > LONGEST_WAIT_MS)
        timeout_ms = LONGEST_WAIT_MS;
    if (!http_wait(r->o.sender->http, timeout_ms, &fd, 1, e))
        return false;
    signals_drain();
    sender_deliver(r->o.sender);
    return still_ours(r, e);
}

/* ---- what is left unowned -------------------------------------------------------------------- */

static void tell_unowned(struct reconcile *r, const struct reconcile_job *job)
{
    if (job->keys.closed) {
        r->counts->closed++;
        return;
    }
    bool twin = reconcile_set_has(&r->contents, job->keys.normal.word[0]);
    reconcile_tell(
        r, &(struct reconcile_finding){.kind = twin ? RECONCILE_DUPLICATE : RECONCILE_UNOWNED,
                                       .job_id = job->job_id,
                                       .qudra_url = job->qudra_url});
}

static bool tell_page_of_unowned(struct reconcile *r, const struct reconcile_job *jobs, size_t n,
                                 struct err *e)
{
    arena_clear(&r->page);
    const char **ids = arena_alloc(&r->page, n * sizeof *ids);
    struct binding *owners = arena_alloc(&r->page, n * sizeof *owners);
    for (size_t i = 0; i < n; i++)
        ids[i] = jobs[i].job_id;
    if (!state_bindings(r->o.state, r->o.account->config->name, ids, n, &r->page, owners, e))
        return false;
    for (size_t i = 0; i < n; i++)
        if (owners[i].mapping == NULL)
            tell_unowned(r, &jobs[i]);
        else
            r->counts->owned++;
    return true;
}

static bool tell_all_unowned(struct reconcile *r, struct err *e)
{
    for (size_t i = 0; i < r->n_unowned; i += LOOK_UP_AT_ONCE) {
        size_t left = r->n_unowned - i;
        if (!tell_page_of_unowned(r, r->unowned + i,
                                  left < LOOK_UP_AT_ONCE ? left : LOOK_UP_AT_ONCE, e) ||
            !still_ours(r, e))
            return false;
    }
    return true;
}

/* ---- all of it ------------------------------------------------------------------------------- */

static bool all_steps(struct reconcile *r, struct err *e)
{
    if (!reconcile_list(r, e))
        return false;
    if (!r->counts->whole)
        return true;
    if (r->o.requests < 0)
        r->budget = r->counts->requests + READS_BESIDE;
    return reconcile_gone(r, e) && (!r->o.adopt || reconcile_adopt(r, e)) && tell_all_unowned(r, e);
}

bool reconcile_run(const struct reconcile_options *o, struct reconcile_counts *counts,
                   struct err *e)
{
    struct reconcile r = {.o = *o, .counts = counts, .began_ms = clock_mono_ms()};
    *counts = (struct reconcile_counts){.listed = 0};
    r.budget = o->requests < 0 ? INT64_MAX : o->requests;
    arena_init(&r.whole, 64 * 1024);
    arena_init(&r.page, 64 * 1024);
    bool ok = all_steps(&r, e);
    reconcile_pool_free(r.pool);
    mem_free(r.unowned);
    reconcile_set_release(&r.seen);
    reconcile_set_release(&r.contents);
    arena_release(&r.page);
    arena_release(&r.whole);
    return ok || err_prefix(e, "account \"%s\": ", o->account->config->name);
}
