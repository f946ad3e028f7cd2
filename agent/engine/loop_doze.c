/*
 * When an agent with `detect: trigger` sleeps, so that whoever notes a change has to wake it by
 * NOTIFY, and when it is awake and looks by itself, so that the partner's writers pay for none.
 *
 * A change or two wake it for one pass, and it goes on sleeping. More than that, or the next one
 * while the first is looked at, keep it awake: it looks again and again, for nothing longer and
 * longer apart, until a look finds nothing and the lock is to be had, which says that no
 * transaction with changes is under way either. One look more, for what was noted before the lock
 * was had, and it sleeps.
 */
#include "edges/outbox.h"
#include "engine/loop_internal.h"

#define DOZE_FIRST_MS 20
#define DOZE_MAX_MS   250
#define FEW           2

static bool wake(struct loop *l, struct feed *f, struct err *e)
{
    f->doze_ms = DOZE_FIRST_MS;
    if (f->asleep && !outbox_wake(l->lookup, f->mapping, e))
        return false;
    f->asleep = false;
    return true;
}

static bool try_to_sleep(struct loop *l, struct feed *f, struct err *e)
{
    if (!outbox_sleep(l->lookup, f->mapping, &f->asleep, e))
        return false;
    f->woken = f->woken || f->asleep;
    f->doze_ms = f->doze_ms == 0                ? DOZE_FIRST_MS
                 : f->doze_ms < DOZE_MAX_MS / 2 ? f->doze_ms * 2
                                                : DOZE_MAX_MS;
    return true;
}

bool loop_sleep_or_wake(struct loop *l, struct feed *f, int64_t noted, struct err *e)
{
    if (!f->may_sleep)
        return true;
    if (noted > 0 && (!f->asleep || noted > FEW || f->woken))
        return wake(l, f, e);
    return f->asleep || try_to_sleep(l, f, e);
}

bool loop_wake_others(struct loop *l, struct err *e)
{
    for (size_t i = 0; i < l->n_feeds; i++) {
        struct feed *f = &l->feeds[i];
        if (f->asleep && (!f->may_sleep || !loop_is_ours(l, f)) && !wake(l, f, e))
            return false;
    }
    return true;
}

void loop_lost_listener(struct loop *l)
{
    for (size_t i = 0; i < l->n_feeds; i++)
        l->feeds[i].asleep = false;
    loop_poll_now(l);
}
