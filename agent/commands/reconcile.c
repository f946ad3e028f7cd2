/*
 * reconcile: the account's jobs at Qudra against what is recorded of them.
 *
 * Reporting reads alone. What --fix marks is pushed in the same run, by the loop that `once` is,
 * when all accounts have been looked at and their leases are free again.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "commands/output.h"
#include "commands/reconcile.h"
#include "commands/rows_left.h"
#include "commands/setup.h"
#include "engine/holder.h"
#include "engine/loop.h"
#include "engine/signals.h"

struct work {
    struct setup setup;
    struct pg *state, *source, *writer;
    struct http *http;
    struct sender sender;
    struct tenure tenure; /* begun only where something is written */
    struct feed *feeds;
    int signal_fd;
    bool adopt, fix;
    int64_t requests;

    struct reconcile_report report;
    int64_t left;   /* findings that are still there in the end */
    int64_t marked; /* rows that the loop is to push */
    bool short_of_requests;
};

/* ---- history --------------------------------------------------------------------------------- */

static const char *outcome(const struct reconcile_counts *c, bool ok)
{
    int64_t n = 0;
    for (enum reconcile_kind kind = 0; kind < RECONCILE_KINDS; kind++)
        n += c->found[kind];
    return !ok ? "failed" : n > 0 || !c->whole ? "rows_left" : "converged";
}

static bool keep_history(struct pg *state, int64_t id, const struct reconcile_counts *c, bool ok,
                         const struct err *why, struct err *e)
{
    struct buf counts = BUF_INIT(64 * 1024);
    struct json_writer w;
    json_writer_init(&w, &counts);
    json_open_object(&w);
    output_member_int(&w, "listed", c->listed);
    for (enum reconcile_kind kind = 0; kind < RECONCILE_KINDS; kind++)
        output_member_int(&w, reconcile_kind_names[kind], c->found[kind]);
    output_member_int(&w, "adopted", c->adopted);
    output_member_int(&w, "marked", c->marked);
    json_close_object(&w);
    bool kept =
        state_run_end(state, id, outcome(c, ok), buf_str(&counts), ok ? NULL : why->message, e);
    buf_release(&counts);
    return kept;
}

/* ---- one account ----------------------------------------------------------------------------- */

static bool run_options(struct work *k, struct account *a, struct writeback *writeback,
                        struct reconcile_counts *c, struct err *e)
{
    const struct reconcile_options o = {
        .tenure = k->adopt || k->fix ? &k->tenure : NULL,
        .account = a,
        .sender = &k->sender,
        .state = k->state,
        .writeback = writeback,
        .feeds = k->feeds,
        .n_feeds = k->setup.n_mappings,
        .adopt = k->adopt,
        .fix = k->fix,
        .requests = k->requests,
        .max_remove = k->setup.config->max_remove,
        .signal_fd = k->signal_fd,
        .found = reconcile_report_found,
        .context = &k->report,
    };
    int64_t id;
    if (!state_run_begin(k->state, "reconcile", a->config->name, NULL, &id, e))
        return false;
    bool ok = reconcile_run(&o, c, e);
    struct err ignored = ERR_INIT;
    return keep_history(k->state, id, c, ok, e, ok ? e : &ignored) && ok;
}

static bool run_account(struct work *k, struct account *a, struct reconcile_counts *c,
                        struct err *e)
{
    struct writeback *w = writeback_new(
        &(struct writeback_options){.account = a,
                                    .feeds = k->feeds,
                                    .n_feeds = k->setup.n_mappings,
                                    .state = k->state,
                                    .writer = k->writer,
                                    .one_database = k->setup.config->source_url == NULL});
    bool ok = run_options(k, a, w, c, e);
    writeback_free(w);
    return ok;
}

/* What is still wrong when the loop has pushed what was marked. */
static void count_left(struct work *k, const struct reconcile_counts *c)
{
    for (enum reconcile_kind kind = 0; kind < RECONCILE_KINDS; kind++)
        k->left += c->found[kind];
    k->left -= c->marked;
    k->left += k->fix ? 0 : c->to_update;
    k->marked += c->marked + c->to_update + c->freed;
    k->short_of_requests = k->short_of_requests || !c->whole;
}

static bool is_held(const struct work *k, const struct account *a, struct err *e)
{
    err_set(e, ERR_LOCKED, "account \"%s\" is held by another agent: %s", a->config->name,
            k->tenure.rival[0] != '\0' ? k->tenure.rival : "it has just taken over");
    return err_hint(e, "stop that agent first, and start it again afterwards");
}

static bool wait_a_beat(struct work *k, struct err *e)
{
    struct http_wait_fd fd = {.fd = k->signal_fd};
    if (!http_wait(k->http, BEAT_MS, &fd, 1, e))
        return false;
    signals_drain();
    return !signals_stop() || err_set(e, ERR_STOPPED, "stopped by a signal");
}

