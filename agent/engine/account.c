/*
 * An account is held as long as its agent lives: that the agent's time runs out is seen where a
 * request is about to leave (engine/sender), and in the fence of every write.
 */
#include "engine/account.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/secret.h"

#define PROBE_EVERY_MS 60000
#define JOIN_LONGEST_MS                                                                            \
    60000                 /* the documented window (rate limits page): longer is not believed      \
                           */
#define JOIN_SLACK_MS 500 /* between two machines' clocks */

static const struct environment *find_environment(const struct secret *key)
{
    for (size_t i = 0; i < ARRAY_LEN(environments); i++)
        if (secret_has_prefix(key, environments[i].prefix))
            return &environments[i];
    return NULL;
}

static struct secret *read_variable(const char *name, struct err *e)
{
    const char *value = getenv(name);
    if (value == NULL) {
        err_set(e, ERR_CONFIG, "the environment has no variable \"%s\"", name);
        err_hint(e, "give the agent the key there, or put it into a file and name that");
        return NULL;
    }
    char *copy = mem_strdup(value); /* wiped by the secret */
    struct secret *key = secret_take(copy, e);
    mem_free(copy);
    return key;
}

static struct secret *read_key(const struct config_account *c, struct err *e)
{
    if (c->api_key_file != NULL)
        return secret_load(c->api_key_file, e);
    return c->api_key_env != NULL ? read_variable(c->api_key_env, e) : secret_take(c->api_key, e);
}

