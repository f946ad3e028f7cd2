/*
 * A page is kept until the next turn, because an answer is delivered where no database may be
 * touched. The walk ends where jobs are older than what is still waited for.
 */
#include "engine/refresh.h"

#include <string.h>

#include "base/clock.h"

#define FIRST_LOOK_MS 15000
#define LOOK_EVERY_MS 20000

struct refresh {
    struct refresh_options o;
    struct listing listing;
    struct arena page;
    struct outcome *jobs; /* of the page that came last, to be written */
    size_t n_jobs;
    bool walking;
    int64_t next_ms; /* -1: nothing to ask for */
};

static const char *keep(struct refresh *r, const char *text)
{
    return arena_strdup(&r->page, text);
}

static bool take_page(void *context, const struct qudra_page *p)
{
    struct refresh *r = context;
    int64_t oldest = r->listing.server_ms - r->o.not_older_ms, created;
    r->jobs = arena_alloc(&r->page, (p->n + 1) * sizeof *r->jobs);
    r->n_jobs = p->n;
    for (size_t i = 0; i < p->n; i++)
        r->jobs[i] = (struct outcome){
            .kind = OUTCOME_DONE,
            .job_id = keep(r, p->jobs[i].job_id),
            .qudra_url = keep(r, p->jobs[i].qudra_url),
            .job_status = keep(r, p->jobs[i].job_status),
            .embedding_status = keep(r, p->jobs[i].embedding_status),
            .match_ready = p->jobs[i].match_ready,
        };
    const char *last = p->n > 0 ? p->jobs[p->n - 1].created_at : NULL;
    return last == NULL || !clock_parse_rfc3339(last, &created) || created >= oldest;
}

struct refresh *refresh_new(const struct refresh_options *o)
{
    struct refresh *r = mem_alloc(sizeof *r);
    r->o = *o;
    r->next_ms = clock_mono_ms() + FIRST_LOOK_MS;
    listing_init(&r->listing, o->account, o->sender, take_page, r);
    arena_init(&r->page, 0);
    return r;
}

void refresh_free(struct refresh *r)
{
    if (r == NULL)
        return;
    listing_release(&r->listing);
    arena_release(&r->page);
    mem_free(r);
}

void refresh_wake(struct refresh *r, int64_t now_ms)
{
    if (r->next_ms < 0)
        r->next_ms = now_ms + FIRST_LOOK_MS;
}

int64_t refresh_wait_ms(const struct refresh *r, int64_t now_ms)
{
    if (r->next_ms < 0 || r->listing.flying)
        return -1;
    return r->next_ms > now_ms ? r->next_ms - now_ms : sender_wait_ms(r->o.account, now_ms);
}

static bool write_page(struct refresh *r, struct err *e)
{
    if (r->n_jobs > 0 && !state_refresh(r->o.state, &r->o.account->lease, r->jobs, r->n_jobs, e))
        return false;
    r->n_jobs = 0;
    arena_clear(&r->page);
    return true;
}

static bool begin(struct refresh *r, struct err *e)
{
    int64_t waiting;
    if (!state_waiting_embeddings(r->o.state, r->o.account->config->name, r->o.not_older_ms,
                                  &waiting, e))
        return false;
    r->walking = waiting > 0;
    if (r->walking)
        listing_begin(&r->listing);
    else
        r->next_ms = -1;
    return true;
}

bool refresh_turn(struct refresh *r, bool spare, int64_t now_ms, struct err *e)
{
    if (r->listing.flying || !write_page(r, e))
        return r->listing.flying;
    if (r->walking && !r->listing.active) {
        r->walking = false;
        r->next_ms = now_ms + LOOK_EVERY_MS;
    }
    if (!spare || r->next_ms < 0 || now_ms < r->next_ms)
        return true;
    if (r->o.account->crowded) { /* who only looks has no part of the window */
        r->next_ms = now_ms + FIRST_LOOK_MS;
        return true;
    }
    if (!r->walking && !begin(r, e))
        return false;
    return listing_turn(&r->listing, now_ms, e);
}
