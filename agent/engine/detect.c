/*
 * How: a scan reads pages of source rows and looks each page up in the state; the state answers
 * only for rows that differ, so an unchanged table costs reading, mapping and hashing, and no
 * transfer. Of a page whose keys ascend it is first asked whether all is as it was. It also counts
 * how many of the page's keys it knows as live. When the sum over all pages, and of what the sink
 * has made live, equals the number of live rows in the state, nothing can be gone and the second
 * half is not needed; otherwise pages of live state keys are looked up in the source. No order is
 * shared between the two servers.
 */
#include "engine/detect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/crash.h"
#include "edges/outbox.h"
#include "engine/detect_internal.h"

#define STATE_PAGE       2000
#define NULL_KEY         "\\N" /* mapping_key_text: never a real key */
#define READ_AHEAD_EVERY 64 /* rows mapped, before the server's pipe is full and it has to wait */
#define MOST_DOUBTS      8  /* pages after which another is asked about as a whole */

enum stage { STAGE_OUTBOX, STAGE_ROWS, STAGE_STATE_KEYS, STAGE_END };

struct detection {
    struct feed *feed;
    struct detect_options options;
    struct detect_counts counts;
    struct arena page;  /* of the page in hand */
    struct arena whole; /* of the pass */
    enum stage stage;
    bool started;
    int64_t live_seen; /* before anything was marked */
    int64_t null_keys;
    unsigned doubts;      /* pages to be compared row by row before one is asked about as a whole */
    unsigned last_doubts; /* after the last one that had changed */
    const char *after;    /* last state key of the page before */
    char *after_copy;
    const char *horizon;     /* read before the pass began; NULL: not asked for */
    int64_t outbox_at;       /* the last id read */
    struct outbox_wish wish; /* of the scan under way; id 0: it empties no outbox */
};

struct detection *detect_new(struct feed *f, const struct detect_options *o)
{
    struct detection *d = mem_alloc(sizeof *d);
    d->feed = f;
    d->options = *o;
    d->stage = STAGE_ROWS;
    arena_init(&d->page, 256 * 1024);
    arena_init(&d->whole, 0);
    d->options.since = arena_strdup(&d->whole, o->since);
    return d;
}

void detect_free(struct detection *d)
{
    if (d == NULL)
        return;
    if (d->started)
        source_scan_stop(d->feed->source);
    mem_free(d->after_copy);
    arena_release(&d->page);
    arena_release(&d->whole);
    mem_free(d);
}

const struct detect_counts *detect_counts(const struct detection *d)
{
    return &d->counts;
}

const struct feed *detect_feed(const struct detection *d)
{
    return d->feed;
}

enum detect_kind detect_kind(const struct detection *d)
{
    return d->options.kind;
}

/* ---- one page of source rows ------------------------------------------------------------------
 */

static void count(struct detection *d, const struct sighting *s)
{
    if (s->mark == ROW_REFUSED)
        d->counts.refused++;
    else if (s->op.kind != OP_NONE)
        d->counts.found[s->op.kind]++;
    else if (s->mark == ROW_SYNCED)
        d->counts.settled++;
}

/* It has, or may come to have, a job at another account. */
static bool moves(const struct sighting *s, const struct recorded *r)
{
    return r->exists && r->state != ROW_REMOVED && (r->job_id != NULL || detect_is_in_flight(r)) &&
           strcmp(r->account, s->account) != 0;
}

static void decide(struct detection *d, struct sighting *s, const struct recorded *r)
{
    static const struct recorded nothing = {.op = OP_NONE};
    if (s->stays && r->exists)
        s->account = r->account;
    s->moves = moves(s, r);
    if (s->moves && !detect_is_in_flight(r))
        r = &nothing;
    s->op = op_decide(r, &s->desired, d->feed->mapping->on_removed);
    s->mark = op_mark(r, &s->desired, s->op);
    count(d, s);
}

/* Decides over the rows that differ and hands them on. */
static bool decide_all(struct detection *d, const struct sighting *seen, const struct comparison *c,
                       struct err *e)
{
    struct sighting *differing = arena_take(&d->page, c->n * sizeof *differing);
    for (size_t i = 0; i < c->n; i++) {
        differing[i] = seen[c->place[i]];
        decide(d, &differing[i], &c->recorded[i]);
    }
    const struct detect_sink *sink = &d->options.sink;
    return c->n == 0 ||
           sink->rows(sink->context, d->feed, differing, c->recorded, c->n, &d->counts, e);
}

