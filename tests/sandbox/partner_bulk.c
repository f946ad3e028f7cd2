/*
 * Bulk-create in three steps: judge every item, apply, then write the results in the shape that
 * the options and the fault ask for. The steps are apart so that a twisted answer never changes
 * what was applied.
 */
#include "partner.h"

#include <string.h>

#include "replay.h"

enum { BULK_MAX = 100 };

struct item {
    struct content content;
    struct refusals refusals;
    const char *error; /* code; NULL: good */
    uint32_t place;
};

struct bulk {
    size_t n;
    size_t failed;
    struct item items[BULK_MAX];
};

static const struct json *items_of(struct call *c)
{
    const struct json *list = json_get(c->body, c->s->options.bulk_key);
    bool ok = list != NULL && list->type == JSON_ARRAY && c->body->count == 1;
    if (ok && list->count >= 1 && list->count <= BULK_MAX)
        return list;
    struct refusals r = {
        .n = 1,
        .all = {{c->s->options.bulk_key, "count", "a bulk must hold 1 to 100 jobs and nothing else",
                 "يجب أن يحتوي الطلب المجمع على 1 إلى 100 وظيفة فقط"}}};
    answer_refusals(c->s, c->a, (int)c->s->options.validation_status, &r);
    return NULL;
}

static void fail(struct bulk *b, struct item *item, const char *code)
{
    item->error = code;
    b->failed++;
}

static void judge(struct call *c, const struct json *list, struct bulk *b)
{
    for (const struct json *v = list->first; v != NULL; v = v->next) {
        struct item *item = &b->items[b->n++];
        item->refusals.n = 0;
        if (!rules_read_job(v, &c->s->cities, &item->content, &item->refusals))
            fail(b, item, "partner.validation_failed");
        else if (call_has(c, FAULT_MIXED_207) && b->n % 2 == 0)
            fail(b, item, "partner.internal");
    }
    c->s->stats.items_failed += (int64_t)b->failed;
}

/* A server that refuses the request for one bad item tells of the first. */
static bool refused_whole(struct call *c, const struct bulk *b)
{
    static const int status_of[] = {0, 400, 422};
    int status = status_of[c->s->options.bulk_bad_item];
    if (call_has(c, FAULT_BULK_REFUSED)) {
        call_error(c, 422, "partner.validation_failed");
        return true;
    }
    for (size_t i = 0; status != 0 && i < b->n; i++)
        if (b->items[i].error != NULL && b->items[i].refusals.n > 0) {
            answer_refusals(c->s, c->a, status, &b->items[i].refusals);
            return true;
        }
    return false;
}

static bool over_quota(struct call *c, const struct bulk *b)
{
    struct sandbox *s = c->s;
    int64_t left = quota_left(c->key->account, &s->options, sandbox_month(s));
    int64_t wanted = (int64_t)(b->n - b->failed);
    bool whole = s->options.bulk_quota == BULK_QUOTA_WHOLE;
    if (wanted == 0 || wanted <= left || (left > 0 && !whole))
        return false;
    s->stats.quota_refusals += wanted;
    call_error(c, (int)s->options.quota_status, s->options.quota_code);
    return true;
}

static void apply(struct call *c, struct bulk *b)
{
    struct sandbox *s = c->s;
    size_t end = call_has(c, FAULT_HALF_APPLIED) ? b->n / 2 : b->n;
    for (size_t i = 0; i < end; i++) {
        struct item *item = &b->items[i];
        if (item->error != NULL)
            continue;
        if (quota_left(c->key->account, &s->options, sandbox_month(s)) == 0) {
            fail(b, item, s->options.quota_code);
            s->stats.quota_refusals++;
        } else {
            item->place = partner_create(c, &item->content);
        }
    }
}

static void write_item(struct call *c, struct json_writer *w, const struct item *item, size_t index)
{
    const struct options *o = &c->s->options;
    json_open_object(w);
    if (!o->bulk_no_index && !call_has(c, FAULT_NO_INDEX)) {
        json_key(w, "index");
        json_write_int(w, (int64_t)index);
    }
    if (!o->bulk_inline) {
        json_key(w, "status");
        json_write_str(w, item->error == NULL ? "created" : "failed");
    }
    if (item->error != NULL) {
        json_key(w, "error");
        answer_write_error(c->s, w, item->error, item->refusals.n > 0 ? &item->refusals : NULL);
    } else if (o->bulk_inline) {
        answer_write_job_members(c->s, w, item->place, c->now_ms);
    } else {
        json_key(w, "job");
        answer_write_job(c->s, w, item->place, c->now_ms);
    }
    json_close_object(w);
}

static void shuffle(struct sandbox *s, size_t *order, size_t n)
{
    for (size_t i = n; i > 1; i--) {
        size_t other = (size_t)sandbox_random(s, i), kept = order[i - 1];
        order[i - 1] = order[other];
        order[other] = kept;
    }
}

static int status_of(const struct call *c, const struct bulk *b)
{
    static const int fixed[] = {0, 200, 201, 207};
    int status = fixed[c->s->options.bulk_status];
    return status != 0 ? status : b->failed > 0 ? 207 : 201;
}

static void write_results(struct call *c, const struct bulk *b)
{
    static const char *const names[] = {"results", "data", "jobs", "items", NULL};
    const char *name = names[c->s->options.bulk_shape];
    size_t order[BULK_MAX], n = b->n;
    for (size_t i = 0; i < n; i++)
        order[i] = i;
    if (c->s->options.bulk_shuffle || call_has(c, FAULT_SHUFFLE))
        shuffle(c->s, order, n);
    if (call_has(c, FAULT_WRONG_COUNT))
        n--;
    struct json_writer w;
    json_writer_init(&w, &c->a->body);
    if (name != NULL) {
        json_open_object(&w);
        json_key(&w, name);
    }
    json_open_array(&w);
    for (size_t i = 0; i < n; i++)
        write_item(c, &w, &b->items[order[i]], order[i]);
    json_close_array(&w);
    if (name != NULL)
        json_close_object(&w);
    c->a->status = status_of(c, b);
}

void partner_post_bulk(struct call *c)
{
    if (c->key->account->plan == PLAN_FREE) {
        call_error(c, 403, "partner.forbidden");
        return;
    }
    const struct json *list = replay_answer(c) ? NULL : items_of(c);
    if (list == NULL)
        return;
    struct bulk *b = arena_alloc(c->arena, sizeof(*b));
    judge(c, list, b);
    if ((int64_t)b->n > c->s->stats.largest_bulk)
        c->s->stats.largest_bulk = (int64_t)b->n;
    if (refused_whole(c, b) || over_quota(c, b))
        return;
    apply(c, b);
    if (call_has(c, FAULT_HALF_APPLIED))
        return; /* the connection is reset: no results */
    write_results(c, b);
    replay_keep(c);
}
