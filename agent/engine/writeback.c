/*
 * The partner's table is not ours: his triggers may fail, his transactions may hold a row for
 * hours. So the columns are written behind a savepoint, with little patience, and deferred
 * constraints are made to speak before it is left: the commit that follows is the state's, and
 * nothing of the partner's can stop it.
 *
 * One row that cannot be written must not keep the others back. A batch that fails is halved until
 * the row stands alone; that one is put off, and the batch grows again.
 */
#include "engine/writeback.h"

#include <string.h>

#include "base/clock.h"
#include "base/crash.h"
#include "base/log.h"

#define BATCH_MAX    100
#define PAUSE_MS     100
#define PAUSE_MAX_MS 30000
#define HOPELESS_MS  1000
#define LOOK_MS      60000 /* another process (`reconcile --adopt`) may have noted something */

/* The state's statements take no name from the search_path; the partner's triggers may. */
#define OPEN_STATE "BEGIN; SET LOCAL search_path = ''"
#define IMPATIENCE "SET LOCAL lock_timeout = '100ms'; SET LOCAL statement_timeout = '5s'"
#define ENTER      "SAVEPOINT write_back; SET LOCAL search_path TO DEFAULT; " IMPATIENCE
#define LEAVE      "SET CONSTRAINTS ALL IMMEDIATE; RELEASE SAVEPOINT write_back"
#define TAKE_BACK  "ROLLBACK TO SAVEPOINT write_back"
#define ALONE      "BEGIN; " IMPATIENCE

struct writeback {
    struct writeback_options o;
    bool wanted; /* some mapping writes back */
    struct arena work;
    size_t batch;
    int64_t next_ms;  /* monotonic: when to look for what is noted */
    int64_t pause_ms; /* after the next failure */
    bool failing;     /* the last try failed: what comes is only noted, and the turns try */
};

struct writeback *writeback_new(const struct writeback_options *o)
{
    struct writeback *w = mem_alloc(sizeof *w);
    w->o = *o;
    w->batch = BATCH_MAX;
    w->pause_ms = PAUSE_MS;
    arena_init(&w->work, 64 * 1024);
    for (size_t i = 0; i < o->n_feeds; i++)
        w->wanted = w->wanted || (o->writer != NULL && mapping_writes_back(o->feeds[i].mapping));
    return w;
}

void writeback_free(struct writeback *w)
{
    if (w == NULL)
        return;
    arena_release(&w->work);
    mem_free(w);
}

/* ---- the partner's table ------------------------------------------------------------------------
 */

static bool tell_feed(struct writeback *w, const struct feed *f, const struct note *notes, size_t n,
                      struct err *e)
{
    struct source_note *told = arena_alloc(&w->work, (n + 1) * sizeof *told);
    size_t k = 0;
    for (size_t i = 0; i < n; i++)
        if (strcmp(notes[i].mapping, f->mapping->name) == 0)
            told[k++] = (struct source_note){.key = notes[i].key,
                                             .job_id = notes[i].job_id,
                                             .qudra_url = notes[i].qudra_url,
                                             .status = notes[i].job_status};
    return k == 0 || source_write_back(w->o.writer, f->source, told, k, e) ||
           err_prefix(e, "mapping \"%s\": ", f->mapping->name);
}

/* In the transaction that is open. Notes of mappings that no longer write back ask for nothing. */
static bool tell(struct writeback *w, const struct note *notes, size_t n, struct err *e)
{
    for (size_t i = 0; i < w->o.n_feeds; i++)
        if (mapping_writes_back(w->o.feeds[i].mapping) &&
            !tell_feed(w, &w->o.feeds[i], notes, n, e))
            return false;
    return true;
}

static bool tell_alone(struct writeback *w, const struct note *notes, size_t n, struct err *e)
{
    if (pg_script(w->o.writer, ALONE, e) && tell(w, notes, n, e) && pg_commit(w->o.writer, e))
        return true;
    pg_rollback(w->o.writer);
    return false;
}

static void succeeded(struct writeback *w)
{
    w->failing = false;
    w->pause_ms = PAUSE_MS;
    w->batch = 2 * w->batch < BATCH_MAX ? 2 * w->batch : BATCH_MAX;
}

static void failed(struct writeback *w, size_t n, const struct err *why)
{
    if (!w->failing)
        log_err(LOG_LEVEL_WARN, "write-back put off", why);
    w->failing = true;
    w->batch = n > 1 ? n / 2 : 1;
    w->next_ms = clock_mono_ms() + w->pause_ms;
    if (n == 1 && w->pause_ms < PAUSE_MAX_MS)
        w->pause_ms *= 2;
}

/* Nobody's table is at fault: waiting, or the end, is near. */
static bool is_ours(const struct writeback *w, const struct err *e)
{
    return e->kind == ERR_STOPPED || !pg_alive(w->o.writer);
}

/* ---- with the record ----------------------------------------------------------------------------
 */

static struct pg *home(const struct writeback *w)
{
    return w->o.one_database ? w->o.writer : w->o.state;
}

bool writeback_begin(struct writeback *w, struct pg **pg, struct err *e)
{
    arena_clear(&w->work);
    *pg = home(w);
    return pg_script(*pg, OPEN_STATE, e);
}

void writeback_give_up(struct writeback *w)
{
    pg_rollback(home(w));
}

