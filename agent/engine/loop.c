/*
 * The turn and its ends. Failures are sorted here, once: a server that is away is told once for
 * each reason, and once, when it is back; everything between is waiting.
 */
#include "engine/loop.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "engine/loop_internal.h"
#include "engine/signals.h"

#define GIVE_UP_AFTER_MS 60000 /* once and backfill: this long without a step forward */
#define LONGEST_WAIT_MS  60000

/* ---- one turn
 * ------------------------------------------------------------------------------------ */

static bool turn(struct loop *l, int64_t now_ms, struct err *e)
{
    return loop_reconnect(l, now_ms, e) && loop_read_accounts(l, now_ms, e) &&
           loop_share(l, now_ms, e) && loop_turns(l, now_ms, e) &&
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
    int64_t share_ms =
        l->tenure.beat_at_ms < l->share_at_ms ? l->tenure.beat_at_ms : l->share_at_ms;
    sooner(&wait, share_ms > now_ms ? share_ms - now_ms : 0);
    sooner(&wait, loop_turns_wait_ms(l, now_ms));
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

static const struct account *first_stopped(const struct loop *l)
{
    for (size_t i = 0; i < l->n_workers; i++)
        if (l->workers[i]->account.stopped)
            return &l->workers[i]->account;
    return NULL;
}

static bool all_stopped(const struct loop *l)
{
    for (size_t i = 0; i < l->n_workers; i++)
        if (!l->workers[i]->account.stopped)
            return false;
    return l->n_workers > 0;
}

static bool is_stopped(const struct loop *l, struct err *e)
{
    const struct account *a = first_stopped(l);
    if (a == NULL)
        return false;
    err_set(e, ERR_KEY, "%s \"%s\": %s",
            a->jobs_missing ? "account" : "Qudra refuses the key of account", a->config->name,
            a->stop_reason);
    return !err_hint(e, "check the key with `qudra-sync check`; what is pending stays so");
}

static bool is_done(const struct worker *w)
{
    if (w->push == NULL || w->account.stopped)
        return true;
    int64_t now_ms = clock_mono_ms();
    bool settled = settle_wait_ms(w->settle, now_ms) < 0 || settle_is_stuck(w->settle);
    return push_wait_ms(w->push) < 0 && settled && !writeback_is_busy(w->writeback, now_ms);
}

static bool seems_done(const struct loop *l)
{
    if (!loop_detect_quiet(l) || in_flight(l) > 0 || !loop_holds_all(l))
        return false;
    for (size_t i = 0; i < l->n_awake; i++)
        if (!is_done(l->awake[i]))
            return false;
    return true;
}

/* What push and settle remember of the queue may be older than its last change: before the end is
 * believed, both ask it once more. */
static bool nothing_left(struct loop *l)
{
    bool asked = l->asked_again;
    l->asked_again = seems_done(l);
    for (size_t i = 0; l->asked_again && !asked && i < l->n_awake; i++) {
        loop_wake(l, l->awake[i], clock_mono_ms());
        settle_wake(l->awake[i]->settle);
    }
    return asked && l->asked_again;
}

static bool gives_up(struct loop *l, int64_t now_ms, struct err *e)
{
    if (all_stopped(l) && in_flight(l) == 0)
        return is_stopped(l, e);
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

/* A server that is away is told once, and again when it is there and something else keeps us out:
 * that may be for a person to mend. */
static void tell_away(struct loop *l, const struct err *e)
{
    bool starting = strcmp(e->sqlstate, "57P03") == 0;
    bool other = e->sqlstate[0] != '\0' && !starting && strcmp(e->sqlstate, l->away_why) != 0;
    if (l->away_told && !other)
        return;
    log_err(LOG_LEVEL_ERROR, "database away: waiting for it", e);
    memcpy(l->away_why, e->sqlstate, sizeof l->away_why);
    l->away_told = true;
}

/* What a failed turn means: true when waiting mends it. */
static bool bear(struct loop *l, struct err *e)
{
    if (e->kind == ERR_STOPPED)
        return true;
    if (e->kind == ERR_FENCED && l->o.mode == LOOP_RUN) {
        log_err(LOG_LEVEL_WARN, "account lost to another agent", e);
        loop_drop_pass(l);
        return true;
    }
    if (e->kind != ERR_AWAY || l->o.mode != LOOP_RUN)
        return false;
    tell_away(l, e);
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
    for (size_t i = 0; i < l->n_awake; i++)
        if (!account_tell(&l->awake[i]->account, l->state, now_ms, true, &ignored))
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
                return !is_stopped(l, e) &&
                       (l->follow == NULL || follow_clear(l->follow, l->leases, l->n_leases, e));
            }
        }
        int64_t wait = turned ? wait_ms(l, clock_mono_ms()) : BEAT_MS;
        if (!wait_for_anything(l, wait, e))
            return false;
    }
}

bool loop_is_away(const struct loop *l)
{
    return l->away_told;
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
    out->pushed = l->crew.counted;
    for (size_t i = 0; i < l->n_awake; i++) {
        const struct worker *w = l->awake[i];
        push_counts_add(&out->pushed, push_counts(w->push));
        out->uncertain += (int64_t)settle_attempts(w->settle);
        int64_t wait = push_wait_ms(w->push);
        if (wait != LIMITER_ASK_AGAIN && wait > out->limiter_wait_ms)
            out->limiter_wait_ms = wait;
    }
}

bool loop_may_follow(const struct loop *l, const struct loop *next, struct err *e)
{
    if (next->n_workers != 1)
        return true;
    const struct account *is = &next->workers[0]->account;
    const struct worker *was = loop_worker(l, is->config->name);
    if (was == NULL || was->foreign || was->account.environment == NULL ||
        is->environment == NULL || was->account.environment == is->environment)
        return true;
    return account_refuse_environment(is, was->account.environment->name, e);
}
