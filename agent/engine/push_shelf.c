/*
 * What a push has in hand, seen from outside: whether it may take more, and how it puts it back.
 * What is journalled stays: its rows are sending.
 */
#include "engine/push_internal.h"

void push_drop_unsent(struct push *p, bool creates_alone)
{
    for (struct parcel *c = p->ready.first, *next; c != NULL; c = next) {
        next = c->next;
        if (!c->journalled && (c->op == OP_CREATE || !creates_alone)) {
            parcel_remove(&p->ready, c);
            parcel_free(c);
        }
    }
}

void push_may_prepare(struct push *p, bool may)
{
    p->may_prepare = may;
    p->starves = false;
}

bool push_starves(const struct push *p)
{
    return p->starves;
}

bool push_holds_rows(const struct push *p)
{
    return p->ready.parcels + p->flying.parcels + p->answered.parcels > 0;
}

void push_shelve(struct push *p)
{
    push_drop_unsent(p, false);
    p->hungry = true;
}

void push_counts_add(struct push_counts *to, const struct push_counts *from)
{
    for (int op = 0; op < OP_NONE; op++)
        to->done[op] += from->done[op];
    to->settled += from->settled;
    to->gone += from->gone;
    to->refused += from->refused;
    to->retried += from->retried;
    to->uncertain += from->uncertain;
    to->deferred += from->deferred;
    to->job_requests += from->job_requests;
}
