/*
 * Which pass comes next. One is under way at a time; mappings take turns in the order in which
 * their time came. A scan is due when the mapping has never been scanned, when the mapping itself
 * has changed, when the last one is older than sync.full_scan_every, or when there is no other way.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "edges/outbox.h"
#include "engine/loop_internal.h"

#define DUE_ROWS 1000
#define NEVER    INT64_MAX

/* ---- whose rows these are
 * ------------------------------------------------------------------------- */

/* What is read for an account that another agent holds would be marked by nobody. */
bool loop_is_ours(const struct loop *l, const struct feed *f)
{
    return f->mapping->account_sql != NULL ? l->n_leases > 0 : loop_holds(l, f->account);
}

/* Rows of several accounts, some of them another agent's: neither may say that all has been seen,
 * and each keeps a watermark of its own. */
static bool is_shared(const struct loop *l, const struct feed *f)
{
    return f->mapping->account_sql != NULL && !loop_holds_all(l);
}

/* ---- starting a pass
 * ------------------------------------------------------------------------------ */

static bool fingerprint_differs(const struct feed *f, const struct watermark *w)
{
    char now[24];
    snprintf(now, sizeof now, "%016llx", (unsigned long long)f->mapping->fingerprint);
    return w->fingerprint == NULL || strcmp(w->fingerprint, now) != 0;
}

/* The watermark of the state is the mapping's; beside other agents it is this one's own. */
static bool has_watermark(const struct loop *l, const struct feed *f, const struct watermark *w)
{
    int64_t every_ms = l->o.config->full_scan_every_ms;
    if (is_shared(l, f))
        return f->mapping->detect == DETECT_WATERMARK && !f->blind &&
               loop_seen_since(f, f->seen_to) != NULL && f->swept_ms > 0 &&
               clock_wall_ms() - f->swept_ms < every_ms;
    return w->scanned_ago_ms >= 0 && w->source != NULL && !fingerprint_differs(f, w) &&
           (f->mapping->detect != DETECT_WATERMARK || w->changed_to != NULL) &&
           (f->mapping->detect != DETECT_TRIGGER || w->shape == f->shape) &&
           w->scanned_ago_ms < every_ms;
}

static bool needs_scan(const struct loop *l, const struct feed *f, const struct watermark *w)
{
    return (l->o.mode == LOOP_BACKFILL && !f->passed) || f->mapping->detect == DETECT_SCAN ||
           f->must_scan || !has_watermark(l, f, w);
}

static enum detect_kind kind_of(const struct loop *l, const struct feed *f,
                                const struct watermark *w)
{
    if (needs_scan(l, f, w))
        return DETECT_PASS_SCAN;
    return f->mapping->detect == DETECT_TRIGGER ? DETECT_PASS_OUTBOX : DETECT_PASS_CHANGED;
}

/* The triggers are looked at before the pass: what happens to them during it shows at the next one.
 */
static bool check_triggers(const struct loop *l, struct feed *f, struct err *e)
{
    struct outbox_state now;
    if (f->mapping->detect != DETECT_TRIGGER)
        return true;
    if (!outbox_require(l->writer, f->mapping, &now, e))
        return err_prefix(e, "mapping \"%s\": ", f->mapping->name);
    f->shape = now.shape;
    f->may_sleep = l->listening && now.may_notify && !is_shared(l, f) && !loop_schedule_waits(l);
    return true;
}

static bool may_be_of(const struct account *a, const struct feed *f)
{
    return f->mapping->account_sql != NULL || strcmp(a->config->name, f->account) == 0;
}

/* Nothing is recorded, and every account takes what comes, in any order: push will read each row in
 * this very run and refuse what is to be refused, so the pass need not read it too. That is a
 * backfill's way alone: `run` would meet mistakes of the mapping as it sends, and go on without it.
 */
static bool is_first_mirror(struct loop *l, const struct feed *f, bool *first, struct err *e)
{
    bool open = l->o.mode == LOOP_BACKFILL && !is_shared(l, f), known = false;
    for (size_t i = 0; open && i < l->n_workers; i++) {
        struct account *a = &l->workers[i]->account;
        if (a->held && may_be_of(a, f) && !account_is_open(a, l->state, &open, e))
            return false;
    }
    if (open && !state_knows(l->state, f->mapping->name, &known, e))
        return false;
    *first = open && !known;
    return true;
}

