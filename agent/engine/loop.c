/*
 * The turn and its ends. Failures are sorted here, once: a server that is away is told once, when
 * it goes, and once, when it is back; everything between is waiting.
 */
#include "engine/loop.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "engine/loop_internal.h"
#include "engine/signals.h"

#define GIVE_UP_AFTER_MS 60000 /* once and backfill: this long without a step forward */
#define LONGEST_WAIT_MS  60000

/* ---- leases -------------------------------------------------------------------------------------
 */

static bool take_lease(struct loop *l, struct worker *w, int64_t now_ms, struct err *e)
{
    if (w->account.held || now_ms < w->take_at_ms)
        return true;
    if (account_take(&w->account, l->state, l->holder, e)) {
        settle_wake(w->settle);
        push_wake(w->push);
        if (w->waiting_told)
            LOG_INFO("account taken over", log_str("account", w->account.config->name));
        w->waiting_told = false;
        return true;
    }
    w->take_at_ms = now_ms + LEASE_ASK_MS;
    if (e->kind != ERR_LOCKED || (l->o.mode != LOOP_RUN && w->account.rival_lives))
        return false;
    if (!w->waiting_told)
        log_err(LOG_LEVEL_WARN, "waiting for the account", e);
    w->waiting_told = true;
    return true;
}

static bool keep_leases(struct loop *l, int64_t now_ms, struct err *e)
{
    l->n_leases = 0;
    for (size_t i = 0; i < l->n_workers; i++) {
        struct worker *w = &l->workers[i];
        if (!take_lease(l, w, now_ms, e) || !account_keep(&w->account, l->state, now_ms, e))
            return false;
        if (w->account.held)
            l->leases[l->n_leases++] = w->account.lease;
    }
    l->marker.n_leases = l->n_leases;
    return true;
}

/* ---- one turn
 * ------------------------------------------------------------------------------------ */

/* Where new jobs are short, the best of the whole table are wanted: until every mapping has had its
 * first pass. Else a pass is waited for to its end. */
static int64_t hold_since(const struct loop *l, const struct account *a)
{
    bool first = a->quota >= 0 && !loop_all_passed(l);
    return first ? l->began_ms : l->detection != NULL ? l->detect_started_ms : -1;
}

/* A create that was settled, or a row that push found to be gone, may be the queue's or the guard's
 * now, after the pass that would have seen to it. */
static void follow_late_rows(struct loop *l, struct worker *w)
{
    int64_t late = settle_ended(w->settle) + push_counts(w->push)->gone;
    if (late == w->late_seen)
        return;
    w->late_seen = late;
    push_wake(w->push);
    if (l->o.mode != LOOP_RUN) /* which looks again by itself */
        loop_look_again(l);
}

static bool work(struct loop *l, struct worker *w, int64_t now_ms, struct err *e)
{
    if (!w->account.held)
        return true;
    bool start = !l->stopping;
    if (w->account.stopped && start)
        account_refresh_key(&w->account);
    int64_t requests = push_counts(w->push)->job_requests;
    push_hold_creates(w->push, hold_since(l, &w->account));
    if (!push_turn(w->push, start, now_ms, e))
        return false;
    if (push_counts(w->push)->uncertain != w->uncertain_seen)
        settle_wake(w->settle);
    w->uncertain_seen = push_counts(w->push)->uncertain;
    if (push_counts(w->push)->job_requests != requests)
        refresh_wake(w->refresh, now_ms);
    bool spare = start && l->o.mode == LOOP_RUN && push_wait_ms(w->push) != 0 &&
                 push_in_flight(w->push) == 0;
    if (!settle_turn(w->settle, start && !push_in_doubt(w->push), now_ms, e))
        return false;
    follow_late_rows(l, w);
    return refresh_turn(w->refresh, spare, now_ms, e) &&
           (!start || writeback_turn(w->writeback, now_ms, e)) &&
           account_tell(&w->account, l->state, now_ms, !start, e);
}

static bool work_all(struct loop *l, int64_t now_ms, struct err *e)
{
    for (size_t i = 0; i < l->n_workers; i++)
        if (!work(l, &l->workers[i], now_ms, e))
            return false;
    return true;
}

static bool turn(struct loop *l, int64_t now_ms, struct err *e)
{
    return loop_reconnect(l, now_ms, e) && keep_leases(l, now_ms, e) && work_all(l, now_ms, e) &&
           (l->stopping ||
            (l->follow != NULL ? loop_follow(l, now_ms, e) : loop_detect(l, now_ms, e)));
}

