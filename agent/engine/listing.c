/*
 * A walk ends where the server says so, where the owner has seen enough, or where it cannot be
 * trusted any more; `failed` tells the last from the others.
 */
#include "engine/listing.h"

#include <string.h>

#include "base/clock.h"

static void listed(struct errand *errand, const struct http_response *r);

void listing_init(struct listing *l, struct account *a, struct sender *s,
                  bool (*page)(void *context, const struct qudra_page *p), void *context)
{
    *l = (struct listing){.sender = s, .page = page, .context = context};
    l->errand = (struct errand){.account = a, .what = "list", .done = listed};
    arena_init(&l->arena, 0);
}

void listing_release(struct listing *l)
{
    arena_release(&l->arena);
}

void listing_begin(struct listing *l)
{
    arena_clear(&l->arena);
    l->cursor = l->first_id = NULL;
    l->number = 1;
    l->server_ms = 0;
    l->begun_ms = clock_mono_ms();
    l->key_number = l->errand.account->key_number;
    l->active = true;
    l->failed = false;
}

static bool is_repeated(const struct listing *l, const struct qudra_page *p)
{
    return p->n > 0 && l->first_id != NULL && p->jobs[0].job_id != NULL &&
           strcmp(p->jobs[0].job_id, l->first_id) == 0;
}

static void take_page(struct listing *l, const struct qudra_page *p)
{
    if (is_repeated(l, p)) {
        l->active = false;
        l->failed = true;
        return;
    }
    bool more = l->page(l->context, p);
    l->first_id = p->n > 0 ? arena_strdup(&l->arena, p->jobs[0].job_id) : NULL;
    l->cursor = arena_strdup(&l->arena, p->next);
    l->number++;
    l->failed = more && p->cut;
    l->active = more && p->next != NULL && p->n > 0;
}

static void listed(struct errand *errand, const struct http_response *r)
{
    struct listing *l = (struct listing *)errand;
    struct account *a = l->errand.account;
    struct arena scratch;
    arena_init(&scratch, 64 * 1024);
    struct qudra_page page;
    qudra_read_page(&a->dialect, r, &scratch, &page);
    l->flying = false;
    bool same_key = l->key_number == a->key_number;
    if (page.ok && same_key) {
        struct limiter_headers h;
        qudra_headers(r, clock_wall_ms(), &h);
        if (l->server_ms == 0)
            l->server_ms =
                (h.date_ms > 0 ? h.date_ms : clock_wall_ms()) - (clock_mono_ms() - l->begun_ms);
        take_page(l, &page);
    } else if (page.ok ||
               page.error.kind != OUTCOME_LIMITED) { /* that page is simply asked for again */
        l->active = false;
        l->failed = true;
        if (!page.ok && page.error.kind == OUTCOME_STOP && sender_is_current(errand))
            account_stop(a, clock_mono_ms(), page.error.message);
    }
    arena_release(&scratch);
}

bool listing_turn(struct listing *l, int64_t now_ms, struct err *e)
{
    struct account *a = l->errand.account;
    if (!l->active || l->flying || sender_wait_ms(a, now_ms) > 0)
        return true;
    struct qudra_request request;
    qudra_list(&a->dialect, l->cursor, l->number, &l->arena, &request);
    if (!sender_start(l->sender, &l->errand, &request, NULL, now_ms, e))
        return false;
    l->flying = true;
    l->requests++;
    return true;
}