/* What the partner's table refuses is noted, in the same transaction. */
static bool tell_within(struct writeback *w, const struct note *notes, size_t n, struct err *e)
{
    struct pg *pg = w->o.writer;
    struct err why = ERR_INIT;
    if (!pg_script(pg, ENTER, e))
        return false;
    if (tell(w, notes, n, &why) && pg_script(pg, LEAVE, &why)) {
        succeeded(w);
        return true;
    }
    if (is_ours(w, &why)) {
        *e = why;
        return false;
    }
    failed(w, n, &why);
    return pg_script(pg, TAKE_BACK, e) && state_note(pg, &w->o.account->lease, notes, n, e);
}

/* What is noted here and cannot be written now is met again by the turns. */
static bool tell_after(struct writeback *w, const struct note *notes, size_t n, struct err *e)
{
    struct err why = ERR_INIT;
    if (!tell_alone(w, notes, n, &why)) {
        if (is_ours(w, &why))
            w->next_ms = 0;
        else
            failed(w, n, &why);
        return true;
    }
    succeeded(w);
    CRASH_POINT("write_back.before");
    return state_note_done(w->o.state, &w->o.account->lease, notes, n, e);
}

bool writeback_end(struct writeback *w, struct note *rows, size_t n, struct err *e)
{
    struct pg *pg = home(w);
    const struct lease *l = &w->o.account->lease;
    bool now = !w->failing;
    if (n == 0)
        return pg_commit(pg, e);
    if (w->o.one_database && now) {
        if (!state_notes(pg, rows, n, &w->work, e) || !tell_within(w, rows, n, e))
            return false;
        return pg_commit(pg, e);
    }
    if ((now && !state_notes(pg, rows, n, &w->work, e)) || !state_note(pg, l, rows, n, e) ||
        !pg_commit(pg, e))
        return false;
    CRASH_POINT("write_back.noted");
    return !now || tell_after(w, rows, n, e);
}

static size_t notes_of(const struct writeback *w, const struct result *results, size_t n,
                       struct note *out)
{
    size_t k = 0;
    for (size_t i = 0; i < n; i++) {
        const struct result *r = &results[i];
        bool done = r->op != OP_NONE && r->outcome != NULL && r->outcome->kind == OUTCOME_DONE;
        for (size_t f = 0; (done || r->verdict.forget_job) && f < w->o.n_feeds; f++)
            if (strcmp(w->o.feeds[f].mapping->name, r->mapping) == 0 &&
                mapping_writes_back(w->o.feeds[f].mapping))
                out[k++] = (struct note){.mapping = r->mapping, .key = r->key};
    }
    return k;
}

static bool record_noted(struct writeback *w, const struct result *results, size_t n,
                         struct note *notes, size_t k, struct err *e)
{
    struct pg *pg;
    if (writeback_begin(w, &pg, e) && state_record(pg, &w->o.account->lease, results, n, e) &&
        writeback_end(w, notes, k, e))
        return true;
    writeback_give_up(w);
    return false;
}

bool writeback_record(struct writeback *w, const struct result *results, size_t n, struct err *e)
{
    struct note *notes = w->wanted ? mem_alloc((n + 1) * sizeof *notes) : NULL;
    size_t k = w->wanted ? notes_of(w, results, n, notes) : 0;
    bool ok = k > 0 ? record_noted(w, results, n, notes, k, e)
                    : state_record(w->o.state, &w->o.account->lease, results, n, e);
    mem_free(notes);
    return ok;
}

/* ---- what is left of before ---------------------------------------------------------------------
 */

static bool look_later(struct writeback *w, int64_t now_ms, struct err *e)
{
    int64_t in_ms;
    if (!state_notes_next_ms(w->o.state, w->o.account->config->name, &in_ms, e))
        return false;
    w->next_ms = now_ms + (in_ms >= 0 && in_ms < LOOK_MS ? in_ms : LOOK_MS);
    return true;
}

bool writeback_turn(struct writeback *w, int64_t now_ms, struct err *e)
{
    const struct lease *l = &w->o.account->lease;
    struct note *notes;
    size_t n;
    struct err why = ERR_INIT;
    if (!w->wanted || now_ms < w->next_ms)
        return true;
    arena_clear(&w->work);
    if (!state_notes_due(w->o.state, l->account, w->batch, &w->work, &notes, &n, e))
        return false;
    if (n == 0) {
        w->failing = false;
        return look_later(w, now_ms, e);
    }
    if (!state_notes(w->o.state, notes, n, &w->work, e))
        return false;
    if (tell_alone(w, notes, n, &why)) {
        succeeded(w);
        return state_note_done(w->o.state, l, notes, n, e);
    }
    if (is_ours(w, &why)) {
        *e = why;
        return false;
    }
    failed(w, n, &why);
    return n > 1 || state_note_later(w->o.state, l, notes, n, e);
}

int64_t writeback_wait_ms(const struct writeback *w, int64_t now_ms)
{
    if (!w->wanted)
        return -1;
    return w->next_ms > now_ms ? w->next_ms - now_ms : 0;
}

bool writeback_is_busy(const struct writeback *w, int64_t now_ms)
{
    return w->wanted && (w->next_ms <= now_ms || (w->failing && w->pause_ms < HOPELESS_MS));
}
