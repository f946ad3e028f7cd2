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
#include "commands/output.h"
#include "commands/setup.h"
#include "engine/holder.h"
#include "engine/loop.h"
#include "engine/reconcile.h"
#include "engine/signals.h"

#define SHOWN_OF_A_KIND 20
#define JSON_MAX_BYTES  ((size_t)1 << 30)
#define CHOSEN_MAX      64

struct work {
    struct setup setup;
    struct pg *state, *source, *writer;
    struct http *http;
    struct sender sender;
    struct feed *feeds;
    int signal_fd;
    bool adopt, fix, json;
    int64_t requests;

    struct buf out;
    struct json_writer w;
    struct buf shown[RECONCILE_KINDS]; /* the first findings of each kind, as text */
    int64_t told[RECONCILE_KINDS];     /* of this account */
    int64_t left;                      /* findings that are still there in the end */
    int64_t marked;                    /* rows that the loop is to push */
    bool short_of_requests;
};

/* ---- findings -----------------------------------------------------------------------------------
 */

static void write_fields(struct buf *out, unsigned fields)
{
    const char *comma = "  ";
    for (unsigned f = 0; f < JOB_FIELDS; f++) {
        if ((fields & 1u << f) == 0)
            continue;
        buf_printf(out, "%s%s", comma, job_fields[f].name);
        comma = ", ";
    }
}

static void show_finding(struct buf *out, const struct reconcile_finding *f)
{
    struct arena a;
    arena_init(&a, 0);
    buf_addstr(out, " ");
    if (f->key != NULL)
        buf_printf(out, " %s %s", f->mapping, output_clean(&a, f->key));
    if (f->job_id != NULL)
        buf_printf(out, "%s %s", f->key != NULL ? " " : "", output_clean(&a, f->job_id));
    if (f->key == NULL && f->qudra_url != NULL)
        buf_printf(out, "  %s", output_clean(&a, f->qudra_url));
    write_fields(out, f->fields);
    if (f->kind == RECONCILE_GONE && !f->confirmed)
        buf_addstr(out, "  (not in the list; not read)");
    if (f->message != NULL)
        buf_printf(out, "  %s", output_clean(&a, f->message));
    buf_addch(out, '\n');
    arena_release(&a);
}

static void write_finding(struct json_writer *w, const struct reconcile_finding *f)
{
    json_open_object(w);
    output_member_str(w, "kind", reconcile_kind_names[f->kind]);
    output_member_str(w, "mapping", f->mapping);
    output_member_str(w, "key", f->key);
    output_member_str(w, "job_id", f->job_id);
    output_member_str(w, "qudra_url", f->qudra_url);
    json_key(w, "fields");
    json_open_array(w);
    for (unsigned i = 0; i < JOB_FIELDS; i++)
        if ((f->fields & 1u << i) != 0)
            json_write_str(w, job_fields[i].name);
    json_close_array(w);
    if (f->kind == RECONCILE_GONE)
        output_member_bool(w, "confirmed", f->confirmed);
    if (f->message != NULL)
        output_member_str(w, "message", f->message);
    json_close_object(w);
}

static void found(void *context, const struct reconcile_finding *f)
{
    struct work *k = context;
    if (k->json)
        write_finding(&k->w, f);
    else if (k->told[f->kind]++ < SHOWN_OF_A_KIND)
        show_finding(&k->shown[f->kind], f);
}

/* ---- one account's result -----------------------------------------------------------------------
 */

static const char *const explained[RECONCILE_KINDS] = {
    [RECONCILE_GONE] = "gone: rows whose job is no longer at Qudra",
    [RECONCILE_EDITED] = "edited: jobs changed at Qudra since its last answer",
    [RECONCILE_UNOWNED] = "unowned: open jobs that no row has",
    [RECONCILE_DUPLICATE] = "duplicate: unowned jobs that say what another row's job says",
    [RECONCILE_DOUBTFUL] = "doubtful: rows that may have a job; nothing is created for them",
};

static void show_kind(struct work *k, enum reconcile_kind kind, int64_t n)
{
    struct buf *shown = &k->shown[kind];
    if (n > 0) {
        buf_printf(&k->out, "\n%s (%lld)\n%s", explained[kind], (long long)n, buf_str(shown));
        if (n > SHOWN_OF_A_KIND)
            buf_printf(&k->out, "  … and %lld more: --json lists all\n",
                       (long long)(n - SHOWN_OF_A_KIND));
    }
    buf_clear(shown);
    k->told[kind] = 0;
}