static bool take_up_key(struct account *a, struct err *e)
{
    a->key = read_key(a->config, e);
    if (a->key == NULL)
        return false;
    a->environment = find_environment(a->key);
    if (a->environment != NULL)
        return true;
    secret_free(a->key);
    a->key = NULL;
    err_set(e, ERR_CONFIG, "the API key begins with neither \"qk_live_\" nor \"qk_test_\"");
    return err_hint(e, "put the key in as Qudra shows it, with nothing before or after it");
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

static void open_keyless(struct account *a, const struct config_account *c, int64_t now_ms)
{
    static const int64_t never;
    *a = (struct account){.config = c,
                          .dialect = c->dialect,
                          .lease = {.account = c->name},
                          .until_ms = &never,
                          .may_fly = INT_MAX};
    const struct plan *plan = plan_find(c->plan);
    a->bulk = plan->bulk > 0 ? plan->bulk : 1;
    a->plan_quota = c->quota == -2 ? plan->quota : c->quota;
    a->quota = a->plan_quota;
    start_limiter(a, plan, now_ms);
}

static void stop_for_ever(struct account *a, const char *reason)
{
    a->stopped = true;
    a->probe_at_ms = INT64_MAX;
    snprintf(a->stop_reason, sizeof a->stop_reason, "%.255s", reason);
}

void account_open_broken(struct account *a, const struct config_account *c, const char *reason)
{
    open_keyless(a, c, 0);
    stop_for_ever(a, reason);
}

bool account_open(struct account *a, const struct config_account *c, int64_t now_ms, struct err *e)
{
    open_keyless(a, c, now_ms);
    if (!take_up_key(a, e)) {
        stop_for_ever(a, e->message);
        return err_prefix(e, "account \"%s\": ", c->name);
    }
    if (a->dialect.base_url == NULL || a->dialect.base_url[0] == '\0')
        a->dialect.base_url = a->environment->base_url;
    return true;
}

void account_release(struct account *a)
{
    secret_free(a->key);
    limiter_free(a->limiter);
    a->key = NULL;
    a->limiter = NULL;
}

/* ---- rows of the database -----------------------------------------------------------------------
 */

bool account_row_counts(const struct account_row *row)
{
    return row->enabled && (row->api_key_file != NULL || row->api_key_env != NULL);
}

bool account_read_row(const struct config *c, const struct account_row *row, struct arena *a,
                      const struct config_account **out, struct err *e)
{
    const struct config_row text = {.name = row->name,
                                    .api_key_file = row->api_key_file,
                                    .api_key_env = row->api_key_env,
                                    .plan = row->plan,
                                    .headroom = row->headroom,
                                    .quota = row->quota,
                                    .concurrency = row->concurrency};
    return config_account_read(c, &text, a, out, e) ||
           err_prefix(e, "account \"%s\", a row of qudra_sync.account: ", row->name);
}

/* ---- held ---------------------------------------------------------------------------------------
 */

bool account_refuse_environment(const struct account *a, const char *found, struct err *e)
{
    err_set(e, ERR_CONFIG,
            "account \"%s\": its jobs were made in the %s environment, but the key is "
            "for %s",
            a->config->name, found, a->environment->name);
    return err_hint(e, "put the right key back, or give this key an account (or a database) of its "
                       "own");
}

/* Whoever has just begun beside others waits until each of them has divided the window anew and has
 * told how much of it was gone by then. Where that leaves no part, it begins in the next window,
 * for its own headers have shown nothing of this one. Once: a program that is not ours may use up
 * each window, and must be met. */
static void join(struct account *a, const struct sharing *s, int64_t now_ms)
{
    if (a->join_at_ms == 0) {
        a->join_at_ms = now_ms + (s->accounts > 1 ? ACCOUNT_DIVIDE_MS + ACCOUNT_TELL_MS : 0);
        a->joins = true;
    }
    if (!a->joins || now_ms < a->join_at_ms)
        return;
    struct limiter_view v;
    limiter_view(a->limiter, now_ms, &v);
    a->joins = false;
    if (v.used == 0 && s->full_ms > 0 && s->full_ms <= JOIN_LONGEST_MS)
        a->join_at_ms = now_ms + s->full_ms + JOIN_SLACK_MS;
}

/* Accounts with work on one key divide its window: through PostgreSQL where they share a database,
 * else each sees the others in the headers. */
bool account_divide_window(struct account *a, struct pg *state, struct err *e)
{
    char mark[SECRET_MARK_SIZE];
    struct sharing s;
    if (a->key == NULL)
        return true;
    secret_mark(a->key, mark);
    if (!state_share(state, &a->lease, mark, &s, e))
        return false;
    int64_t now_ms = clock_mono_ms();
    limiter_set_share(a->limiter, 1.0 / (double)s.accounts);
    a->crowded = s.accounts > 1;
    join(a, &s, now_ms);
    a->divide_at_ms = a->join_at_ms > now_ms ? a->join_at_ms : now_ms + ACCOUNT_DIVIDE_MS;
    return true;
}

bool account_recover(struct account *const *accounts, const struct taken *taken, size_t n,
                     struct pg *state, struct err *e)
{
    struct arena a;
    arena_init(&a, 0);
    struct lease *leases = arena_alloc(&a, n * sizeof *leases);
    bool *died = arena_alloc(&a, n * sizeof *died);
    int64_t *uncertain = arena_alloc(&a, n * sizeof *uncertain);
    size_t k = 0;
    for (size_t i = 0; i < n; i++) {
        died[k] = taken[i].torn && taken[i].held_ago_ms >= 0;
        if (taken[i].fence > 0 && (taken[i].under_way || died[k]))
            leases[k++] = (struct lease){accounts[i]->config->name, taken[i].fence};
    }
    bool ok = k == 0 || state_recover(state, leases, died, k, uncertain, e);
    for (size_t i = 0; ok && i < k; i++)
        if (uncertain[i] > 0)
            LOG_WARN("creates in flight when the last agent ended are uncertain",
                     log_str("account", leases[i].account), log_int("rows", uncertain[i]));
    arena_release(&a);
    return ok;
}

void account_begin(struct account *a, const struct taken *t, const int64_t *until_ms)
{
    a->lease.fence = t->fence;
    a->join_at_ms = a->divide_at_ms = 0;
    a->creating = 0;
    a->looking = a->journal_unknown = false;
    a->under_way = t->under_way;
    a->as_sent = t->as_sent;
    a->changed = t->changed;
    account_recall_quota(a, t);
    a->held = true;
    a->until_ms = until_ms;
}

void account_end(struct account *a)
{
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
    a->jobs_missing = a->job_found = a->accepted = a->stranger_told = false;
    a->missing_in_a_row = 0;
}

bool account_has_key_now(const struct account *a)
{
    struct err ignored = ERR_INIT;
    if (a->key != NULL || a->config->api_key_file == NULL)
        return a->key != NULL;
    struct secret *key = secret_load(a->config->api_key_file, &ignored);
    bool good = key != NULL && find_environment(key) != NULL;
    secret_free(key);
    return good;
}

bool account_refresh_key(struct account *a)
{
    if (a->key == NULL || a->config->api_key_file == NULL)
        return false;
    struct err e = ERR_INIT;
    struct secret *fresh = secret_load(a->config->api_key_file, &e);
    bool other = fresh != NULL && !secret_equal(fresh, a->key);
    if (!other || find_environment(fresh) != a->environment) {
        if (other && !a->stranger_told)
            LOG_WARN("the key in api_key_file is not taken up: it is for another environment",
                     log_str("account", a->config->name));
        a->stranger_told = other;
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
    a->ahead_ms = date_ms - clock_mono_ms();
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
