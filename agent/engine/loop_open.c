/*
 * The parts of a loop, made and given back, and its connections, mended.
 *
 * Two connections read the source: passes always have a page on its way, and a push must be able to
 * read single rows at any time. A third one may write, and exists only where a mapping writes back
 * or empties an outbox.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "edges/migrate.h"
#include "engine/holder.h"
#include "engine/loop_internal.h"

#define RECONNECT_FIRST_MS 500
#define RECONNECT_MAX_MS   30000
#define CHANNEL            "qudra_sync"

static struct pg_options options_of(const struct loop *l, const char *what)
{
    const struct config *c = l->o.config;
    bool state = strcmp(what, "state") == 0;
    return (struct pg_options){
        .url = state || c->source_url == NULL ? c->database_url : c->source_url,
        .what = what,
        .application_name = state ? "qudra-sync state" : "qudra-sync source",
        .connect_timeout_ms = c->connect_timeout_ms,
        .statement_timeout_ms = c->statement_timeout_ms,
        .read_only = !state && strcmp(what, "source writer") != 0,
        .own_search_path = !state,
        .stop_fd = l->o.signal_fd,
    };
}

static bool connect_one(struct loop *l, struct pg **out, const char *what, struct err *e)
{
    struct pg_options o = options_of(l, what);
    return pg_connect(out, &o, e);
}

static bool any_writes(const struct loop *l)
{
    for (size_t i = 0; i < l->o.n_mappings; i++)
        if (mapping_writes_back(l->o.mappings[i]) || l->o.mappings[i]->detect == DETECT_TRIGGER)
            return true;
    return false;
}

static bool connect_all(struct loop *l, struct err *e)
{
    return connect_one(l, &l->state, "state", e) && migrate_require(l->state, e) &&
           connect_one(l, &l->scan, "source", e) && connect_one(l, &l->lookup, "source", e) &&
           (!any_writes(l) || connect_one(l, &l->writer, "source writer", e));
}

/* ---- feeds and workers --------------------------------------------------------------------------
 */

static bool open_feed(struct loop *l, struct feed *f, const struct mapping *m, struct err *e)
{
    const struct config *c = l->o.config;
    *f = (struct feed){
        .mapping = m,
        .account = m->account != NULL ? m->account : "",
        .overlap_ms = m->overlap_ms >= 0 ? m->overlap_ms : c->overlap_ms,
        .changes_seen = true,
    };
    if (source_open(&f->source, l->scan, m, c->time_zone, NULL, e) &&
        source_open(&f->lookup, l->lookup, m, c->time_zone, NULL, e))
        return true;
    err_prefix(e, "mapping \"%s\": ", m->name);
    return e->kind == ERR_CONFIG && e->hint[0] == '\0'
               ? err_hint(e, "`qudra-sync check` shows the place in \"%s\"", m->file)
               : false;
}

static bool open_feeds(struct loop *l, struct err *e)
{
    l->feeds = arena_alloc(&l->arena, (l->o.n_mappings + 1) * sizeof *l->feeds);
    for (size_t i = 0; i < l->o.n_mappings; i++, l->n_feeds++)
        if (!open_feed(l, &l->feeds[i], l->o.mappings[i], e))
            return false;
    return true;
}

/* The workers are open before the plan is. */
static void tell_stray(void *context, const char *mapping, const char *account, const char *key,
                       enum op_kind planned, enum op_kind now)
{
    const struct loop *l = context;
    follow_tell_stray(l->follow, mapping, account, key, planned, now);
}

static bool open_crew(struct loop *l, struct err *e)
{
    l->crew = (struct crew){.sender = &l->sender,
                            .feeds = l->feeds,
                            .n_feeds = l->n_feeds,
                            .state = l->state,
                            .writer = l->writer,
                            .one_database = l->o.config->source_url == NULL,
                            .stray = l->o.plan != NULL ? tell_stray : NULL,
                            .stray_context = l,
                            .refreshes = l->o.mode == LOOP_RUN,
                            .refresh_for_ms = l->o.config->refresh_for_ms};
    arena_init(&l->crew.work, 256 * 1024);
    return loop_find_accounts(l, e);
}

/* ---- is it the same source?
 * ---------------------------------------------------------------------- */

static bool refuse_source(const struct feed *f, const char *before, struct err *e)
{
    err_set(e, ERR_CONFIG,
            "mapping \"%s\": the source is database \"%s\" now, and it was \"%s\" when it was "
            "last scanned",
            f->mapping->name, f->identity, before);
    return err_hint(e, "nothing is sent or removed until the source is the old one again, or "
                       "`qudra-sync release --source` says that this one is right");
}

/* A switched source would be taken for a table whose rows have all changed: nothing may be compared
 * with it, and no pending row be read from it, before a person has said so (promise 4). */
