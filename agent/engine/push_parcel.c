/*
 * Parcels copy what they hold: picks, pages and answers come and go while a request is on its way.
 */
#include <string.h>

#include "engine/push_internal.h"

#define BULK_BLOCK   ((size_t)32 * 1024)
#define SINGLE_BLOCK ((size_t)4 * 1024)
#define NAMES_BLOCK  ((size_t)16 * 1024)
#define NAME_BLOCK   ((size_t)512)

struct parcel *parcel_new(struct push *p, enum op_kind op, size_t cap)
{
    struct parcel *c = mem_alloc(sizeof *c);
    arena_init(&c->arena, cap > 1 ? BULK_BLOCK : SINGLE_BLOCK);
    arena_init(&c->names, cap > 1 ? NAMES_BLOCK : NAME_BLOCK);
    c->push = p;
    c->op = op;
    c->fence = p->fence;
    c->errand.account = p->o.account;
    c->errand.what = op == OP_NONE ? "none" : op_names[op];
    c->errand.done = push_answered;
    c->cap = cap;
    c->rows = arena_take(&c->arena, cap * sizeof *c->rows);
    return c;
}

void parcel_free(struct parcel *c)
{
    arena_release(&c->names);
    arena_release(&c->arena);
    mem_free(c);
}

const char *parcel_copy(struct parcel *c, const char *text, const char *before)
{
    bool same = text != NULL && before != NULL && strcmp(text, before) == 0;
    return same ? before : arena_strdup(&c->names, text);
}

struct parcel_row *parcel_add(struct parcel *c, const struct parcel_row *row)
{
    if (c->n == c->cap)
        BUG("a parcel of %zu rows is full", c->cap);
    struct parcel_row *copy = &c->rows[c->n++];
    *copy = *row;
    copy->mapping = parcel_copy(c, row->mapping, copy > c->rows ? copy[-1].mapping : NULL);
    copy->key = arena_strdup(&c->names, row->key);
    copy->job_id = arena_strdup(&c->names, row->job_id);
    for (int f = 0; f < JOB_FIELDS; f++) {
        const struct text *t = &row->job.field[f];
        if (t->data != NULL)
            copy->job.field[f].data = arena_strndup(&c->arena, t->data, t->len);
    }
    return copy;
}

void parcel_put(struct parcel_list *l, struct parcel *c)
{
    c->next = NULL;
    if (l->last != NULL)
        l->last->next = c;
    else
        l->first = c;
    l->last = c;
    l->parcels++;
    l->rows += c->n;
}

void parcel_put_by_urgency(struct parcel_list *l, struct parcel *c)
{
    struct parcel **at = &l->first;
    while (*at != NULL && (*at)->op <= c->op)
        at = &(*at)->next;
    c->next = *at;
    *at = c;
    if (c->next == NULL)
        l->last = c;
    l->parcels++;
    l->rows += c->n;
}

void parcel_remove(struct parcel_list *l, struct parcel *c)
{
    struct parcel *before = NULL;
    for (struct parcel *i = l->first; i != c; i = i->next)
        before = i;
    if (before != NULL)
        before->next = c->next;
    else
        l->first = c->next;
    if (l->last == c)
        l->last = before;
    c->next = NULL;
    l->parcels--;
    l->rows -= c->n;
}