static void show_work(struct work *k, const struct reconcile_counts *c)
{
    if (k->adopt)
        buf_printf(&k->out, "%lld jobs adopted, %lld of them to be updated\n",
                   (long long)c->adopted, (long long)c->to_update);
    if (c->freed > 0)
        buf_printf(&k->out, "%lld rows are no longer doubtful and may be created\n",
                   (long long)c->freed);
    if (c->guarded)
        buf_printf(&k->out,
                   "%lld of %lld jobs are gone: more than sync.max_remove, so nothing is repaired. "
                   "Is this key of another Qudra account?\n",
                   (long long)c->found[RECONCILE_GONE], (long long)c->bound);
    else if (k->fix)
        buf_printf(&k->out, "%lld rows marked for repair\n", (long long)c->marked);
    if (c->unread > 0 && !c->guarded)
        buf_printf(&k->out,
                   "%lld jobs are not in the list and could not be read: left as they are\n",
                   (long long)c->unread);
}

static void show_result(struct work *k, const char *account, const struct reconcile_counts *c)
{
    buf_printf(&k->out, "account %s: %lld jobs at Qudra, %lld of them bound to rows", account,
               (long long)c->listed, (long long)(c->owned + c->adopted));
    if (c->closed > 0)
        buf_printf(&k->out, ", %lld closed ones that no row has", (long long)c->closed);
    buf_addch(&k->out, '\n');
    if (!c->whole)
        buf_printf(
            &k->out,
            "the list was not read to its end: %lld jobs in %lld requests. Nothing was found "
            "gone or adopted; allow more with --requests\n",
            (long long)c->listed, (long long)c->requests);
    else
        show_work(k, c);
    for (enum reconcile_kind kind = 0; kind < RECONCILE_KINDS; kind++)
        show_kind(k, kind, c->found[kind]);
}

static void write_result(struct json_writer *w, const struct reconcile_counts *c)
{
    json_close_array(w);
    output_member_int(w, "listed", c->listed);
    output_member_int(w, "owned", c->owned);
    output_member_int(w, "closed", c->closed);
    for (enum reconcile_kind kind = 0; kind < RECONCILE_KINDS; kind++)
        output_member_int(w, reconcile_kind_names[kind], c->found[kind]);
    output_member_int(w, "adopted", c->adopted);
    output_member_int(w, "to_update", c->to_update);
    output_member_int(w, "freed", c->freed);
    output_member_int(w, "marked", c->marked);
    output_member_int(w, "unread", c->unread);
    output_member_int(w, "requests", c->requests);
    output_member_bool(w, "whole", c->whole);
    output_member_bool(w, "guarded", c->guarded);
}

/* ---- history ------------------------------------------------------------------------------------
 */

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

/* ---- one account --------------------------------------------------------------------------------
 */

static bool run_options(struct work *k, struct account *a, struct reconcile_counts *c,
                        struct err *e)
{
    const struct reconcile_options o = {
        .account = a,
        .sender = &k->sender,
        .state = k->state,
        .writer = k->writer,
        .feeds = k->feeds,
        .n_feeds = k->setup.n_mappings,
        .adopt = k->adopt,
        .fix = k->fix,
        .requests = k->requests,
        .max_remove = k->setup.config->max_remove,
        .signal_fd = k->signal_fd,
        .found = found,
        .context = k,
    };
    int64_t id;
    if (!state_run_begin(k->state, "reconcile", a->config->name, NULL, &id, e))
        return false;
    bool ok = reconcile_run(&o, c, e);
    struct err ignored = ERR_INIT;
    return keep_history(k->state, id, c, ok, e, ok ? e : &ignored) && ok;
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

static bool take(struct work *k, struct account *a, struct err *e)
{
    if (k->adopt || k->fix)
        return account_take(a, k->state, holder_name(&k->setup.arena), e);
    reconcile_only_reads(a);
    return state_learned(k->state, a->config->name, &a->as_sent, &a->changed, e);
}

static void give(struct work *k, struct account *a)
{
    if (k->adopt || k->fix)
        account_give(a, k->state);
}

static bool reconcile_account(struct work *k, const struct config_account *config, struct err *e)
{
    struct account a;
    struct reconcile_counts c = {.listed = 0};
    if (!account_open(&a, config, clock_mono_ms(), e))
        return false;
    if (k->json) {
        json_open_object(&k->w);
        output_member_str(&k->w, "account", config->name);
        json_key(&k->w, "findings");
        json_open_array(&k->w);
    }
    bool ok = take(k, &a, e) && run_options(k, &a, &c, e);
    if (ok && k->json)
        write_result(&k->w, &c);
    else if (ok)
        show_result(k, config->name, &c);
    if (k->json)
        json_close_object(&k->w);
    count_left(k, &c);
    give(k, &a);
    account_release(&a);
    return ok;
}

/* ---- connections --------------------------------------------------------------------------------
 */

static bool any_writes_back(const struct setup *s)
{
    for (size_t i = 0; i < s->n_mappings; i++) {
        const struct mapping *m = s->mappings[i];
        if (m->write_back_job_id != NULL || m->write_back_url != NULL ||
            m->write_back_status != NULL)
            return true;
    }
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
        *f = (struct feed){
            .mapping = m, .account = m->account != NULL ? m->account : s->config->accounts[0].name};
        if (k->adopt && !source_open(&f->source, k->source, m, s->config->time_zone, NULL, e))
            return false;
        f->lookup = f->source;
    }
    return true;
}

