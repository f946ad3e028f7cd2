/*
 * Step six: what was answered goes into the state, set-based, then into the partner's own columns.
 *
 * The state first: if the second write is lost, the next record of the row repeats it, and nothing
 * about the mirror is wrong meanwhile.
 */
#include <string.h>

#include "base/crash.h"
#include "base/log.h"
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

static bool writes_back(const struct mapping *m)
{
    return m->write_back_job_id != NULL || m->write_back_url != NULL ||
           m->write_back_status != NULL;
}

static size_t notes_of(const struct push *p, const struct feed *f, struct source_note *notes)
{
    size_t n = 0;
    for (const struct parcel *c = p->answered.first; c != NULL; c = c->next)
        for (size_t i = 0; i < c->n; i++) {
            const struct parcel_row *row = &c->rows[i];
            if (row->outcome.kind != OUTCOME_DONE || strcmp(row->mapping, f->mapping->name) != 0 ||
                c->op == OP_NONE)
                continue;
            notes[n++] = (struct source_note){
                .key = row->key,
                .job_id = row->outcome.job_id != NULL ? row->outcome.job_id : row->job_id,
                .qudra_url = row->outcome.qudra_url,
                .status = row->outcome.job_status,
            };
        }
    return n;
}

/* A failure here is told and not more: the mirror itself is right. */
static void write_back(struct push *p)
{
    struct source_note *notes = arena_alloc(&p->work, (p->answered.rows + 1) * sizeof *notes);
    for (size_t i = 0; i < p->o.n_feeds; i++) {
        const struct feed *f = &p->o.feeds[i];
        if (p->o.writer == NULL || !writes_back(f->mapping))
            continue;
        size_t n = notes_of(p, f, notes);
        struct err e = ERR_INIT;
        if (n > 0 && !source_write_back(p->o.writer, f->lookup, notes, n, &e))
            log_err(LOG_LEVEL_ERROR, "write-back to the source failed", &e);
    }
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
    arena_clear(&p->work);
    struct result *results = arena_alloc(&p->work, (p->answered.rows + 1) * sizeof *results);
    size_t n = 0;
    for (const struct parcel *c = p->answered.first; c != NULL; c = c->next)
        for (size_t i = 0; i < c->n; i++)
            fill_result(c, &c->rows[i], &results[n++]);
    CRASH_POINT("record.before");
    if (!state_record(p->o.state, &p->o.account->lease, results, n, e))
        return false;
    CRASH_POINT("record.after");
    struct account *a = p->o.account;
    if (a->learned) {
        if (!state_learn(p->o.state, &a->lease, a->as_sent, a->changed, e))
            return false;
        a->learned = false;
    }
    write_back(p);
    CRASH_POINT("write_back.after");
    while (p->answered.first != NULL) {
        struct parcel *c = p->answered.first;
        count_creates(a, c);
        parcel_remove(&p->answered, c);
        parcel_free(c);
    }
    return true;
}
