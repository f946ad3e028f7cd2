/*
 * Steps one to three of a push: pick, read again, decide again.
 *
 * The pending mark is only a hint: what is sent is decided from the row as it is now. A row that
 * has disappeared since is not removed here: it is noted as gone and waits for the guard, which
 * sees all removals of a pass together (promise 4).
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "engine/push_internal.h"

#define BROKEN_FOR_MS 10000 /* how long the rows of a mapping that cannot be read wait */

static void desire_gone(struct desired *d)
{
    *d = (struct desired){.kind = DESIRED_GONE};
}

static int compare_keys(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool is_of(const struct feed *f, const struct row *row, const char *account)
{
    const struct text *t = &row->value[f->mapping->n_key + COLUMN_ACCOUNT];
    return f->mapping->account_sql == NULL ||
           (t->data != NULL && strlen(account) == t->len && memcmp(t->data, account, t->len) == 0);
}

/* What the mapping wants for a key now; `refusals` is room for JOB_MAX_REFUSALS. A row that is
 * another account's by now is gone from this one. */
static void desire(const struct feed *f, const char *account, const struct source_page *page,
                   const char *key, struct refusal *refusals, struct arena *a, struct desired *out)
{
    const char **hit = bsearch(&key, page->keys, page->n, sizeof *page->keys, compare_keys);
    if (hit == NULL) {
        desire_gone(out);
        return;
    }
    const char **first = hit, **last = hit, **end = page->keys + page->n;
    while (first > page->keys && strcmp(first[-1], key) == 0)
        first--;
    while (last + 1 < end && strcmp(last[1], key) == 0)
        last++;
    const struct row *row = &page->rows[hit - page->keys];
    const struct text *removed = &row->value[f->mapping->n_key + COLUMN_REMOVED];
    if (last > first) {
        mapping_refuse("key.duplicate", last - first + 1, a, refusals, out);
    } else if ((removed->data != NULL && removed->data[0] == 't') || !is_of(f, row, account))
        desire_gone(out);
    else
        mapping_apply(f->mapping, row, a, arena_take(a, sizeof(struct job)), refusals, out, NULL);
}

/* ---- decided rows -----------------------------------------------------------------------------
 */

/* Nothing is to be sent; the record still learns what was found. */
static void settle_row(struct push *p, struct parcel *settled, const struct picked *r,
                       const struct desired *d, struct parcel_row *row)
{
    struct parcel_row *kept = parcel_add(settled, row);
    kept->verdict = (struct verdict){
        .state = op_mark(&r->recorded, d, (struct op){.kind = OP_NONE}), .op = OP_NONE};
    if (d->kind == DESIRED_GONE)
        kept->verdict.state = ROW_REMOVED;
    kept->verdict.synced = kept->verdict.state == ROW_SYNCED;
    kept->outcome = (struct outcome){.kind = OUTCOME_DONE, .match_ready = -1};
    p->counts.settled++;
    if (d->kind != DESIRED_REFUSED)
        return;
    p->counts.refused++;
    const struct refusal all = job_join_refusals(d->refusals, d->n_refusals, &settled->arena);
    kept->outcome.kind = OUTCOME_REFUSED;
    kept->outcome.code = arena_strdup(&settled->arena, all.rule);
    kept->outcome.message = all.message;
    kept->outcome.message_ar = all.message_ar;
}

/* The parcel that the row joins: creates share one up to the plan's bulk size. */
static struct parcel *parcel_for(struct push *p, enum op_kind op)
{
    size_t cap = op == OP_CREATE ? (size_t)p->o.account->bulk : 1;
    for (struct parcel *c = p->ready.first; cap > 1 && c != NULL; c = c->next)
        if (c->op == op && !c->journalled && c->n < c->cap)
            return c;
    struct parcel *fresh = parcel_new(p, op, cap);
    parcel_put_by_urgency(&p->ready, fresh);
    return fresh;
}

static void queue_row(struct push *p, enum op_kind op, const struct parcel_row *row)
{
    struct parcel *c = parcel_for(p, op);
    struct parcel_row *kept = parcel_add(c, row);
    if (op == OP_CREATE)
        job_words(&kept->job, &kept->words);
    p->ready.rows++;
}

/* What is to be done with a row that was picked. */
struct decision {
    enum op_kind op; /* OP_NONE: nothing is to be sent */
    struct parcel_row row;
};

static bool wants_removal(enum op_kind op)
{
    return op == OP_CLOSE || op == OP_DELETE;
}

/* A pick, and what came of it. */
struct catch
{
    struct picked *rows;
    struct decision *decisions;
    size_t n;
};

static void init_decisions(struct catch *c, struct arena *a)
{
    c->decisions = arena_take(a, (c->n + 1) * sizeof *c->decisions);
    for (size_t i = 0; i < c->n; i++)
        c->decisions[i].op = OP_NONE;
}

/* In the order of the pick, which is exact over all mappings. */
static void queue_decided(struct push *p, const struct catch *c)
{
    for (size_t i = 0; i < c->n; i++)
        if (c->decisions[i].op != OP_NONE)
            queue_row(p, c->decisions[i].op, &c->decisions[i].row);
}

/* ---- one mapping's share of a pick --------------------------------------------------------------
 */

struct share {
    struct feed *feed;
    const struct picked **rows;
    const char **keys;
    struct decision **decisions; /* of each row, filled */
    size_t n;
};

/* What only this mapping suffers from (a column that is gone, a right taken away) must not stop the
 * others: its rows wait. Detection, which meets the same, tells it, unless it read none of them. */
static bool put_off(struct feed *f, int64_t now_ms, struct err *e)
{
    if (e->kind != ERR_CONFIG || f->unread)
        return err_prefix(e, "mapping \"%s\": ", f->mapping->name);
    f->broken_until_ms = now_ms + BROKEN_FOR_MS;
    return true;
}

/* Where a plan is followed: what is wanted now is not what was wanted when the row was marked. */
static bool is_stray(const struct push *p, const struct picked *r, const struct desired *d)
{
    const struct recorded *was = &r->recorded;
    if (p->o.stray == NULL)
        return false;
    if (wants_removal(r->op))
        return d->kind != DESIRED_GONE;
    return d->kind != DESIRED_JOB || !was->has_desired ||
           memcmp(was->desired_all, d->hash.all, sizeof was->desired_all) != 0;
}

/* It stays pending for the next pass, and out of this plan. */
static bool leave(struct push *p, const struct share *s, const struct picked *r,
                  const struct desired *d, struct err *e)
{
    const struct account *a = p->o.account;
    const struct op now = op_decide(&r->recorded, d, s->feed->mapping->on_removed);
    p->o.stray(p->o.stray_context, r->mapping, a->config->name, r->key, r->op, now.kind);
    return state_plan_drop(p->o.state, &a->lease, r->mapping, &r->key, 1, e);
}

static bool decide_share(struct push *p, const struct share *s, struct parcel *settled,
                         int64_t now_ms, struct err *e)
{
    struct source_page page;
    if (!source_rows(s->feed->lookup, s->keys, s->n, &page, e))
        return put_off(s->feed, now_ms, e);
    const char **gone = arena_alloc(p->work, s->n * sizeof *gone);
    size_t n_gone = 0;
    for (size_t i = 0; i < s->n; i++) {
        const struct picked *r = s->rows[i];
        struct refusal refusals[JOB_MAX_REFUSALS];
        struct desired d;
        desire(s->feed, p->o.account->config->name, &page, r->key, refusals, p->work, &d);
        if (is_stray(p, r, &d)) {
            if (!leave(p, s, r, &d, e))
                return false;
            continue;
        }
        if (d.kind == DESIRED_GONE && !wants_removal(r->op)) {
            gone[n_gone++] = r->key;
            continue;
        }
        struct op op = op_decide(&r->recorded, &d, s->feed->mapping->on_removed);
        struct parcel_row *row = &s->decisions[i]->row;
        *row = (struct parcel_row){
            .mapping = r->mapping,
            .key = r->key,
            .job_id = r->recorded.job_id,
            .hash = d.hash,
            .fields = op.fields,
            .attempts = r->recorded.attempts,
            .has_wanted = r->recorded.has_desired,
            .on_missing = s->feed->mapping->on_missing,
            .visible_ms = now_ms - r->changed_ago_ms,
            .intended_us = r->intended_us,
            .answered = r->answered,
            .has_answered = r->has_answered,
        };
        memcpy(row->wanted, r->recorded.desired_all, sizeof row->wanted);
        if (d.kind == DESIRED_JOB)
            row->job = *d.job;
        if (op.kind == OP_NONE)
            settle_row(p, settled, r, &d, row);
        s->decisions[i]->op = op.kind;
    }
    int64_t fresh;
    p->counts.gone += (int64_t)n_gone;
    return n_gone == 0 || state_gone(p->o.state, &p->o.account->lease, 1, s->feed->mapping->name,
                                     gone, n_gone, &fresh, e);
}

/* The free rows of one mapping, in the order of the pick. */
static void take_share(struct push *p, struct feed *f, const struct push_hand *hand,
                       const struct catch *caught, struct share *out)
{
    const struct picked *rows = caught->rows;
    size_t n = caught->n;
    *out = (struct share){.feed = f};
    out->rows = arena_alloc(p->work, (n + 1) * sizeof *out->rows);
    out->keys = arena_alloc(p->work, (n + 1) * sizeof *out->keys);
    out->decisions = arena_alloc(p->work, (n + 1) * sizeof *out->decisions);
    for (size_t i = 0; i < n; i++) {
        if (strcmp(rows[i].mapping, f->mapping->name) != 0 ||
            hand_holds(hand, rows[i].mapping, rows[i].key) || hand_holds_job(hand, &rows[i]))
            continue;
        out->rows[out->n] = &rows[i];
        out->decisions[out->n] = &caught->decisions[i];
        out->keys[out->n++] = rows[i].key;
    }
}

/* Whether creates found by the pass under way are held: in an open account nothing is gained by
 * waiting. */
static bool holds(struct push *p, bool *hold, struct err *e)
{
    bool open = true;
    if (p->hold_since_ms >= 0 && !account_is_open(p->o.account, p->o.state, &open, e))
        return false;
    *hold = !open;
    return true;
}

struct queue push_queue(struct push *p, bool creates, int64_t held_ms, int64_t now_ms)
{
    size_t n = 0;
    for (size_t i = 0; i < p->o.n_feeds; i++)
        if (p->o.feeds[i].broken_until_ms <= now_ms)
            p->readable[n++] = p->o.feeds[i].mapping->name;
    return (struct queue){.account = p->o.account->config->name,
                          .mappings = p->readable,
                          .n_mappings = n,
                          .upto = p->only_removals ? OP_DELETE
                                  : creates        ? OP_CREATE
                                                   : OP_UPDATE,
                          .held_ms = held_ms,
                          .planned = p->o.stray != NULL};
}

static bool pick(struct push *p, size_t limit, struct picked **rows, size_t *n, struct err *e)
{
    struct account *a = p->o.account;
    bool hold;
    if (!holds(p, &hold, e))
        return false;
    bool creates = account_quota_left(a) > 0 && !push_only_held(p);
    int64_t held_ms = hold && creates ? clock_mono_ms() - p->hold_since_ms : -1;
    const struct queue q = push_queue(p, creates, held_ms, clock_mono_ms());
    if (!state_pick(p->o.state, &q, limit, p->work, rows, n, e))
        return false;
    if (held_ms >= 0 && *n < limit)
        a->only_held_ms = p->hold_since_ms;
    return true;
}

bool push_prepare(struct push *p, size_t limit, int64_t now_ms, struct err *e)
{
    arena_clear(p->work);
    struct push_hand hand;
    struct catch c;
    hand_look(p, p->work, &hand);
    if (!pick(p, limit + hand.n, &c.rows, &c.n, e))
        return false;
    p->hungry = c.n == limit + hand.n;
    init_decisions(&c, p->work);
    struct parcel *settled = parcel_new(p, OP_NONE, c.n + 1);
    bool ok = true;
    for (size_t i = 0; ok && i < p->o.n_feeds; i++) {
        struct share s;
        take_share(p, &p->o.feeds[i], &hand, &c, &s);
        ok = s.n == 0 || decide_share(p, &s, settled, now_ms, e);
    }
    queue_decided(p, &c);
    if (settled->n > 0)
        parcel_put(&p->answered, settled);
    else
        parcel_free(settled);
    return ok;
}