static bool open_all(struct work *k, struct err *e)
{
    k->signal_fd = signals_init();
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
    http_free(k->http);
    pg_free(k->writer);
    pg_free(k->source);
    pg_free(k->state);
    k->http = NULL;
    k->writer = k->source = k->state = NULL;
}

/* ---- all of it ----------------------------------------------------------------------------------
 */

static bool is_chosen(const struct invocation *in, const char *account)
{
    const char *names[CHOSEN_MAX];
    size_t n = invocation_values(in, "--account", names, CHOSEN_MAX);
    for (size_t i = 0; i < n; i++)
        if (strcmp(names[i], account) == 0)
            return true;
    return n == 0;
}

static bool reconcile_accounts(struct work *k, const struct invocation *in, struct err *e)
{
    const struct config *c = k->setup.config;
    json_writer_init(&k->w, &k->out);
    if (k->json)
        json_open_array(&k->w);
    for (size_t i = 0; i < c->n_accounts; i++)
        if (is_chosen(in, c->accounts[i].name) && !reconcile_account(k, &c->accounts[i], e))
            return false;
    if (k->json) {
        json_close_array(&k->w);
        buf_addch(&k->out, '\n');
    }
    if (k->out.overflowed)
        return err_set(e, ERR_INTERNAL, "the report is larger than a gigabyte");
    output_flush(&k->out);
    return true;
}

/* Sends what was marked, as `once` does. */
static bool push_repairs(struct work *k, int *status, struct err *e)
{
    const struct loop_options o = {
        .mode = LOOP_ONCE,
        .config = k->setup.config,
        .mappings = k->setup.mappings,
        .n_mappings = k->setup.n_mappings,
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
    struct pg *state;
    if (!ok || !setup_connect_state(&k->setup, &state, e))
        return false;
    ok = setup_rows_left(&k->setup, state, status, e);
    pg_free(state);
    return ok;
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

static int reconcile_all(struct work *k, const struct invocation *in, struct err *e)
{
    int status = EXIT_CONVERGED;
    bool ok = open_all(k, e) && reconcile_accounts(k, in, e);
    close_all(k);
    if (!ok || (k->fix && k->marked > 0 && !push_repairs(k, &status, e)))
        return EXIT_CONVERGED;
    if (!k->fix && k->adopt && k->marked > 0)
        fprintf(stderr, "what is to be updated or created waits for the agent, or for `once`\n");
    return k->left > 0 || k->short_of_requests ? EXIT_ROWS_LEFT : status;
}

static int run(const struct invocation *in, struct err *e)
{
    struct work k = {.adopt = invocation_has(in, "--adopt"),
                     .fix = invocation_has(in, "--fix"),
                     .json = invocation_has(in, "--json"),
                     .out = BUF_INIT(JSON_MAX_BYTES)};
    for (enum reconcile_kind kind = 0; kind < RECONCILE_KINDS; kind++)
        buf_init(&k.shown[kind], JSON_MAX_BYTES);
    if (!read_requests(in, &k.requests, e) || !setup_load(&k.setup, in, e))
        return EXIT_CONVERGED;
    int status = reconcile_all(&k, in, e);
    setup_release(&k.setup);
    buf_release(&k.out);
    for (enum reconcile_kind kind = 0; kind < RECONCILE_KINDS; kind++)
        buf_release(&k.shown[kind]);
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