/* What is recorded of every row of the page, whether it differs or not. */
static bool recall(struct detection *d, const struct sighting *seen, size_t n,
                   struct comparison *out, struct err *e)
{
    const char **keys = arena_alloc(&d->page, n * sizeof *keys);
    *out = (struct comparison){.n = n};
    out->place = arena_alloc(&d->page, n * sizeof *out->place);
    out->recorded = arena_alloc(&d->page, n * sizeof *out->recorded);
    for (size_t i = 0; i < n; i++) {
        keys[i] = seen[i].key;
        out->place[i] = i;
    }
    if (!state_rows(d->options.state, d->feed->mapping->name, keys, n, &d->page, out->recorded, e))
        return false;
    for (size_t i = 0; i < n; i++)
        out->live += detect_is_live(&out->recorded[i]);
    return true;
}

static bool may_be_unchanged(struct detection *d, const struct sighting *seen, size_t n)
{
    if (d->options.keys_only || !state_unchanged_can_tell(seen, n))
        return false;
    if (d->doubts == 0)
        return true;
    d->doubts--;
    return false;
}

/* Of a page that has changed the question was in vain. Where many have, few are asked it. */
static void learn(struct detection *d, bool unchanged)
{
    unsigned twice = d->last_doubts > 0 ? 2 * d->last_doubts : 1;
    d->last_doubts = unchanged ? 0 : twice < MOST_DOUBTS ? twice : MOST_DOUBTS;
    d->doubts = d->last_doubts;
}

static bool is_unchanged(struct detection *d, const struct sighting *seen, size_t n,
                         bool *unchanged, struct err *e)
{
    struct pg *state = d->options.state;
    *unchanged = false;
    if (!may_be_unchanged(d, seen, n))
        return true;
    if (!state_unchanged_send(state, d->feed->mapping->name, seen, n, e))
        return false;
    source_read_ahead(d->feed->source, true);
    if (!state_unchanged_receive(state, unchanged, e))
        return false;
    learn(d, *unchanged);
    return true;
}

/* What differs, asked of the state while the next page comes in from the source: two servers and we
 * work at the same time. */
static bool ask_state(struct detection *d, const struct sighting *seen, size_t n,
                      struct comparison *out, struct err *e)
{
    struct pg *state = d->options.state;
    bool unchanged;
    if (!is_unchanged(d, seen, n, &unchanged, e))
        return false;
    if (unchanged) {
        *out = (struct comparison){.live = (int64_t)n};
        return true;
    }
    if (!state_compare_send(state, d->feed->mapping->name, seen, n, e))
        return false;
    source_read_ahead(d->feed->source, true);
    return state_compare_receive(state, seen, n, &d->page, out, e);
}

static bool compare(struct detection *d, const struct sighting *seen, size_t n, struct err *e)
{
    struct comparison c;
    if (n == 0)
        return true;
    if (!(d->options.all ? recall(d, seen, n, &c, e) : ask_state(d, seen, n, &c, e)))
        return false;
    d->live_seen += c.live;
    return decide_all(d, seen, &c, e);
}

static bool tell_gone(struct detection *d, const char *const *keys, size_t n, struct err *e)
{
    if (n == 0)
        return true;
    return d->options.sink.gone(d->options.sink.context, d->feed, keys, n, &d->counts, e);
}

