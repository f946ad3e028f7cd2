/*
 * One job at a time. A job of another account is answered like one that never was: nothing may be
 * learnt about a neighbour.
 */
#include "partner.h"

#include <string.h>

#include "normal.h"
#include "replay.h"

/* The live job of that id, or NULL after answering. */
static struct job *find_live(struct call *c, const char *id, uint32_t *place)
{
    struct job *job = jobs_find(&c->s->jobs, id, place);
    if (job == NULL || job->account != c->key->account->index)
        call_error(c, 404, "partner.not_found");
    else if (job->deleted_ms != 0)
        call_error(c, (int)c->s->options.gone_status, "partner.not_found");
    else
        return job;
    return NULL;
}

static void note_duplicate(struct call *c, const struct content *content)
{
    struct duplicate d = {.at_ms = c->now_ms, .place = c->s->jobs.n};
    const struct job *same = jobs_same(&c->s->jobs, c->key->account, content, &d.existing);
    if (same == NULL)
        return;
    d.existing_status = (enum status)same->status;
    stats_add_duplicate(&c->s->stats, &d);
}

uint32_t partner_create(struct call *c, struct content *content)
{
    struct sandbox *s = c->s;
    note_duplicate(c, content);
    normal_apply(content, s->options.normalise, c->arena);
    uint32_t place = jobs_create(&s->jobs, c->key->account, content, c->now_ms);
    int64_t every = s->options.embedding_fail_every;
    jobs_at(&s->jobs, place)->embedding_fails = every > 0 && (place + 1) % every == 0;
    c->key->account->quota_used++;
    c->items++;
    s->stats.created++;
    return place;
}

void partner_post_job(struct call *c)
{
    struct content content;
    struct refusals refusals;
    struct sandbox *s = c->s;
    if (replay_answer(c))
        return;
    if (!rules_read_job(c->body, &s->cities, &content, &refusals)) {
        s->stats.items_failed++;
        answer_refusals(s, c->a, (int)s->options.validation_status, &refusals);
        return;
    }
    if (quota_left(c->key->account, &s->options, sandbox_month(s)) == 0) {
        s->stats.quota_refusals++;
        call_error(c, (int)s->options.quota_status, s->options.quota_code);
        return;
    }
    answer_job(s, c->a, 201, partner_create(c, &content), c->now_ms);
    replay_keep(c);
}

void partner_get_job(struct call *c, const char *id)
{
    uint32_t place;
    if (find_live(c, id, &place) == NULL)
        return;
    c->items = 1;
    answer_job(c->s, c->a, 200, place, c->now_ms);
}

/* PATCH, and PUT: the second may mean the whole job. */
void partner_change_job(struct call *c, const char *id, bool put)
{
    struct sandbox *s = c->s;
    uint32_t place;
    const struct job *job = find_live(c, id, &place);
    if (job == NULL)
        return;
    struct content content = job_content(job);
    struct refusals refusals;
    bool whole = put && s->options.put_meaning == PUT_REPLACE;
    if (!(whole ? rules_read_job(c->body, &s->cities, &content, &refusals)
                : rules_read_changes(c->body, &s->cities, &content, &refusals))) {
        answer_refusals(s, c->a, (int)s->options.validation_status, &refusals);
        return;
    }
    normal_apply(&content, s->options.normalise, c->arena);
    jobs_update(&s->jobs, place, &content, c->now_ms);
    s->stats.updated++;
    c->items = 1;
    if (s->options.update_answer == 204)
        c->a->status = 204;
    else
        answer_job(s, c->a, 200, place, c->now_ms);
}

void partner_delete_job(struct call *c, const char *id)
{
    uint32_t place;
    if (find_live(c, id, &place) == NULL)
        return;
    jobs_delete(&c->s->jobs, place, c->now_ms);
    c->s->stats.deleted++;
    c->items = 1;
    if (c->s->options.delete_answer == 204)
        c->a->status = 204;
    else
        answer_job(c->s, c->a, 200, place, c->now_ms);
}
