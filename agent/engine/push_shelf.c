/*
 * What a push has in hand, seen from outside: whether it may take more, and how it puts it back.
 * What is journalled is put back by a record: its rows are sending.
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

bool push_owes(const struct push *p)
{
    return p->answered.parcels > 0;
}

/* It did not leave, so it was not applied: its rows wait again, and need not be looked for if the
 * agent ends while they do. */
static void put_back_journalled(struct push *p, struct parcel *c)
{
    parcel_remove(&p->ready, c);
    for (size_t i = 0; i < c->n; i++) {
        struct parcel_row *row = &c->rows[i];
        row->outcome = (struct outcome){.kind = OUTCOME_LIMITED, .match_ready = -1};
        row->verdict = op_after(c->op, OUTCOME_LIMITED, row->attempts, row->on_missing, 0);
    }
    p->o.account->creating += (int64_t)c->n; /* until that is recorded */
    p->o.account->turn = true;
    parcel_put(&p->answered, c);
}

void push_shelve(struct push *p)
{
    push_drop_unsent(p, false);
    while (p->ready.first != NULL)
        put_back_journalled(p, p->ready.first);
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