/* A page of rows as they came, equal keys side by side. */
static bool look(struct detection *d, const struct source_page *p, struct err *e)
{
    struct sighting *seen = arena_alloc(&d->page, (p->n + 1) * sizeof *seen);
    const char **removed = arena_alloc(&d->page, (p->n + 1) * sizeof *removed);
    size_t n_seen = 0, n_removed = 0;
    for (size_t i = 0, twins; i < p->n; i += twins) {
        for (twins = 1; i + twins < p->n && strcmp(p->keys[i], p->keys[i + twins]) == 0;)
            twins++;
        if (i % READ_AHEAD_EVERY == 0)
            source_read_ahead(d->feed->source, false);
        if (twins > 1)
            sight_refused(d->feed, "key.duplicate", p->keys[i], &p->rows[i], twins, &d->page,
                          &seen[n_seen++]);
        else if (!mapping_key_valid(d->feed->mapping, &p->rows[i]))
            sight_refused(d->feed, "key.invalid_utf8", p->keys[i], &p->rows[i], 1, &d->page,
                          &seen[n_seen++]);
        else if (sight_is_removed(d->feed, &p->rows[i]))
            removed[n_removed++] = p->keys[i];
        else
            sight_row(d->feed, &p->rows[i], p->keys[i], d->options.keys_only, &d->page,
                      &seen[n_seen++]);
    }
    d->counts.rows += (int64_t)p->n;
    /* One that only counts meets them once more among the keys of the state, and tells them then.
     */
    return compare(d, seen, n_seen, e) &&
           (d->options.only_counts || tell_gone(d, removed, n_removed, e));
}

/* Rows without a key cannot be told apart: one refused row of the state stands for all of them. */
static bool look_at_null_keys(struct detection *d, struct err *e)
{
    if (!source_null_keys(d->feed->source, &d->null_keys, e))
        return false;
    if (d->null_keys == 0)
        return true;
    struct sighting seen;
    sight_null_keys(d->feed, NULL_KEY, d->null_keys, &d->page, &seen);
    d->counts.rows += d->null_keys;
    return compare(d, &seen, 1, e);
}

/* ---- keys alone --------------------------------------------------------------------------------
 */

