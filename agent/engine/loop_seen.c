/*
 * A mapping over several accounts is looked at by each agent for those that it holds. When one
 * changes hands, its new holder must look at what has changed since the last one did: each agent
 * writes down how far it has come, under the last fence that this holds for, and that goes along
 * with the account when it is given back or its holder is declared dead. Where it is not known, or
 * was written under another mapping, a whole scan makes good for it.
 *
 * What is written: the mark of the mappings, the wall clock at the end of the last whole scan, and
 * the time up to which every change has been seen, the least of all mappings.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "engine/loop_internal.h"

#define SAME_END_MS 10000 /* accounts left within this time were left by one agent */

struct seen {
    int64_t swept_ms;
    char to[64];
};

/* Times of one form: their order is that of their text, "-infinity" first. */
static void sooner(char to[64], const char *other)
{
    if (to[0] == '\0' || (other[0] != '\0' && strcmp(other, to) < 0))
        snprintf(to, 64, "%s", other);
}

/* ---- what came to us ---------------------------------------------------------------------------
 */

static bool read_seen(const struct loop *l, const char *text, struct seen *out)
{
    char mark[SEEN_MARK_SIZE];
    size_t len = strlen(feed_seen_mark(l->feeds, l->n_feeds, mark));
    return text != NULL && strncmp(text, mark, len) == 0 &&
           sscanf(text + len, "%" SCNd64 " %63s", &out->swept_ms, out->to) == 2;
}

static void take_seen(struct loop *l, const struct seen *s)
{
    for (size_t i = 0; i < l->n_feeds; i++) {
        struct feed *f = &l->feeds[i];
        if (!feed_is_followed(f))
            continue;
        sooner(f->catch_up, s->to);
        if (f->swept_ms == 0 || s->swept_ms < f->swept_ms)
            f->swept_ms = s->swept_ms;
    }
}

/* Nothing is known: the mapping's watermark holds at the start, if all of them were left at one
 * time, and so by one agent; later it says nothing of them. Nor of one that was never held, or was
 * last looked at under other mappings (`strange`): an agent that knew some accounts alone has moved
 * it past their rows. */
static void note_gap(struct loop *l, const struct taken *taken, size_t n, bool known, bool strange)
{
    int64_t longest = 0, shortest = INT64_MAX;
    for (size_t i = 0; i < n; i++) {
        int64_t ago = taken[i].held_ago_ms >= 0 ? taken[i].held_ago_ms : INT64_MAX;
        longest = ago > longest ? ago : longest;
        shortest = ago < shortest ? ago : shortest;
    }
    bool apart = longest - shortest > SAME_END_MS;
    for (size_t i = 0; i < l->n_feeds; i++) {
        struct feed *f = &l->feeds[i];
        if (f->mapping->account_sql == NULL || (known && feed_is_followed(f)))
            continue;
        f->must_scan = f->must_scan || apart || strange || f->began;
        f->blind = true;
    }
}

void loop_seen_take(struct loop *l, const struct taken *taken, size_t n)
{
    struct seen s;
    bool known = true, strange = false;
    if (n == 0)
        return;
    for (size_t i = 0; i < n; i++) {
        bool read = read_seen(l, taken[i].seen, &s);
        if (read)
            take_seen(l, &s);
        known = known && read;
        strange = strange || (taken[i].seen != NULL ? !read : taken[i].held_ago_ms < 0);
    }
    note_gap(l, taken, n, known, strange);
}

/* ---- a pass ------------------------------------------------------------------------------------
 */

const char *loop_seen_since(const struct feed *f, const char *since)
{
    bool known = since != NULL && since[0] != '\0';
    if (f->catch_up[0] == '\0')
        return known ? since : NULL;
    return known && strcmp(since, f->catch_up) < 0 ? since : f->catch_up;
}

void loop_seen_begin(const struct loop *l, struct feed *f, int64_t scanned_ago_ms)
{
    f->began = true;
    f->pass_fence = 0;
    for (size_t i = 0; i < l->n_leases; i++)
        if (l->leases[i].fence > f->pass_fence)
            f->pass_fence = l->leases[i].fence;
    if (scanned_ago_ms >= 0)
        f->swept_ms = clock_wall_ms() - scanned_ago_ms;
    f->scans_for_that = f->must_scan;
    f->must_scan = false;
    snprintf(f->catching_up, sizeof f->catching_up, "%s", f->catch_up);
    f->catch_up[0] = '\0';
}

void loop_seen_end(const struct loop *l, struct feed *f, bool scan)
{
    f->fence = f->pass_fence;
    f->blind = f->blind && !scan && l->marker.shared;
    if (scan)
        f->swept_ms = clock_wall_ms();
}

void loop_seen_fail(struct feed *f)
{
    f->must_scan = f->must_scan || f->scans_for_that;
    sooner(f->catch_up, f->catching_up);
}

/* ---- how far we are ----------------------------------------------------------------------------
 */

bool loop_seen_tell(struct loop *l, struct err *e)
{
    struct seen s = {.swept_ms = INT64_MAX};
    int64_t fence = INT64_MAX;
    char mark[SEEN_MARK_SIZE];
    for (size_t i = 0; i < l->n_feeds; i++) {
        const struct feed *f = &l->feeds[i];
        if (!feed_is_followed(f))
            continue;
        if (f->seen_to[0] == '\0' || f->swept_ms == 0 || f->fence == 0)
            return true; /* not yet */
        sooner(s.to, f->seen_to);
        s.swept_ms = f->swept_ms < s.swept_ms ? f->swept_ms : s.swept_ms;
        fence = f->fence < fence ? f->fence : fence;
    }
    char text[sizeof l->seen_told - 32], told[sizeof l->seen_told];
    snprintf(text, sizeof text, "%s%" PRId64 " %s", feed_seen_mark(l->feeds, l->n_feeds, mark),
             s.swept_ms, s.to);
    snprintf(told, sizeof told, "%s@%" PRId64, text, fence);
    if (s.to[0] == '\0' || strcmp(told, l->seen_told) == 0)
        return true;
    if (!state_seen(l->state, l->tenure.name, text, fence, e))
        return false;
    memcpy(l->seen_told, told, sizeof told);
    return true;
}
