/*
 * The limiter is told of a request before it leaves and of its answer before the owner is, so that
 * an owner who sends again at once already paces by what the answer's headers said.
 */
#include "engine/sender.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/log.h"

#define AWAY_AFTER 3 /* failures in a row, and it is told */

double sender_random(void)
{
    static bool seeded;
    if (!seeded) {
        long seed;
        if (getrandom(&seed, sizeof seed, 0) != sizeof seed)
            seed = (long)clock_wall_ms();
        srand48(seed);
        seeded = true;
    }
    return drand48();
}

bool sender_is_current(const struct errand *errand)
{
    return errand->key_number == errand->account->key_number;
}

int64_t sender_probe_wait_ms(struct account *a, int64_t now_ms)
{
    if (!a->held || now_ms >= *a->until_ms)
        return BEAT_MS;
    if (a->stopped && now_ms < a->probe_at_ms)
        return a->probe_at_ms - now_ms;
    if (now_ms < a->join_at_ms)
        return a->join_at_ms - now_ms;
    int64_t wait_ms = limiter_wait_ms(a->limiter, now_ms);
    a->starved = wait_ms == 0 && a->in_flight >= a->may_fly;
    return a->starved ? LIMITER_ASK_AGAIN : wait_ms;
}

int64_t sender_wait_ms(struct account *a, int64_t now_ms)
{
    return a->jobs_missing ? BEAT_MS : sender_probe_wait_ms(a, now_ms);
}

bool sender_start(struct sender *s, struct errand *errand, const struct qudra_request *request,
                  const char *idempotency_key, int64_t now_ms, struct err *e)
{
    struct account *a = errand->account;
    const struct http_request r = {
        .method = request->method,
        .url = request->url,
        .idempotency_key = idempotency_key,
        .body = request->body,
        .body_len = request->body_len,
        .key = a->key,
        .ca_file = a->config->ca_file,
        .timeout_ms = a->config->timeout_ms,
        .not_after_ms = *a->until_ms,
        .tag = errand,
    };
    if (a->stopped) /* the one request that asks whether the key is taken again */
        a->probe_at_ms = now_ms + a->config->timeout_ms;
    LOG_TRACE("request leaves", log_str("method", request->method), log_str("url", request->url),
              log_str("body", request->body));
    if (!http_start(s->http, &r, e))
        return false;
    a->in_flight++;
    errand->ticket = limiter_sent(a->limiter, now_ms);
    errand->key_number = a->key_number;
    s->requests++;
    return true;
}

static void tell_limiter(struct sender *s, const struct errand *errand,
                         const struct http_response *r, int64_t now_ms)
{
    struct limiter *l = errand->account->limiter;
    if (r->end != HTTP_ANSWERED && r->status == 0) {
        limiter_lost(l, errand->ticket, now_ms, r->end == HTTP_LOST, sender_random());
        return;
    }
    struct limiter_headers h;
    qudra_headers(r, clock_wall_ms(), &h);
    limiter_answered(l, errand->ticket, now_ms, r->status, &h, sender_random());
    account_heard(errand->account, h.date_ms);
    if (r->status != 429)
        return;
    s->limited++;
    metrics_add(s->metrics, METRIC_RATE_LIMITED, 1,
                (const char *const[]){errand->account->config->name, NULL});
}

static void is_there(struct sender *s)
{
    if (s->away_told)
        LOG_INFO("Qudra answers again");
    s->in_a_row = 0;
    s->away_told = false;
}

/* One request may fail; when the next ones do too, a person may want to know. */
static void is_away(struct sender *s)
{
    if (++s->in_a_row < AWAY_AFTER || s->away_told)
        return;
    LOG_ERROR("Qudra away: waiting for it", log_str("failure", s->last_failure));
    s->away_told = true;
}

static void remember(struct sender *s, const struct http_response *r)
{
    if (r->end == HTTP_ANSWERED && r->status >= 200 && r->status < 300)
        s->successes++;
    if (r->end == HTTP_ANSWERED && r->status < 500) {
        is_there(s);
        return;
    }
    s->failures++;
    if (r->end == HTTP_ANSWERED)
        snprintf(s->last_failure, sizeof s->last_failure, "HTTP status %d", r->status);
    else
        snprintf(s->last_failure, sizeof s->last_failure, "%s", r->failure);
    is_away(s);
}

static void tell_world(struct sender *s, const struct errand *errand, const struct http_response *r)
{
    const char *account = errand->account->config->name;
    char status[12];
    snprintf(status, sizeof status, "%d", r->status);
    metrics_add(s->metrics, METRIC_REQUESTS, 1,
                (const char *const[]){account, errand->what, status, NULL});
    metrics_observe(s->metrics, METRIC_REQUEST_SECONDS,
                    (double)(r->ended_ms - r->started_ms) / 1000.0,
                    (const char *const[]){account, NULL});
    LOG_TRACE("answer", log_str("what", errand->what), log_str("body", r->body));
    LOG_DEBUG("request", log_str("account", account), log_str("what", errand->what),
              log_int("status", r->status), log_int("ms", r->ended_ms - r->started_ms),
              log_str("failure", r->failure[0] != '\0' ? r->failure : NULL));
}

bool sender_go_on(struct sender *s, struct err *e)
{
    return http_in_flight(s->http) == 0 || http_go_on(s->http, e);
}

size_t sender_deliver(struct sender *s)
{
    size_t n = 0;
    for (struct http_response *r; (r = http_next(s->http)) != NULL; n++) {
        struct errand *errand = r->tag;
        errand->account->in_flight--;
        errand->account->turn = true;
        tell_limiter(s, errand, r, clock_mono_ms());
        remember(s, r);
        tell_world(s, errand, r);
        bool taken = r->end == HTTP_ANSWERED && r->status >= 200 && r->status < 300;
        if (taken && sender_is_current(errand))
            account_accepted(errand->account);
        errand->done(errand, r);
        http_response_free(r);
    }
    return n;
}