static int compare_keys(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Keys that were asked for and did not come back are gone; so are those that came as removed. */
static bool tell_missing(struct detection *d, const char *const *keys, size_t n,
                         const struct source_page *p, struct err *e)
{
    const char **gone = arena_alloc(&d->page, (n + 1) * sizeof *gone);
    size_t n_gone = 0;
    for (size_t i = 0; i < n; i++)
        if (bsearch(&keys[i], p->keys, p->n, sizeof *p->keys, compare_keys) == NULL)
            gone[n_gone++] = keys[i];
    return tell_gone(d, gone, n_gone, e);
}

static bool look_at_keys(struct detection *d, struct source *s, const char *const *keys, size_t n,
                         struct err *e)
{
    struct source_page p;
    return source_rows(s, keys, n, &p, e) && look(d, &p, e) && tell_missing(d, keys, n, &p, e);
}

/* ---- the pass ---------------------------------------------------------------------------------
 */

/* What the outbox holds already when a scan begins, the scan sees; what comes later stays in it. */
static bool start_scan(struct detection *d, struct err *e)
{
    bool empties = d->options.outbox != NULL && d->feed->mapping->detect == DETECT_TRIGGER;
    if (empties && !outbox_begin_scan(d->options.outbox, d->feed->mapping, &d->wish, e))
        return false;
    return d->options.keys_only ? source_keys_start(d->feed->source, e)
                                : source_scan_start(d->feed->source, e);
}

static bool start(struct detection *d, struct err *e)
{
    struct feed *f = d->feed;
    if (d->options.kind == DETECT_PASS_OUTBOX) {
        d->stage = STAGE_OUTBOX;
        d->started = true;
        return true;
    }
    bool scan = d->options.kind == DETECT_PASS_SCAN;
    /* The horizon is read before the rows: whatever commits later lies at or after it. An idle poll
     * does not ask: as long as no row lies beyond the watermark, leaving it behind costs nothing.
     */
    if (f->mapping->updated_at != NULL && (scan || f->changes_seen) &&
        !source_horizon(f->source, f->overlap_ms, &d->whole, &d->horizon, e))
        return false;
    d->started = true;
    return !scan ? source_changed_start(f->source, d->options.since, e) : start_scan(d, e);
}

static bool step_rows(struct detection *d, struct err *e)
{
    struct source_page p;
    bool scan = d->options.kind == DETECT_PASS_SCAN;
    bool ok = scan ? source_scan_next(d->feed->source, &p, e)
                   : source_changed_next(d->feed->source, &p, e);
    if (!ok || !look(d, &p, e))
        return false;
    if (!p.last)
        return true;
    if (!scan) {
        d->stage = STAGE_END;
        return true;
    }
    int64_t live;
    if (!look_at_null_keys(d, e) ||
        !state_count_live(d->options.state, d->feed->mapping->name, &live, e))
        return false;
    d->stage = live == d->live_seen + d->counts.enlivened ? STAGE_END : STAGE_STATE_KEYS;
    return true;
}

static bool step_state_keys(struct detection *d, struct err *e)
{
    const char **keys;
    size_t n;
    if (!state_live_keys(d->options.state, d->feed->mapping->name, d->after, STATE_PAGE, &d->page,
                         &keys, &n, e))
        return false;
    bool *present = arena_alloc(&d->page, (n + 1) * sizeof *present);
    if (n > 0 && !source_present(d->feed->source, keys, n, present, e))
        return false;
    const char **gone = arena_alloc(&d->page, (n + 1) * sizeof *gone);
    size_t n_gone = 0;
    for (size_t i = 0; i < n; i++)
        if (!present[i] && !(d->null_keys > 0 && strcmp(keys[i], NULL_KEY) == 0))
            gone[n_gone++] = keys[i];
    if (!tell_gone(d, gone, n_gone, e))
        return false;
    if (n < STATE_PAGE) {
        d->stage = STAGE_END;
        return true;
    }
    mem_free(d->after_copy);
    d->after = d->after_copy = mem_strdup(keys[n - 1]);
    return true;
}

/* Only what has been looked at is forgotten, and only after that is committed: whoever dies in
 * between looks twice. */
static bool step_outbox(struct detection *d, struct err *e)
{
    struct outbox_batch b;
    struct pg *pg = d->options.outbox;
    if (!outbox_read(pg, d->feed->mapping, d->outbox_at, &d->page, &b, e))
        return false;
    if (b.scan) {
        d->options.kind = DETECT_PASS_SCAN;
        d->stage = STAGE_ROWS;
        return start(d, e);
    }
    if (b.last)
        d->stage = STAGE_END;
    if (b.n_ids == 0)
        return true;
    d->outbox_at = b.ids[b.n_ids - 1];
    d->counts.noted += (int64_t)b.n_ids;
    if (!look_at_keys(d, d->feed->source, b.keys, b.n, e))
        return false;
    CRASH_POINT("outbox.before");
    return outbox_forget(pg, d->feed->mapping, b.ids, b.n_ids, e);
}

static bool forget_wish(struct detection *d, struct err *e)
{
    CRASH_POINT("outbox.before");
    d->counts.noted += d->wish.stands_for;
    return d->wish.id == 0 || d->options.keep_wish ||
           outbox_forget(d->options.outbox, d->feed->mapping, &d->wish.id, 1, e);
}

static bool end(struct detection *d, struct err *e)
{
    const struct detect_end end = {
        .kind = d->options.kind,
        .source_empty = d->options.kind == DETECT_PASS_SCAN && d->counts.rows == 0,
        .horizon = d->horizon,
    };
    d->feed->changes_seen = d->counts.rows > 0;
    if (!d->options.sink.end(d->options.sink.context, d->feed, &end, &d->counts, e))
        return false;
    if (d->horizon != NULL)
        snprintf(d->feed->seen_to, sizeof d->feed->seen_to, "%s", d->horizon);
    return forget_wish(d, e);
}

bool detect_step(struct detection *d, bool *done, struct err *e)
{
    *done = false;
    arena_clear(&d->page);
    if (!d->started && !start(d, e))
        return err_prefix(e, "mapping \"%s\": ", d->feed->mapping->name);
    bool ok = true;
    switch (d->stage) {
    case STAGE_OUTBOX:
        ok = step_outbox(d, e);
        break;
    case STAGE_ROWS:
        ok = step_rows(d, e);
        break;
    case STAGE_STATE_KEYS:
        ok = step_state_keys(d, e);
        break;
    case STAGE_END:
        *done = ok = end(d, e);
        break;
    }
    return ok || err_prefix(e, "mapping \"%s\": ", d->feed->mapping->name);
}

/* ---- outside a pass ---------------------------------------------------------------------------
 */

bool detect_keys(struct feed *f, const struct detect_options *o, const char *const *keys, size_t n,
                 struct detect_counts *counts, struct err *e)
{
    struct detection *d = detect_new(f, o);
    bool ok = look_at_keys(d, f->lookup, keys, n, e);
    *counts = d->counts;
    detect_free(d);
    return ok || err_prefix(e, "mapping \"%s\": ", f->mapping->name);
}
