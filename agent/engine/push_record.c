/*
 * Step six: what was answered goes into the state, and into the partner's own columns, set-based.
 */
#include "base/crash.h"
#include "engine/push_internal.h"

static void fill_result(const struct parcel *c, const struct parcel_row *row, struct result *out)
{
    *out = (struct result){
        .mapping = row->mapping,
        .key = row->key,
        .op = c->op,
        .verdict = row->verdict,
        .sent = &row->hash,
        .outcome = &row->outcome,
        .answered = row->answered,
        .has_answered = row->has_answered,
    };
}

static void count_creates(struct account *a, const struct parcel *c)
{
    if (c->op != OP_CREATE)
        return;
    a->creating -= (int64_t)c->n;
    int64_t created = 0;
    for (size_t i = 0; i < c->n; i++)
        created += c->rows[i].outcome.kind == OUTCOME_DONE;
    account_created(a, created);
}

bool push_record(struct push *p, struct err *e)
{
    arena_clear(p->work);
    struct result *results = arena_take(p->work, (p->answered.rows + 1) * sizeof *results);
    size_t n = 0;
    for (const struct parcel *c = p->answered.first; c != NULL; c = c->next)
        for (size_t i = 0; i < c->n; i++)
            fill_result(c, &c->rows[i], &results[n++]);
    CRASH_POINT("record.before");
    if (!writeback_record(p->o.writeback, results, n, e))
        return false;
    CRASH_POINT("record.after");
    struct account *a = p->o.account;
    if (a->learned) {
        if (!state_learn(p->o.state, &a->lease, a->as_sent, a->changed, e))
            return false;
        a->learned = false;
    }
    while (p->answered.first != NULL) {
        struct parcel *c = p->answered.first;
        count_creates(a, c);
        parcel_remove(&p->answered, c);
        parcel_free(c);
    }
    return true;
}