/* As the loop does: an agent that died elsewhere is waited for until its time has run out. */
static bool take_when_free(struct work *k, struct account *a, struct taken **taken, struct err *e)
{
    const char *name = a->config->name;
    char mark[SEEN_MARK_SIZE];
    const struct take_wish wish = {.account = name, .environment = a->environment->name};
    const struct take_order order = {.agent = k->tenure.name,
                                     .wishes = &wish,
                                     .n = 1,
                                     .most = 1,
                                     .seen_mark =
                                         feed_seen_mark(k->feeds, k->setup.n_mappings, mark)};
    int64_t since_ms = clock_mono_ms();
    for (size_t n = 0;;) {
        bool lost;
        int64_t now_ms = clock_mono_ms(), waited_ms = now_ms - since_ms;
        if (!tenure_beat(&k->tenure, k->state, now_ms, &lost, e) ||
            !state_take(k->state, &order, &k->setup.arena, taken, &n, e))
            return false;
        if (n > 0)
            return true;
        bool beats = waited_ms >= PATIENCE_MS && tenure_rival_beats(&k->tenure);
        if (beats || waited_ms > LEASE_MS + LEASE_GRACE_MS + PATIENCE_MS)
            return is_held(k, a, e);
        if (!wait_a_beat(k, e))
            return false;
    }
}

static bool take_one(struct work *k, struct account *a, struct err *e)
{
    const char *name = a->config->name;
    struct taken *taken;
    if (!state_add_accounts(k->state, &name, 1, e) || !take_when_free(k, a, &taken, e))
        return false;
    if (taken->fence == 0)
        return account_refuse_environment(a, taken->environment, e);
    if (!account_recover(&a, taken, 1, k->state, e))
        return false;
    account_begin(a, taken, &k->tenure.until_ms);
    return account_divide_window(a, k->state, e);
}

static bool take(struct work *k, struct account *a, struct err *e)
{
    if (k->adopt || k->fix)
        return take_one(k, a, e);
    reconcile_only_reads(a);
    return state_learned(k->state, a->config->name, &a->as_sent, &a->changed, e);
}

static void give(struct work *k, struct account *a)
{
    struct err ignored = ERR_INIT;
    if (a->held && (k->adopt || k->fix) && a->in_flight == 0 &&
        !state_give(k->state, &a->lease, 1, &ignored))
        return; /* it is freed when this agent's row goes */
}

static bool reconcile_account(struct work *k, const struct setup_account *known, struct err *e)
{
    struct account a;
    struct reconcile_counts c = {.listed = 0};
    const struct config_account *config = known->config;
    if (known->broken != NULL)
        return err_set(e, ERR_CONFIG, "%s", known->broken);
    if (!account_open(&a, config, clock_mono_ms(), e))
        return false;
    reconcile_report_begin(&k->report, config->name);
    bool ok = take(k, &a, e) && run_account(k, &a, &c, e);
    reconcile_report_end(&k->report, config->name, &c, ok ? NULL : e->message);
    if (ok)
        count_left(k, &c);
    give(k, &a);
    account_release(&a);
    return ok;
}

/* ---- connections ----------------------------------------------------------------------------- */

static bool any_writes_back(const struct setup *s)
{
    for (size_t i = 0; i < s->n_mappings; i++)
        if (mapping_writes_back(s->mappings[i]))
            return true;
    return false;
}

static bool connect_writer(struct work *k, struct err *e)
{
    const struct config *c = k->setup.config;
    const struct pg_options o = {
        .url = c->source_url != NULL ? c->source_url : c->database_url,
        .what = "source writer",
        .application_name = "qudra-sync source",
        .connect_timeout_ms = c->connect_timeout_ms,
        .statement_timeout_ms = c->statement_timeout_ms,
        .own_search_path = true,
        .stop_fd = -1,
    };
    return !k->adopt || !any_writes_back(&k->setup) || pg_connect(&k->writer, &o, e);
}

/* Feeds know their mapping at least; their source is opened only to be scanned for adoption. */
static bool open_feeds(struct work *k, struct err *e)
{
    struct setup *s = &k->setup;
    k->feeds = arena_alloc(&s->arena, (s->n_mappings + 1) * sizeof *k->feeds);
    for (size_t i = 0; i < s->n_mappings; i++) {
        const struct mapping *m = s->mappings[i];
        struct feed *f = &k->feeds[i];
        *f = (struct feed){.mapping = m, .account = m->account != NULL ? m->account : ""};
        if (k->adopt && !source_open(&f->source, k->source, m, s->config->time_zone, NULL, e))
            return false;
        f->lookup = f->source;
    }
    return true;
}

static bool open_all(struct work *k, struct err *e)
{
    k->signal_fd = signals_init();
    tenure_init(&k->tenure, holder_name(&k->setup.arena), false);
    if (!http_new(&k->http, e))
        return false;
    k->sender.http = k->http;
    return setup_connect_state(&k->setup, &k->state, e) &&
           (!k->adopt || setup_connect_source(&k->setup, &k->source, e)) && connect_writer(k, e) &&
           open_feeds(k, e);
}