/* While rows are looked at and sent by another mapping than before, the state was made by neither:
 * if this pass is broken off, and the mapping of before comes back, it must look at all rows too.
 */
static bool forget_mapping(struct loop *l, const struct feed *f, const struct watermark *w,
                           struct err *e)
{
    const struct watermark neither = {.fingerprint = ""};
    if (is_shared(l, f) || w->fingerprint == NULL || w->fingerprint[0] == '\0' ||
        !fingerprint_differs(f, w))
        return true;
    return state_set_watermark(l->state, &l->leases[0], f->mapping->name, &neither, false, e);
}

static bool start_pass(struct loop *l, struct feed *f, int64_t now_ms, struct err *e)
{
    bool first;
    struct arena a;
    arena_init(&a, 0);
    struct watermark w;
    f->woken = false;
    bool ok = check_triggers(l, f, e) && state_watermark(l->state, f->mapping->name, &a, &w, e) &&
              is_first_mirror(l, f, &first, e) && forget_mapping(l, f, &w, e);
    if (ok) {
        const struct detect_options o = {
            .kind = kind_of(l, f, &w),
            .since = loop_seen_since(f, is_shared(l, f) ? f->seen_to : w.changed_to),
            .state = l->state,
            .outbox = l->writer,
            .keep_wish = is_shared(l, f),
            .sink = detect_marking(&l->marker),
            .keys_only = first,
        };
        l->marker.shared = is_shared(l, f);
        f->unread = first;
        l->detection = detect_new(f, &o);
        loop_seen_begin(l, f, is_shared(l, f) ? -1 : w.scanned_ago_ms);
        l->detect_started_ms = now_ms;
        l->seen.mapping = f->mapping->name;
    }
    arena_release(&a);
    return ok;
}

/* ---- ending one
 * ----------------------------------------------------------------------------------- */

static void write_counts(const struct detect_counts *c, struct buf *out)
{
    struct json_writer w;
    json_writer_init(&w, out);
    json_open_object(&w);
    json_key(&w, "rows");
    json_write_int(&w, c->rows);
    for (int op = 0; op < OP_NONE; op++) {
        json_key(&w, op_names[op]);
        json_write_int(&w, c->found[op]);
    }
    json_key(&w, "refused");
    json_write_int(&w, c->refused);
    json_key(&w, "held");
    json_write_int(&w, c->held);
    json_close_object(&w);
}

static bool found_anything(const struct detect_counts *c)
{
    for (int op = 0; op < OP_NONE; op++)
        if (c->found[op] > 0)
            return true;
    return c->refused > 0 || c->settled > 0 || c->gone > 0 || c->held > 0;
}

/* An idle poll leaves no trace: no write, and a line only for who asks for debug. */
static bool keep_history(struct loop *l, const struct detect_counts *c, struct err *e)
{
    bool scan = detect_kind(l->detection) == DETECT_PASS_SCAN;
    const char *kind = l->o.mode == LOOP_BACKFILL ? "backfill" : scan ? "scan" : "changes";
    const char *name = detect_feed(l->detection)->mapping->name;
    bool worth_a_line = l->o.mode == LOOP_RUN && (scan || found_anything(c));
    LOG_AT(worth_a_line ? LOG_LEVEL_INFO : LOG_LEVEL_DEBUG, "pass ended", log_str("mapping", name),
           log_str("kind", kind), log_int("rows", c->rows), log_int("create", c->found[OP_CREATE]),
           log_int("update", c->found[OP_UPDATE]), log_int("close", c->found[OP_CLOSE]),
           log_int("delete", c->found[OP_DELETE]), log_int("refused", c->refused),
           log_int("held", c->held), log_int("ms", clock_mono_ms() - l->detect_started_ms));
    if (!scan && !found_anything(c))
        return true;
    struct buf counts = BUF_INIT(4096);
    write_counts(c, &counts);
    int64_t id;
    bool ok = state_run_begin(l->state, kind, NULL, name, &id, e) &&
              state_run_end(l->state, id, c->held > 0 ? "rows_held" : "detected", buf_str(&counts),
                            NULL, e);
    buf_release(&counts);
    return ok;
}

