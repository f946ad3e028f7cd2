/*
 * Why a row with a time and not a session lock: a session lock dies with pgbouncer in transaction
 * mode, and it fences nothing: an agent that was stopped for a minute would wake up and go on. Why
 * one row for an agent and not one for each account: idle accounts must cost nothing.
 *
 * An agent that was killed on this machine is not waited for.
 */
#include "engine/tenure.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "engine/holder.h"

void tenure_init(struct tenure *t, const char *name, bool shares)
{
    *t = (struct tenure){.name = name, .shares = shares};
}

static bool begin(struct tenure *t, struct pg *state, struct err *e)
{
    if (!state_agent_begin(state, t->name, t->shares, &t->until_ms, e))
        return false;
    t->begun = true;
    return true;
}

/* Those whose end is certain; the names of those that ended here come with it. */
static bool bury_dead(const struct agents *all, struct pg *state, struct arena *a, bool *buried,
                      struct err *e)
{
    const char **dead = arena_alloc(a, (all->n + 1) * sizeof *dead);
    size_t n = 0, over = 0;
    for (size_t i = 0; i < all->n; i++) {
        const struct agent_row *r = &all->row[i];
        over += r->left_ms < 0;
        if (r->left_ms >= 0 && holder_is_dead(r->name))
            dead[n++] = r->name;
    }
    *buried = n + over > 0;
    return !*buried || state_agent_bury(state, dead, n, e);
}

static void count(struct tenure *t, const struct agents *all)
{
    size_t sharing = t->sharing, rank = t->rank;
    t->any_free = all->any_free;
    t->sharing = t->rank = t->crowd = 0;
    t->rival[0] = '\0';
    for (size_t i = 0; i < all->n; i++) {
        const struct agent_row *r = &all->row[i];
        t->sharing += r->shares;
        t->rank += r->shares && strcmp(r->name, t->name) < 0;
        if (strcmp(r->name, t->name) == 0)
            continue;
        t->crowd++;
        if (t->rival[0] != '\0' && r->left_ms < t->rival_left_ms)
            continue;
        t->rival_left_ms = r->left_ms;
        snprintf(t->rival, sizeof t->rival, "%s", r->name);
    }
    t->regrouped = t->regrouped || t->sharing != sharing || t->rank != rank;
}

/* Looks again behind a burial, so that what was freed is seen at once. */
static bool look_round(struct tenure *t, struct pg *state, struct arena *a, struct agents *all,
                       struct err *e)
{
    bool buried;
    return state_agent_beat(state, t->name, a, all, e) && bury_dead(all, state, a, &buried, e) &&
           (!buried || state_agent_beat(state, t->name, a, all, e));
}

bool tenure_beat(struct tenure *t, struct pg *state, int64_t now_ms, bool *lost, struct err *e)
{
    *lost = false;
    if (t->begun && now_ms < t->beat_at_ms)
        return true;
    if (!t->begun && !begin(t, state, e))
        return false;
    struct arena a;
    struct agents all;
    arena_init(&a, 0);
    bool ok = look_round(t, state, &a, &all, e);
    if (ok && !all.lives) {
        *lost = true;
        t->begun = false;
        t->until_ms = 0;
        LOG_WARN("declared dead by another agent: begins anew", log_str("agent", t->name));
        ok = begin(t, state, e) && look_round(t, state, &a, &all, e);
    }
    if (ok) {
        count(t, &all);
        t->until_ms = all.until_ms;
        t->beat_at_ms = now_ms + BEAT_MS;
    }
    arena_release(&a);
    return ok;
}

bool tenure_rival_beats(const struct tenure *t)
{
    return t->rival_left_ms > LEASE_MS + LEASE_GRACE_MS - PATIENCE_MS;
}

void tenure_end(struct tenure *t, struct pg *state)
{
    if (t->begun && state != NULL)
        state_agent_end(state, t->name);
    t->begun = false;
    t->until_ms = 0;
}