static bool check_source(struct loop *l, struct err *e)
{
    bool ok = true;
    struct arena a;
    arena_init(&a, 0);
    for (size_t i = 0; ok && i < l->n_feeds; i++) {
        struct feed *f = &l->feeds[i];
        struct watermark w;
        ok = source_identity(f->source, &l->arena, &f->identity, e) &&
             state_watermark(l->state, f->mapping->name, &a, &w, e) &&
             (w.source == NULL || source_is_same(w.source, f->identity) ||
              refuse_source(f, w.source, e));
    }
    arena_release(&a);
    return ok;
}

/* ---- the whole ---------------------------------------------------------------------------------
 */

static void listen_for_notify(struct loop *l)
{
    struct err e = ERR_INIT;
    l->listening = false;
    if (l->o.mode != LOOP_RUN)
        return;
    if (pg_is_pooled(l->lookup)) /* whose LISTEN would stay with a connection of the pool */
        LOG_WARN("NOTIFY is not heard through a pool: the interval alone decides",
                 log_str("connection", pg_where(l->lookup)));
    else if (pg_listen(l->lookup, CHANNEL, &e))
        l->listening = true;
    else
        log_err(LOG_LEVEL_WARN, "cannot listen for NOTIFY: the interval alone decides", &e);
}

/* Detection found something for this account. */
static void wake_marked(void *context, const char *account)
{
    struct loop *l = context;
    struct worker *w = loop_worker(l, account);
    if (w != NULL)
        loop_wake(l, w, clock_mono_ms());
}

bool loop_new(struct loop **out, const struct loop_options *o, struct err *e)
{
    struct loop *l = mem_alloc(sizeof *l);
    l->o = *o;
    l->due_at_ms = 0;
    l->reconnect_wait_ms = RECONNECT_FIRST_MS;
    arena_init(&l->arena, 0);
    tenure_init(&l->tenure, holder_name(&l->arena), o->mode == LOOP_RUN);
    snprintf(l->accounts_seen, sizeof l->accounts_seen, "0");
    l->sender.metrics = o->metrics;
    bool ok = http_new(&l->http, e);
    l->sender.http = l->http;
    if (!ok || !connect_all(l, e) || !open_feeds(l, e) || !check_source(l, e) || !open_crew(l, e) ||
        !loop_follow_open(l, e)) {
        loop_free(l);
        return false;
    }
    l->marker = (struct detect_marker){.state = l->state,
                                       .leases = l->leases,
                                       .max_remove = o->config->max_remove,
                                       .marked = wake_marked,
                                       .context = l};
    listen_for_notify(l);
    loop_metrics_begin(l);
    *out = l;
    return true;
}

void loop_free(struct loop *l)
{
    if (l == NULL)
        return;
    detect_free(l->detection);
    follow_free(l->follow);
    if (l->state != NULL) {
        loop_give_all(l);
        tenure_end(&l->tenure, l->state);
    }
    loop_free_accounts(l);
    arena_release(&l->crew.work);
    for (size_t i = 0; i <= l->n_feeds && l->feeds != NULL; i++) {
        source_free(l->feeds[i].source);
        source_free(l->feeds[i].lookup);
    }
    http_free(l->http);
    pg_free(l->state);
    pg_free(l->scan);
    pg_free(l->lookup);
    pg_free(l->writer);
    arena_release(&l->arena);
    mem_free(l);
}

/* ---- mending ------------------------------------------------------------------------------------
 */

static bool mend(struct pg *pg, struct err *e)
{
    return pg == NULL || pg_alive(pg) || pg_reconnect(pg, e);
}

static bool all_alive(const struct loop *l)
{
    return pg_alive(l->state) && pg_alive(l->scan) && pg_alive(l->lookup) &&
           (l->writer == NULL || pg_alive(l->writer));
}

bool loop_reconnect(struct loop *l, int64_t now_ms, struct err *e)
{
    if (all_alive(l))
        return true;
    if (now_ms < l->reconnect_at_ms)
        return err_set(e, ERR_AWAY, "the database is not connected");
    loop_drop_pass(l);
    bool lost_listener = !pg_alive(l->lookup);
    if (!mend(l->state, e) || !mend(l->scan, e) || !mend(l->lookup, e) || !mend(l->writer, e)) {
        l->reconnect_at_ms =
            now_ms + (int64_t)((double)l->reconnect_wait_ms * (0.5 + sender_random() / 2));
        l->reconnect_wait_ms *= 2;
        if (l->reconnect_wait_ms > RECONNECT_MAX_MS)
            l->reconnect_wait_ms = RECONNECT_MAX_MS;
        return false;
    }
    l->reconnect_wait_ms = RECONNECT_FIRST_MS;
    if (!check_source(l, e))
        return false;
    if (lost_listener) {
        listen_for_notify(l);
        loop_lost_listener(l);
    }
    for (size_t i = 0; i < l->n_awake; i++)
        loop_wake(l, l->awake[i], now_ms);
    return true;
}