static void schedule(struct loop *l, struct feed *f, int64_t now_ms)
{
    int64_t pause_ms = f->woken ? 0 : l->o.config->interval_ms;
    if (f->may_sleep && !f->asleep && f->doze_ms < pause_ms)
        pause_ms = f->doze_ms;
    bool again = l->o.mode == LOOP_RUN && !loop_schedule_waits(l);
    f->next_poll_ms = again ? now_ms + pause_ms : NEVER;
}

/* What cannot be written down is in the log all the same. */
static void tell_trouble(struct loop *l, struct feed *f, const struct err *why)
{
    struct err ignored = ERR_INIT;
    log_err(LOG_LEVEL_ERROR, "mapping put off", why);
    (void)!state_run_fail(l->state, f->mapping->name, why->message, &ignored);
    f->trouble_told = true;
}

/* Also of what another agent told before it ended. */
static bool mend_trouble(struct loop *l, struct feed *f, struct err *e)
{
    int64_t count;
    if (f->passed && !f->trouble_told)
        return true;
    if (!state_run_mend(l->state, f->mapping->name, &count, e))
        return false;
    if (f->trouble_told || count > 0)
        LOG_INFO("mapping goes on: it can be read again", log_str("mapping", f->mapping->name));
    f->trouble_told = false;
    return true;
}

static bool end_pass(struct loop *l, int64_t now_ms, struct err *e)
{
    const struct detect_counts *c = detect_counts(l->detection);
    struct feed *f = feed_find(l->feeds, l->n_feeds, l->seen.mapping);
    for (int op = 0; op < OP_NONE; op++)
        l->seen.found += c->found[op];
    l->seen.held += c->held;
    l->seen.refused += c->refused;
    l->seen.rows_looked_at += c->rows;
    bool ok = keep_history(l, c, e);
    metrics_add(l->o.metrics, METRIC_PASSES, 1, (const char *const[]){"whole", NULL});
    metrics_set(l->o.metrics, METRIC_LAST_PASS, (double)clock_wall_ms() / 1000.0,
                (const char *const[]){NULL});
    metrics_observe(l->o.metrics, METRIC_PASS_SECONDS,
                    (double)(now_ms - l->detect_started_ms) / 1000.0, (const char *const[]){NULL});
    int64_t noted = c->noted;
    bool scan = detect_kind(l->detection) == DETECT_PASS_SCAN;
    detect_free(l->detection);
    l->detection = NULL;
    l->seen.mapping = NULL;
    ok = ok && mend_trouble(l, f, e);
    f->passed = true;
    loop_seen_end(l, f, scan);
    f->in_window = false;
    ok = ok && loop_sleep_or_wake(l, f, noted, e);
    schedule(l, f, now_ms);
    l->due_at_ms = 0;
    return ok && loop_seen_tell(l, e);
}

void loop_drop_pass(struct loop *l)
{
    if (l->detection == NULL)
        return;
    loop_seen_fail(feed_find(l->feeds, l->n_feeds, l->seen.mapping));
    detect_free(l->detection);
    l->detection = NULL;
    l->seen.mapping = NULL;
}

/* A mapping that cannot be read now is told once and tried again at its next time; the others go
 * on. */
static bool put_off(struct loop *l, struct feed *f, int64_t now_ms, struct err *e)
{
    loop_drop_pass(l);
    f->next_poll_ms = now_ms + l->o.config->interval_ms;
    f->passed = true;
    f->in_window = f->in_window && e->kind == ERR_AWAY;
    if (e->kind == ERR_STOPPED) {
        f->next_poll_ms = now_ms;
        return true;
    }
    metrics_add(l->o.metrics, METRIC_PASSES, 1, (const char *const[]){"failed", NULL});
    if (l->o.mode != LOOP_RUN || e->kind == ERR_AWAY || e->kind == ERR_FENCED)
        return false;
    if (!f->trouble_told)
        tell_trouble(l, f, e);
    return true;
}

/* ---- rows whose payload changes with the clock
 * ------------------------------------------------------ */