/* ---- waiting
 * ------------------------------------------------------------------------------------- */

static void sooner(int64_t *wait, int64_t candidate)
{
    if (candidate >= 0 && candidate < *wait)
        *wait = candidate;
}

static int64_t wait_ms(const struct loop *l, int64_t now_ms)
{
    int64_t wait = LONGEST_WAIT_MS;
    for (size_t i = 0; i < l->n_workers; i++) {
        const struct worker *w = &l->workers[i];
        if (!w->account.held) {
            sooner(&wait, w->take_at_ms > now_ms ? w->take_at_ms - now_ms : 0);
            continue;
        }
        sooner(&wait, w->account.renew_at_ms > now_ms ? w->account.renew_at_ms - now_ms : 0);
        sooner(&wait, push_wait_ms(w->push));
        sooner(&wait, settle_wait_ms(w->settle, now_ms));
        sooner(&wait, account_tell_wait_ms(&w->account, now_ms));
        sooner(&wait, writeback_wait_ms(w->writeback, now_ms));
        if (l->o.mode == LOOP_RUN && push_in_flight(w->push) == 0)
            sooner(&wait, refresh_wait_ms(w->refresh, now_ms));
    }
    if (!l->stopping)
        sooner(&wait, loop_detect_wait_ms(l, now_ms));
    sooner(&wait, metrics_wait_ms(l->o.metrics));
    return wait;
}

/* A NOTIFY may have come with the result of a statement: its descriptor is silent then. */
static void take_notifications(struct loop *l)
{
    struct err lost = ERR_INIT; /* a dead connection is found and mended by the next turn */
    if (l->listening && pg_alive(l->lookup) && pg_notified(l->lookup, &lost))
        loop_poll_now(l);
}

static bool wait_for_anything(struct loop *l, int64_t timeout_ms, struct err *e)
{
    struct http_wait_fd fds[4] = {{.fd = l->o.signal_fd}};
    size_t n = 1;
    if (l->listening && pg_fd(l->lookup) >= 0)
        fds[n++].fd = pg_fd(l->lookup);
    struct http_wait_fd *scrape = &fds[n];
    if (metrics_fd(l->o.metrics) >= 0)
        fds[n++].fd = metrics_fd(l->o.metrics);
    if (!http_wait(l->http, timeout_ms, fds, n, e))
        return false;
    signals_drain();
    take_notifications(l);
    if (scrape->ready)
        loop_metrics_show(l, clock_mono_ms());
    metrics_serve(l->o.metrics);
    metrics_alive(l->o.metrics, clock_mono_ms());
    sender_deliver(&l->sender);
    return true;
}

/* ---- ends
 * ---------------------------------------------------------------------------------------- */

static size_t in_flight(const struct loop *l)
{
    return http_in_flight(l->http);
}

static bool seems_done(const struct loop *l)
{
    if (!loop_detect_quiet(l) || in_flight(l) > 0)
        return false;
    for (size_t i = 0; i < l->n_workers; i++) {
        const struct worker *w = &l->workers[i];
        int64_t now_ms = clock_mono_ms();
        if (!w->account.held || push_wait_ms(w->push) >= 0 ||
            writeback_is_busy(w->writeback, now_ms) ||
            (settle_wait_ms(w->settle, now_ms) >= 0 && !settle_is_stuck(w->settle)))
            return false;
    }
    return true;
}

/* What push and settle remember of the queue may be older than its last change: before the end is
 * believed, both ask it once more. */
static bool nothing_left(struct loop *l)
{
    bool asked = l->asked_again;
    l->asked_again = seems_done(l);
    for (size_t i = 0; l->asked_again && !asked && i < l->n_workers; i++) {
        push_wake(l->workers[i].push);
        settle_wake(l->workers[i].settle);
    }
    return asked && l->asked_again;
}

static bool gives_up(struct loop *l, int64_t now_ms, struct err *e)
{
    for (size_t i = 0; i < l->n_workers; i++) {
        const struct account *a = &l->workers[i].account;
        if (a->stopped && in_flight(l) == 0) {
            err_set(e, ERR_KEY, "%s \"%s\": %s",
                    a->jobs_missing ? "account" : "Qudra refuses the key of account",
                    a->config->name, a->stop_reason);
            return !err_hint(e, "check the key with `qudra-sync check`; what is pending stays so");
        }
    }
    if (l->sender.successes != l->requests_seen || l->detection != NULL) {
        l->requests_seen = l->sender.successes;
        l->progress_ms = now_ms;
    }
    if (l->sender.failures == 0 || now_ms - l->progress_ms < GIVE_UP_AFTER_MS)
        return false;
    err_set(e, ERR_AWAY, "Qudra has answered nothing useful for a minute: %s",
            l->sender.last_failure);
    return !err_hint(e, "what is pending stays so; run the command again later");
}

