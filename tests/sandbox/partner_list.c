/*
 * The list walks an account's jobs backwards by place, newest first. A cursor is the place before
 * which the next page begins, so jobs that are created or deleted meanwhile shift nothing.
 */
#include "partner.h"

#include <errno.h>
#include <stdlib.h>

enum { LIMIT_DEFAULT = 20, LIMIT_MAX = 100 };

struct page {
    int64_t limit;
    int64_t number;  /* from 1 */
    uint32_t before; /* places below this one */
    uint32_t count;
    uint32_t places[LIMIT_MAX];
    bool more;
    uint32_t next; /* `before` of the next page */
};

static bool refuse(struct call *c, const char *field)
{
    struct refusals r = {.n = 1,
                         .all = {{field, "range", "this query parameter is not valid",
                                  "قيمة معامل الاستعلام غير صالحة"}}};
    answer_refusals(c->s, c->a, 400, &r);
    return false;
}

static bool read_number(const char *text, int64_t min, int64_t max, int64_t *out)
{
    if (text == NULL)
        return true;
    char *end = NULL;
    errno = 0;
    *out = strtoll(text, &end, 10);
    return errno == 0 && end != text && *end == '\0' && *out >= min && *out <= max;
}

static bool read_page(struct call *c, struct page *p)
{
    const struct options *o = &c->s->options;
    uint64_t before = UINT32_MAX;
    *p = (struct page){.limit = LIMIT_DEFAULT, .number = 1};
    if (!read_number(c->q->limit, 1, LIMIT_MAX, &p->limit))
        return refuse(c, "limit");
    if (o->paging == PAGING_PAGE && !read_number(c->q->page, 1, INT32_MAX, &p->number))
        return refuse(c, "page");
    if (o->paging == PAGING_CURSOR && c->q->cursor != NULL &&
        (!scramble_read(&c->s->jobs.cursors, c->q->cursor, &before) || before > UINT32_MAX))
        return refuse(c, "cursor");
    p->before = (uint32_t)before;
    if (o->repeat_page) {
        p->before = UINT32_MAX;
        p->number = 1;
    } else if (call_has(c, FAULT_REPEAT_PAGE) && p->number > 1) {
        p->number--;
    }
    return true;
}

/* How many of the account's jobs lie below a place. */
static size_t count_below(const struct account *a, uint32_t place)
{
    size_t low = 0, high = a->n_jobs;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (a->jobs[middle] < place)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void fill(const struct call *c, struct page *p)
{
    const struct sandbox *s = c->s;
    const struct account *a = c->key->account;
    int64_t skip = (p->number - 1) * p->limit;
    for (size_t i = count_below(a, p->before); i > 0 && !p->more; i--) {
        const struct job *job = jobs_at(&s->jobs, a->jobs[i - 1]);
        if (job->deleted_ms != 0 || job->created_ms + s->options.list_delay_ms > c->now_ms)
            continue;
        if (skip-- > 0)
            continue;
        if (p->count < p->limit)
            p->places[p->count++] = a->jobs[i - 1];
        else
            p->more = true;
    }
    p->next = p->count > 0 ? p->places[p->count - 1] : p->before;
}

static void write_cursor(const struct call *c, struct json_writer *w, const struct page *p)
{
    static const char *const wraps[] = {NULL, "pagination", "meta"};
    const char *wrap = wraps[c->s->options.cursor_place];
    bool repeats = c->s->options.repeat_page || call_has(c, FAULT_REPEAT_PAGE);
    if (wrap != NULL) {
        json_key(w, wrap);
        json_open_object(w);
    }
    if (c->s->options.paging == PAGING_PAGE) {
        json_key(w, "page");
        json_write_int(w, p->number);
        json_key(w, "has_more");
        json_write_bool(w, p->more);
    } else {
        char cursor[SCRAMBLE_TEXT_BYTES];
        scramble_write(&c->s->jobs.cursors, repeats ? p->before : p->next, cursor);
        json_key(w, "next_cursor");
        json_write_str(w, p->more || repeats ? cursor : NULL);
    }
    if (wrap != NULL)
        json_close_object(w);
}

static void write_page(struct call *c, const struct page *p)
{
    static const char *const names[] = {"results", "data", "jobs", "items", NULL};
    const char *name = names[c->s->options.list_name];
    struct json_writer w;
    json_writer_init(&w, &c->a->body);
    if (name != NULL) {
        json_open_object(&w);
        json_key(&w, name);
    }
    json_open_array(&w);
    for (uint32_t i = 0; i < p->count; i++)
        answer_write_job(c->s, &w, p->places[i], c->now_ms);
    json_close_array(&w);
    if (name != NULL) { /* a bare list has no room for a cursor */
        write_cursor(c, &w, p);
        json_close_object(&w);
    }
    c->a->status = 200;
    c->items = p->count;
}

void partner_list_jobs(struct call *c)
{
    struct page *p = arena_alloc(c->arena, sizeof(*p));
    if (!read_page(c, p))
        return;
    fill(c, p);
    write_page(c, p);
}