static bool look_at_due(struct loop *l, struct feed *f, struct err *e)
{
    struct arena a;
    arena_init(&a, 0);
    const char **keys;
    size_t n;
    const struct detect_options o = {.state = l->state, .sink = detect_marking(&l->marker)};
    struct detect_counts counts;
    bool ok = state_due(l->state, f->mapping->name, DUE_ROWS, &a, &keys, &n, e) &&
              (n == 0 || detect_keys(f, &o, keys, n, &counts, e));
    arena_release(&a);
    return ok;
}

/* A row that changes its account may have to wait for its create: see state_move. */
static bool has_due(const struct mapping *m)
{
    return m->n_due > 0 || m->account_sql != NULL;
}

static bool look_at_all_due(struct loop *l, int64_t now_ms, struct err *e)
{
    int64_t in_ms = -1;
    bool any = false;
    if (now_ms < l->due_at_ms || (loop_schedule_waits(l) && !l->window_open))
        return true;
    for (size_t i = 0; i < l->n_feeds; i++) {
        if (!has_due(l->feeds[i].mapping))
            continue;
        any = true;
        if (!look_at_due(l, &l->feeds[i], e))
            return false;
    }
    if (any && !state_next_due_ms(l->state, &in_ms, e))
        return false;
    l->due_at_ms = in_ms < 0 ? NEVER : now_ms + in_ms + 1;
    return true;
}

/* ---- the step
 * --------------------------------------------------------------------------------------- */

static struct feed *next_feed(struct loop *l)
{
    struct feed *next = NULL;
    for (size_t i = 0; i < l->n_feeds; i++)
        if (loop_is_ours(l, &l->feeds[i]) &&
            (next == NULL || l->feeds[i].next_poll_ms < next->next_poll_ms))
            next = &l->feeds[i];
    return next;
}

int64_t loop_detect_wait_ms(const struct loop *l, int64_t now_ms)
{
    if (l->detection != NULL)
        return 0;
    int64_t at = loop_schedule_waits(l) && !l->window_open ? NEVER : l->due_at_ms;
    for (size_t i = 0; i < l->n_feeds; i++)
        if (loop_is_ours(l, &l->feeds[i]) && l->feeds[i].next_poll_ms < at)
            at = l->feeds[i].next_poll_ms;
    int64_t window_ms = loop_schedule_in_ms(l);
    if (window_ms < NEVER && window_ms < at - now_ms)
        return window_ms;
    return at == NEVER ? -1 : at > now_ms ? at - now_ms : 0;
}

bool loop_all_passed(const struct loop *l)
{
    for (size_t i = 0; i < l->n_feeds; i++)
        if (loop_is_ours(l, &l->feeds[i]) && !l->feeds[i].passed)
            return false;
    return true;
}

bool loop_detect_quiet(const struct loop *l)
{
    if (l->detection != NULL)
        return false;
    for (size_t i = 0; i < l->n_feeds; i++)
        if (l->feeds[i].next_poll_ms != NEVER)
            return false;
    return true;
}

void loop_poll_now(struct loop *l)
{
    for (size_t i = 0; i < l->n_feeds; i++) {
        l->feeds[i].woken = true;
        if (l->feeds[i].next_poll_ms != NEVER)
            l->feeds[i].next_poll_ms = 0;
    }
}

/* A plan is looked at once: what it says nothing of is left alone. */
void loop_look_again(struct loop *l)
{
    for (size_t i = 0; l->follow == NULL && i < l->n_feeds; i++)
        l->feeds[i].next_poll_ms = 0;
}

bool loop_detect(struct loop *l, int64_t now_ms, struct err *e)
{
    if (!loop_wake_others(l, e))
        return false;
    if (l->n_leases == 0)
        return true;
    loop_schedule_turn(l, now_ms);
    if (l->detection == NULL) {
        struct feed *f = next_feed(l);
        if (f == NULL || f->next_poll_ms > now_ms)
            return look_at_all_due(l, now_ms, e);
        if (!start_pass(l, f, now_ms, e))
            return put_off(l, f, now_ms, e);
    }
    struct feed *f = feed_find(l->feeds, l->n_feeds, l->seen.mapping);
    bool done;
    if (!detect_step(l->detection, &done, e))
        return put_off(l, f, now_ms, e);
    /* Whoever something is found for is woken as it is marked; others may have put rows in line. */
    return !done || (end_pass(l, clock_mono_ms(), e) && loop_wake_at_work(l, now_ms, e));
}
