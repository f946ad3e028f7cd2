/*
 * Why a lease row and not a session lock: a session lock dies with pgbouncer in transaction mode,
 * and it fences nothing: an agent that was stopped for a minute would wake up and go on. Our own
 * idea of the lease ends before the database's does, because it is counted from before the
 * statement left.
 */
#include "engine/account.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/secret.h"
#include "engine/holder.h"

#define PROBE_EVERY_MS 60000

static const struct environment *find_environment(const struct secret *key)
{
    for (size_t i = 0; i < ARRAY_LEN(environments); i++)
        if (secret_has_prefix(key, environments[i].prefix))
            return &environments[i];
    return NULL;
}

static struct secret *read_key(const struct config_account *c, struct err *e)
{
    if (c->api_key_file != NULL)
        return secret_load(c->api_key_file, e);
    return secret_take(c->api_key, e);
}

static void start_limiter(struct account *a, const struct plan *plan, int64_t now_ms)
{
    const struct limiter_options o = {
        .requests = plan->requests,
        .window_ms = 60000,
        .headroom_percent = a->config->headroom_percent,
        .headroom = a->config->headroom,
        .concurrency = (int)a->config->concurrency,
    };
    a->limiter = limiter_new(&o, now_ms);
}

bool account_open(struct account *a, const struct config_account *c, int64_t now_ms, struct err *e)
{
    *a = (struct account){.config = c, .dialect = c->dialect, .lease = {.account = c->name}};
    a->key = read_key(c, e);
    if (a->key == NULL)
        return err_prefix(e, "account \"%s\": ", c->name);
    a->environment = find_environment(a->key);
    if (a->environment == NULL) {
        err_set(e, ERR_CONFIG,
                "account \"%s\": the API key begins with neither \"qk_live_\" nor "
                "\"qk_test_\"",
                c->name);
        return err_hint(e, "put the key in as Qudra shows it, with nothing before or after it");
    }
    if (a->dialect.base_url == NULL || a->dialect.base_url[0] == '\0')
        a->dialect.base_url = a->environment->base_url;
    const struct plan *plan = plan_find(c->plan);
    a->bulk = plan->bulk > 0 ? plan->bulk : 1;
    a->plan_quota = c->quota == -2 ? plan->quota : c->quota;
    a->quota = a->plan_quota;
    start_limiter(a, plan, now_ms);
    return true;
}

void account_release(struct account *a)
{
    secret_free(a->key);
    limiter_free(a->limiter);
    a->key = NULL;
    a->limiter = NULL;
}

static bool check_environment(struct account *a, struct pg *state, struct arena *arena,
                              struct err *e)
{
    const char *found;
    if (!state_environment(state, &a->lease, a->environment->name, arena, &found, e))
        return false;
    if (found == NULL)
        return true;
    err_set(e, ERR_CONFIG,
            "account \"%s\": its jobs were made in the %s environment, but the key is "
            "for %s",
            a->config->name, found, a->environment->name);
    return err_hint(e, "put the right key back, or give this key an account (or a database) of its "
                       "own");
}

static void see_rival(struct account *a, int64_t until_ms)
{
    a->rival_lives = until_ms > a->rival_until_ms + LEASE_ASK_MS && a->rival_until_ms > 0;
    if (a->rival_until_ms == 0 || until_ms == 0)
        a->rival_until_ms = until_ms;
}

/* An agent that was killed on this machine is not waited for. */
static bool take_lease(struct account *a, struct pg *state, const char *holder, bool *died,
                       struct err *e)
{
    struct lease_claim claim = {.account = a->config->name, .holder = holder};
    char dead[sizeof claim.rival];
    bool taken = state_lease_take(state, &claim, &a->lease, e);
    if (!taken && e->kind == ERR_LOCKED && holder_is_dead(claim.rival)) {
        snprintf(dead, sizeof dead, "%s", claim.rival);
        claim.dead = dead;
        taken = state_lease_take(state, &claim, &a->lease, e);
    }
    *died = claim.rival[0] != '\0';
    see_rival(a, taken ? 0 : clock_mono_ms() + claim.left_ms);
    return taken;
}

/* Accounts with work on one key divide its window: through PostgreSQL where they share a database,
 * else each sees the others in the headers. */
static bool divide_window(struct account *a, struct pg *state, struct err *e)
{
    char mark[SECRET_MARK_SIZE];
    int64_t sharers;
    secret_mark(a->key, mark);
    if (!state_share(state, &a->lease, mark, &sharers, e))
        return false;
    limiter_set_share(a->limiter, 1.0 / (double)sharers);
    if (a->join_at_ms == 0) /* just begun: each of them looks when it renews its lease */
        a->join_at_ms = clock_mono_ms() + (sharers > 1 ? LEASE_RENEW_MS : 0);
    return true;
}

