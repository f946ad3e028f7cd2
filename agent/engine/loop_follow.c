/*
 * A plan in the place of passes: its mappings one after the other, a page of each at every turn.
 * Nothing begins before every account is ours: a row of one that is not could not be marked.
 */
#include "engine/loop_internal.h"

#define LOOK_AGAIN_MS 200
#define NEVER         INT64_MAX

bool loop_follow_open(struct loop *l, struct err *e)
{
    if (l->o.plan == NULL)
        return true;
    const struct planfile_head *head = planfile_head(l->o.plan->file);
    l->follow = follow_new(l->o.plan, l->state, &l->o.config->max_remove);
    l->due_at_ms = NEVER; /* what changes with the clock is not in the plan */
    for (size_t i = 0; i < l->n_feeds; i++)
        if (!follow_check_feed(l->follow, &l->feeds[i], e))
            return false;
    for (size_t i = 0; i < head->n_accounts; i++) {
        const char *environment = NULL;
        const struct worker *w = loop_worker(l, head->accounts[i].name);
        if (w != NULL && w->account.environment != NULL)
            environment = w->account.environment->name;
        if (!follow_check_account(l->follow, head->accounts[i].name, environment, e))
            return false;
    }
    return true;
}

static bool begin(struct loop *l, int64_t now_ms, struct err *e)
{
    if (l->following)
        return true;
    bool ready = l->n_leases > 0 && loop_holds_all(l);
    l->following = ready && follow_clear(l->follow, l->leases, l->n_leases, e);
    for (size_t i = 0; i < l->n_feeds; i++)
        l->feeds[i].next_poll_ms = l->following ? 0 : now_ms + LOOK_AGAIN_MS;
    return l->following || !ready;
}

static struct feed *next_feed(struct loop *l)
{
    for (size_t i = 0; i < l->n_feeds; i++)
        if (!l->feeds[i].passed)
            return &l->feeds[i];
    return NULL;
}

static void look(struct loop *l)
{
    const struct follow_counts *c = follow_counts(l->follow);
    l->seen.rows_looked_at = c->rows;
    l->seen.found = 0;
    for (int op = 0; op < OP_NONE; op++)
        l->seen.found += c->due[op];
}

bool loop_follow(struct loop *l, int64_t now_ms, struct err *e)
{
    if (!begin(l, now_ms, e))
        return false;
    struct feed *f = l->following ? next_feed(l) : NULL;
    if (f == NULL)
        return true;
    bool done;
    l->seen.mapping = f->mapping->name;
    if (!follow_step(l->follow, f, l->leases, l->n_leases, &done, e))
        return false;
    look(l);
    if (!loop_wake_at_work(l, now_ms, e))
        return false;
    if (!done)
        return true;
    f->passed = true;
    f->next_poll_ms = NEVER;
    l->seen.mapping = NULL;
    return true;
}