/* What a failed turn means: true when waiting mends it. */
static bool bear(struct loop *l, struct err *e)
{
    if (e->kind == ERR_STOPPED)
        return true;
    if (e->kind == ERR_FENCED && l->o.mode == LOOP_RUN) {
        log_err(LOG_LEVEL_WARN, "account lost to another agent", e);
        detect_free(l->detection);
        l->detection = NULL;
        return true;
    }
    if (e->kind != ERR_AWAY || l->o.mode != LOOP_RUN)
        return false;
    if (!l->away_told)
        log_err(LOG_LEVEL_ERROR, "database away: waiting for it", e);
    l->away_told = true;
    loop_readiness(l);
    return true;
}

static void is_back(struct loop *l)
{
    if (l->away_told)
        LOG_INFO("database is back");
    l->away_told = false;
    loop_readiness(l);
}

static void report(struct loop *l)
{
    if (l->o.progress == NULL)
        return;
    struct loop_view v;
    loop_view(l, &v);
    l->o.progress(l->o.progress_context, &v);
}

/* The last word before an end. That it could not be written harms nobody. */
static void tell_all(struct loop *l, int64_t now_ms)
{
    struct err ignored = ERR_INIT;
    for (size_t i = 0; i < l->n_workers; i++)
        if (!account_tell(&l->workers[i].account, l->state, now_ms, true, &ignored))
            return;
}

bool loop_run(struct loop *l, enum loop_end *end, struct err *e)
{
    bool reload = false;
    l->progress_ms = l->began_ms = clock_mono_ms();
    for (;;) {
        reload = reload || (l->o.mode == LOOP_RUN && signals_take_reload());
        l->stopping = signals_stop() || reload;
        *e = (struct err)ERR_INIT;
        int64_t now_ms = clock_mono_ms();
        bool turned = turn(l, now_ms, e);
        if (turned) {
            is_back(l);
            take_notifications(l);
        } else if (!bear(l, e))
            return false;
        report(l);
        if (l->stopping && in_flight(l) == 0) {
            tell_all(l, now_ms);
            *end = reload && !signals_stop() ? LOOP_RELOAD : LOOP_STOPPED;
            *e = (struct err)ERR_INIT; /* what was borne is no reason to fail */
            return true;
        }
        if (l->o.mode != LOOP_RUN) {
            if (gives_up(l, now_ms, e))
                return false;
            if (!l->stopping && nothing_left(l)) {
                tell_all(l, now_ms);
                *end = LOOP_QUIET;
                return l->follow == NULL || follow_clear(l->follow, l->leases, l->n_leases, e);
            }
        }
        int64_t wait = turned ? wait_ms(l, clock_mono_ms()) : LEASE_ASK_MS;
        if (!wait_for_anything(l, wait, e))
            return false;
    }
}

void loop_view(const struct loop *l, struct loop_view *out)
{
    *out = l->seen;
    out->detecting = l->seen.mapping != NULL;
    if (l->follow != NULL)
        out->plan = *follow_counts(l->follow);
    if (l->detection != NULL)
        out->rows_looked_at += detect_counts(l->detection)->rows;
    out->requests = l->sender.requests;
    out->limited = l->sender.limited;
    for (size_t i = 0; i < l->n_workers; i++) {
        const struct push_counts *c = push_counts(l->workers[i].push);
        for (int op = 0; op < OP_NONE; op++)
            out->pushed.done[op] += c->done[op];
        out->pushed.settled += c->settled;
        out->pushed.refused += c->refused;
        out->pushed.retried += c->retried;
        out->pushed.uncertain += c->uncertain;
        out->pushed.deferred += c->deferred;
        out->pushed.job_requests += c->job_requests;
        out->uncertain += (int64_t)settle_attempts(l->workers[i].settle);
        int64_t wait = push_wait_ms(l->workers[i].push);
        if (wait != LIMITER_ASK_AGAIN && wait > out->limiter_wait_ms)
            out->limiter_wait_ms = wait;
    }
}