bool account_take(struct account *a, struct pg *state, const char *holder, struct err *e)
{
    bool died;
    if (!take_lease(a, state, holder, &died, e))
        return false;
    a->join_at_ms = 0;
    a->held = true;
    a->renew_at_ms = clock_mono_ms() + LEASE_RENEW_MS;
    struct arena arena;
    arena_init(&arena, 0);
    int64_t uncertain = 0;
    bool ok = check_environment(a, state, &arena, e) &&
              state_recover(state, &a->lease, died, &uncertain, e) &&
              account_recall_quota(a, state, e) && divide_window(a, state, e) &&
              state_learned(state, a->config->name, &a->as_sent, &a->changed, e);
    arena_release(&arena);
    if (!ok) {
        account_give(a, state);
        return false;
    }
    if (uncertain > 0)
        LOG_WARN("creates in flight when the last agent ended are uncertain",
                 log_str("account", a->config->name), log_int("rows", uncertain));
    return true;
}

bool account_keep(struct account *a, struct pg *state, int64_t now_ms, struct err *e)
{
    if (!a->held || now_ms < a->renew_at_ms)
        return true;
    if (!state_lease_renew(state, &a->lease, e)) {
        if (e->kind == ERR_FENCED)
            a->held = false;
        return false;
    }
    a->renew_at_ms = now_ms + LEASE_RENEW_MS;
    return divide_window(a, state, e);
}

void account_give(struct account *a, struct pg *state)
{
    if (a->held)
        state_lease_give(state, &a->lease);
    a->held = false;
}

static void stop(struct account *a, int64_t now_ms, const char *message, const char *reason,
                 const char *hint)
{
    if (!a->stopped)
        LOG_ERROR(message, log_str("account", a->config->name), log_str("reason", reason),
                  log_str("hint", hint));
    a->stopped = true;
    a->probe_at_ms = now_ms + PROBE_EVERY_MS;
    snprintf(a->stop_reason, sizeof a->stop_reason, "%s", reason);
}

void account_stop(struct account *a, int64_t now_ms, const char *reason)
{
    stop(a, now_ms, "account stopped: Qudra refuses its key", reason,
         a->config->api_key_file != NULL
             ? "put a valid key into api_key_file: it is taken up at once"
             : "start again with a valid key");
}

void account_lose_jobs(struct account *a, int64_t now_ms)
{
    a->jobs_missing = true;
    stop(a, now_ms, "account stopped: none of its jobs is there",
         "every job answers 404: is this key of another Qudra account?",
         "nothing is sent or created anew until the key of the account that has the jobs is back");
}

/* What Qudra said to the key before says nothing of this one. */
static void begin_anew(struct account *a)
{
    a->probe_at_ms = 0;
    a->jobs_missing = a->job_found = a->accepted = false;
    a->missing_in_a_row = 0;
}

bool account_refresh_key(struct account *a)
{
    if (a->config->api_key_file == NULL)
        return false;
    struct err e = ERR_INIT;
    struct secret *fresh = secret_load(a->config->api_key_file, &e);
    bool usable =
        fresh != NULL && !secret_equal(fresh, a->key) && find_environment(fresh) == a->environment;
    if (!usable) {
        secret_free(fresh);
        return false;
    }
    secret_free(a->key);
    a->key = fresh;
    a->key_number++;
    begin_anew(a);
    LOG_INFO("new API key taken up", log_str("account", a->config->name));
    return true;
}

void account_accepted(struct account *a)
{
    a->accepted = true;
    if (!a->jobs_missing)
        a->stopped = false;
}

void account_find_job(struct account *a)
{
    a->job_found = true;
    a->missing_in_a_row = 0;
    if (a->jobs_missing)
        a->jobs_missing = a->stopped = false;
}

void account_heard(struct account *a, int64_t date_ms)
{
    a->news = true;
    if (date_ms < 0)
        return;
    int64_t ends_ms = clock_next_month_ms(date_ms);
    a->ahead_ms = date_ms - clock_wall_ms();
    if (ends_ms < a->month_ends_ms) /* ours ran ahead of it */
        a->month_ends_ms = ends_ms;
}

void account_learn(struct account *a, const struct job_hash *sent, const struct job_hash *answered,
                   unsigned fields)
{
    for (unsigned f = 0; f < JOB_FIELDS; f++) {
        if ((fields & 1u << f) == 0)
            continue;
        unsigned *mask = sent->field[f] == answered->field[f] ? &a->as_sent : &a->changed;
        a->learned = a->learned || (*mask & 1u << f) == 0;
        *mask |= 1u << f;
    }
}

unsigned account_identity(const struct account *a)
{
    return JOB_ALL & ~a->changed;
}
