/*
 * What push has in hand and the queue would give it again: rows that are still pending in the
 * state. A create is `sending` from the moment it is journalled and does not come back.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/push_internal.h"

static int compare_rows(const void *a, const void *b)
{
    const struct parcel_row *x = *(const struct parcel_row *const *)a;
    const struct parcel_row *y = *(const struct parcel_row *const *)b;
    int order = strcmp(x->key, y->key);
    return order != 0 ? order : strcmp(x->mapping, y->mapping);
}

static bool comes_back(const struct parcel *c)
{
    return c->op != OP_CREATE || !c->journalled;
}

static size_t count(const struct parcel_list *l)
{
    size_t n = 0;
    for (const struct parcel *c = l->first; c != NULL; c = c->next)
        n += comes_back(c) ? c->n : 0;
    return n;
}

static void gather(struct push_hand *h, const struct parcel_list *l)
{
    for (const struct parcel *c = l->first; c != NULL; c = c->next)
        for (size_t i = 0; i < c->n && comes_back(c); i++)
            h->rows[h->n++] = &c->rows[i];
}

void hand_look(const struct push *p, struct arena *a, struct push_hand *h)
{
    size_t n = count(&p->ready) + count(&p->flying) + count(&p->answered);
    *h = (struct push_hand){.rows = arena_alloc(a, (n + 1) * sizeof *h->rows)};
    gather(h, &p->ready);
    gather(h, &p->flying);
    gather(h, &p->answered);
    qsort(h->rows, h->n, sizeof *h->rows, compare_rows);
}

bool hand_holds(const struct push_hand *h, const char *mapping, const char *key)
{
    const struct parcel_row probe = {.mapping = mapping, .key = key}, *at = &probe;
    return bsearch(&at, h->rows, h->n, sizeof *h->rows, compare_rows) != NULL;
}

bool hand_holds_job(const struct push_hand *h, const struct picked *row)
{
    if (strncmp(row->key, KEY_MOVED, strlen(KEY_MOVED)) != 0 || row->recorded.job_id == NULL)
        return false;
    for (size_t i = 0; i < h->n; i++)
        if (h->rows[i]->job_id != NULL && strcmp(h->rows[i]->job_id, row->recorded.job_id) == 0)
            return true;
    return false;
}
