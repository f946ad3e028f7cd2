/*
 * Windows are fixed and aligned to multiples of their length, so that X-RateLimit-Reset is a whole
 * second and every request in a window names the same one. The past is kept for the tests, which
 * add up what was used of what was allowed.
 */
#include "window.h"

#include <string.h>

enum { PAST_MAX = 8192, SHOWN_WHEN_UNLIMITED = 1000000000 };

static const int64_t plan_requests[] = {100, 1000, 10000};
static const int64_t plan_quota[] = {100, 1000, OPTIONS_UNLIMITED};

static int64_t limit_of(const struct account *a, const struct options *o)
{
    if (o->no_limit)
        return OPTIONS_UNLIMITED;
    if (a->limit != OPTIONS_BY_PLAN)
        return a->limit;
    return o->limit != OPTIONS_BY_PLAN ? o->limit : plan_requests[a->plan];
}

static void remember(struct key *key)
{
    if (key->n_past == PAST_MAX) { /* the older half goes */
        key->n_past /= 2;
        memmove(key->past, key->past + key->n_past, key->n_past * sizeof(*key->past));
    }
    if ((key->n_past & (key->n_past - 1)) == 0) {
        size_t room = key->n_past == 0 ? 1 : 2 * key->n_past;
        key->past = mem_realloc(key->past, room * sizeof(*key->past));
    }
    key->past[key->n_past++] = key->window;
}

static int64_t window_start(const struct options *o, int64_t now_ms)
{
    int64_t length = o->window_s * 1000;
    return now_ms - now_ms % length;
}

bool window_take(struct key *key, const struct options *o, int64_t now_ms, struct rate *rate)
{
    struct window *w = &key->window;
    int64_t start = window_start(o, now_ms);
    if (w->start_ms != start) {
        if (w->start_ms != 0)
            remember(key);
        *w = (struct window){.start_ms = start};
    }
    int64_t limit = limit_of(key->account, o);
    w->allowed = limit < SHOWN_WHEN_UNLIMITED ? limit : SHOWN_WHEN_UNLIMITED;
    bool ok = w->used < limit;
    if (ok)
        w->used++;
    else
        w->refused++;
    rate->limit = w->allowed;
    rate->remaining = w->allowed > w->used ? w->allowed - w->used : 0;
    rate->reset_s = start / 1000 + o->window_s;
    return ok;
}

struct rate window_of_nobody(const struct options *o, int64_t now_ms)
{
    int64_t limit = plan_requests[PLAN_FREE];
    return (struct rate){.limit = limit,
                         .remaining = limit,
                         .reset_s = window_start(o, now_ms) / 1000 + o->window_s};
}

int64_t quota_limit(const struct account *a, const struct options *o)
{
    if (a->quota != OPTIONS_BY_PLAN)
        return a->quota;
    return o->quota != OPTIONS_BY_PLAN ? o->quota : plan_quota[a->plan];
}

int64_t quota_left(struct account *a, const struct options *o, int64_t month)
{
    if (a->quota_month != month) {
        a->quota_month = month;
        a->quota_used = 0;
    }
    int64_t limit = quota_limit(a, o);
    return limit > a->quota_used ? limit - a->quota_used : 0;
}