static void close_all(struct work *k)
{
    for (size_t i = 0; k->feeds != NULL && i < k->setup.n_mappings; i++)
        source_free(k->feeds[i].source);
    k->feeds = NULL;
    tenure_end(&k->tenure, k->state);
    http_free(k->http);
    pg_free(k->writer);
    pg_free(k->source);
    pg_free(k->state);
    k->http = NULL;
    k->writer = k->source = k->state = NULL;
}

/* ---- all of it ------------------------------------------------------------------------------- */

/* What fails for one account is told, and the others are looked at all the same. */
static bool reconcile_accounts(struct work *k, struct err *e)
{
    const struct setup *s = &k->setup;
    struct err first = ERR_INIT;
    bool ok = true;
    for (size_t i = 0; i < s->n_known; i++) {
        if (!s->known[i].chosen || reconcile_account(k, &s->known[i], e))
            continue;
        if (!ok)
            log_err(LOG_LEVEL_ERROR, "account not compared", e);
        else
            first = *e;
        ok = false;
        if (e->kind == ERR_STOPPED)
            break;
        *e = (struct err)ERR_INIT;
    }
    if (!reconcile_report_flush(&k->report, e))
        return false;
    if (!ok)
        *e = first;
    return ok;
}

/* Sends what was marked, as `once` does. */
static bool push_repairs(struct work *k, int *status, struct err *e)
{
    const struct loop_options o = {
        .mode = LOOP_ONCE,
        .config = k->setup.config,
        .mappings = k->setup.mappings,
        .n_mappings = k->setup.n_mappings,
        .accounts = k->setup.accounts,
        .n_accounts = k->setup.n_accounts,
        .signal_fd = k->signal_fd,
    };
    struct loop *l;
    enum loop_end end;
    if (!loop_new(&l, &o, e))
        return false;
    bool ok = loop_run(l, &end, e);
    loop_free(l);
    if (ok && end == LOOP_STOPPED)
        fprintf(stderr, "stopped: what was marked is sent with the next start\n");
    return ok && rows_left_tell(&k->setup, status, e);
}

static bool read_requests(const struct invocation *in, int64_t *out, struct err *e)
{
    const char *given = invocation_value(in, "--requests");
    char *end;
    *out = -1;
    if (given == NULL)
        return true;
    *out = strtoll(given, &end, 10);
    return (*end == '\0' && end != given && *out >= 1) ||
           err_set(e, ERR_USAGE, "\"%s\" is not a number of requests from 1 on", given);
}

static int reconcile_all(struct work *k, struct err *e)
{
    int status = EXIT_CONVERGED;
    bool ok = open_all(k, e) && reconcile_accounts(k, e);
    close_all(k);
    if (!ok || (k->fix && k->marked > 0 && !push_repairs(k, &status, e)))
        return EXIT_CONVERGED;
    if (!k->fix && k->adopt && k->marked > 0)
        fprintf(stderr, "what is to be updated or created waits for the agent, or for `once`\n");
    return k->left > 0 || k->short_of_requests ? EXIT_ROWS_LEFT : status;
}

static int run(const struct invocation *in, struct err *e)
{
    bool adopt = invocation_has(in, "--adopt"), fix = invocation_has(in, "--fix");
    struct work k = {
        .adopt = adopt,
        .fix = fix,
        .report = {.json = invocation_has(in, "--json"), .adopt = adopt, .fix = fix},
    };
    if (!read_requests(in, &k.requests, e) || !setup_load(&k.setup, in, e))
        return EXIT_CONVERGED;
    reconcile_report_init(&k.report);
    int status = reconcile_all(&k, e);
    reconcile_report_release(&k.report);
    setup_release(&k.setup);
    return status;
}

static const struct command_option options[] = {
    {"--adopt", NULL, "bind jobs that no row has to rows of equal content"},
    {"--fix", NULL, "recreate jobs that are gone and set edited ones right"},
    {"--requests", "N", "at most N requests to Qudra; default: what the list takes"},
    {"--json", NULL, "one JSON array, an object for each account, with every finding"},
    {NULL, NULL, NULL},
};

const struct command command_reconcile = {
    .name = "reconcile",
    .arguments = "",
    .summary = "compares with Qudra's list of jobs and reports; --adopt and --fix repair",
    .details =
        "Without an option nothing is written and a running agent is not disturbed. --adopt and "
        "--fix\n"
        "need the account for themselves: stop the agent first. After the state was lost: "
        "migrate,\n"
        "reconcile --adopt, and only then run. Unowned and duplicate jobs are never deleted: do "
        "that\n"
        "at Qudra. Ends with 65 when a difference is left, or when --requests was not enough.",
    .options = options,
    .run = run,
};
