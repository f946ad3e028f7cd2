/*
 * What an answer means for each row of its parcel. Called from inside sender_deliver: it touches no
 * database; the verdicts wait in `answered` for push_record.
 *
 * Qudra's texts are copied into the parcel, since the answer goes when this returns.
 */
#include <string.h>

#include "base/clock.h"
#include "base/crash.h"
#include "base/log.h"
#include "engine/push_internal.h"

static void copy_outcome(struct parcel *c, size_t i, const struct outcome *from)
{
    static const struct outcome none;
    const struct outcome *before = i > 0 ? &c->rows[i - 1].outcome : &none;
    c->rows[i].outcome = (struct outcome){
        .kind = from->kind,
        .code = parcel_copy(c, from->code, before->code),
        .message = parcel_copy(c, from->message, before->message),
        .message_ar = parcel_copy(c, from->message_ar, before->message_ar),
        .request_id = parcel_copy(c, from->request_id, before->request_id),
        .job_id = arena_strdup(&c->names, from->job_id),
        .qudra_url = arena_strdup(&c->names, from->qudra_url),
        .job_status = parcel_copy(c, from->job_status, before->job_status),
        .embedding_status = parcel_copy(c, from->embedding_status, before->embedding_status),
        .match_ready = from->match_ready,
    };
}

/* An update speaks for the fields that were sent: in the others the answer may show what a person
 * has done at Qudra, and that would else be taken for its word on what we sent. */
static void keep_unsent(const struct parcel_row *row, const struct job_hash *before,
                        struct job_hash *answered)
{
    for (enum job_field f = 0; f < JOB_FIELDS; f++)
        if ((row->fields & 1u << f) == 0)
            answered->field[f] = before->field[f];
    if (memcmp(answered->field, row->hash.field, sizeof answered->field) == 0)
        *answered = row->hash;
    else
        memset(answered->all, 0, sizeof answered->all); /* no hash of a job's */
}

/* The job as it came back is remembered by its hash. Most come back as they were sent. */
static void keep_answered(const struct parcel *c, struct parcel_row *row,
                          const struct job *answered)
{
    bool whole = c->op == OP_CREATE || c->op == OP_UPDATE; /* else row->hash is not of row->job */
    const struct job_hash before = row->has_answered ? row->answered : row->hash;
    row->has_answered = answered != NULL;
    if (answered == NULL)
        return;
    if (whole && job_equal(&row->job, answered))
        row->answered = row->hash;
    else
        job_hash(answered, &row->answered);
    if (c->op == OP_UPDATE && !qudra_replaces(&c->push->o.account->dialect))
        keep_unsent(row, &before, &row->answered);
}

/* ---- a bulk request refused whole ------------------------------------------------------------ */

static void requeue_part(struct parcel *whole, size_t from, size_t n, size_t cap)
{
    struct parcel *part = parcel_new(whole->push, OP_CREATE, cap);
    for (size_t i = 0; i < n; i++)
        parcel_add(part, &whole->rows[from + i]);
    part->journalled = true; /* nothing was applied: the journal rows stand for these parts now */
    parcel_put_by_urgency(&whole->push->ready, part);
}

/* Bad rows are isolated by halving; where the plan has no bulk-create at all (403), by ones. */
static void split(struct parcel *c, const struct outcome *o)
{
    bool no_bulk = o->code != NULL && strcmp(o->code, "partner.forbidden") == 0;
    if (no_bulk && sender_is_current(&c->errand)) {
        LOG_WARN("bulk-create is not in this key's plan: creating one at a time",
                 log_str("account", c->push->o.account->config->name));
        c->push->o.account->bulk = 1;
        for (size_t i = 0; i < c->n; i++)
            requeue_part(c, i, 1, 1);
        return;
    }
    size_t half = c->n / 2;
    requeue_part(c, 0, half, half);
    requeue_part(c, half, c->n - half, c->n - half);
}

/* ---- counts ---------------------------------------------------------------------------------- */

static void count_close_latency(struct push *p, const struct parcel_row *row, int64_t now_ms)
{
    metrics_observe(p->o.sender->metrics, METRIC_CLOSE_SECONDS,
                    (double)(now_ms - row->visible_ms) / 1000.0,
                    (const char *const[]){p->o.account->config->name, NULL});
}

static void count(struct push *p, const struct parcel *c, const struct parcel_row *row,
                  int64_t now_ms)
{
    static const char *const names[OUTCOMES] = {
        [OUTCOME_DONE] = "done",       [OUTCOME_RETRY] = "retry",
        [OUTCOME_LIMITED] = "limited", [OUTCOME_UNCERTAIN] = "uncertain",
        [OUTCOME_REFUSED] = "refused", [OUTCOME_GONE] = "gone",
        [OUTCOME_QUOTA] = "quota",     [OUTCOME_STOP] = "stop",
        [OUTCOME_SPLIT] = "split"};
    enum outcome_kind kind = row->outcome.kind;
    bool went = kind == OUTCOME_GONE && row->verdict.state == ROW_REMOVED;
    if (kind == OUTCOME_DONE || went) {
        p->counts.done[c->op]++;
        if (c->op == OP_CLOSE || c->op == OP_DELETE)
            count_close_latency(p, row, now_ms);
    }
    p->counts.refused += row->verdict.state == ROW_REFUSED;
    p->counts.uncertain += row->verdict.state == ROW_UNCERTAIN;
    p->counts.deferred += row->verdict.state == ROW_DEFERRED;
    p->counts.retried += kind == OUTCOME_RETRY;
    metrics_add(
        p->o.sender->metrics, METRIC_ROWS_PUSHED, 1,
        (const char *const[]){p->o.account->config->name, op_names[c->op], names[kind], NULL});
}

/* ---- what an answer teaches ------------------------------------------------------------------ */

static unsigned fields_sent(const struct parcel *c, const struct parcel_row *row)
{
    return c->op == OP_UPDATE ? row->fields : c->op == OP_CREATE ? JOB_ALL : 0;
}

/* Which fields come back as sent, and whether the jobs we know are this key's at all. */
static void learn(struct parcel *c, const struct parcel_row *row)
{
    struct account *a = c->push->o.account;
    if (row->outcome.kind != OUTCOME_DONE)
        return;
    if (c->op != OP_CREATE && sender_is_current(&c->errand))
        account_find_job(a);
    if (row->has_answered)
        account_learn(a, &row->hash, &row->answered, fields_sent(c, row));
}

/* ---- one answer ------------------------------------------------------------------------------ */

#define SUSPECT_WAIT_MS 500

/* The row waits until it is known whether the key sees our jobs at all, or for the key that is in
 * use now. */
static struct verdict put_back(enum op_kind op)
{
    return (struct verdict){.state = ROW_PENDING, .op = op, .wait_ms = SUSPECT_WAIT_MS};
}

/* An answer without a body confirms what was sent. Without this a job that was opened again would
 * go on as closed in the state, and its removal would be taken for done (promise 1). */
static void confirm_status(struct parcel *c, struct parcel_row *row)
{
    const struct text *sent = &row->job.field[JOB_STATUS];
    if (row->outcome.kind == OUTCOME_DONE && row->outcome.job_status == NULL &&
        (fields_sent(c, row) & 1u << JOB_STATUS) != 0 && sent->data != NULL)
        row->outcome.job_status = arena_strndup(&c->arena, sent->data, sent->len);
}

static const struct outcome misplaced = {
    .kind = OUTCOME_UNCERTAIN,
    .code = "create.misplaced",
    .message =
        "the answer's results are not in the order of the request: this row's job is looked for "
        "in Qudra's list",
    .message_ar = "نتائج الرد ليست بترتيب الطلب: يجري البحث عن وظيفة هذا الصف في قائمة قدرة",
    .match_ready = -1,
};

/* A job as it was sent, or as it came back. */
struct side {
    const struct job_hash *hash;
    struct job_words words;
};

/* The fields that differ: texts by their words, for a server may change the style of all (Part B).
 */
static unsigned differ(const struct side *sent, const struct side *held)
{
    unsigned mask = job_changed(sent->hash, held->hash);
    if (sent->words.title == held->words.title)
        mask &= ~(1u << JOB_TITLE);
    if (sent->words.description == held->words.description)
        mask &= ~(1u << JOB_DESCRIPTION);
    return mask;
}

/* A job that differs from another row of the request in fewer fields than from its own is that
 * row's. */
static bool is_misplaced(const struct side *sent, size_t n, size_t i, const struct side *held)
{
    unsigned own = differ(&sent[i], held);
    for (size_t k = 0; own != 0 && k < n; k++) {
        unsigned others = differ(&sent[k], held);
        if (others != own && (others & ~own) == 0)
            return true;
    }
    return false;
}

static bool came_back(const struct parcel_row *row)
{
    return row->outcome.kind == OUTCOME_DONE && row->has_answered;
}

static bool all_as_sent(const struct parcel *c)
{
    for (size_t i = 0; i < c->n; i++)
        if (came_back(&c->rows[i]) && !job_hash_equal(&c->rows[i].hash, &c->rows[i].answered))
            return false;
    return true;
}

/* Which rows' jobs are another's; false: none. */
static bool find_astray(struct parcel *c, const struct outcome *outcomes, bool *astray)
{
    struct side *sent = arena_alloc(&c->arena, c->n * sizeof *sent);
    bool any = false;
    for (size_t i = 0; i < c->n; i++) {
        sent[i].hash = &c->rows[i].hash;
        sent[i].words = c->rows[i].words;
    }
    for (size_t i = 0; i < c->n; i++) {
        if (!came_back(&c->rows[i]))
            continue;
        struct side held = {.hash = &c->rows[i].answered};
        job_words(outcomes[i].answered, &held.words);
        any |= astray[i] = is_misplaced(sent, c->n, i, &held);
    }
    return any;
}

/* Results without an index may stand in any order (Part B). One job in another's place is enough:
 * whose failure a failure is cannot be told then, and a row that was said to have failed may have
 * its job (promise 2). Settle finds the right ones, and nothing is learnt from the wrong ones. */
static void mistrust(struct parcel *c, const struct outcome *outcomes)
{
    bool *astray = arena_alloc(&c->arena, c->n * sizeof *astray);
    if (c->op != OP_CREATE || all_as_sent(c) || !find_astray(c, outcomes, astray))
        return;
    for (size_t i = 0; i < c->n; i++) {
        struct parcel_row *row = &c->rows[i];
        if (!astray[i] && row->outcome.kind == OUTCOME_DONE)
            continue;
        row->outcome = misplaced;
        row->has_answered = false;
    }
}

/* What the answer says of the key, its jobs and its quota; false: it is not to be believed of the
 * row. */
static bool heed(struct parcel *c, const struct parcel_row *row, int64_t now_ms)
{
    struct account *a = c->push->o.account;
    bool current = sender_is_current(&c->errand);
    switch (row->outcome.kind) {
    case OUTCOME_GONE:
        return current && doubt_missing(c->push->doubt, row->job_id);
    case OUTCOME_STOP:
        if (current)
            account_stop(a, now_ms, row->outcome.message);
        return current;
    case OUTCOME_QUOTA:
        if (current)
            account_quota_used_up(a);
        return current;
    case OUTCOME_DONE:
    case OUTCOME_RETRY:
    case OUTCOME_LIMITED:
    case OUTCOME_UNCERTAIN:
    case OUTCOME_REFUSED:
    case OUTCOME_SPLIT:
    case OUTCOMES:
        return true;
    }
    BUG("outcome %d", (int)row->outcome.kind);
}

static void judge(struct parcel *c, const struct outcome *outcomes, int64_t now_ms)
{
    struct push *p = c->push;
    for (size_t i = 0; i < c->n; i++) {
        copy_outcome(c, i, &outcomes[i]);
        keep_answered(c, &c->rows[i], outcomes[i].answered);
    }
    mistrust(c, outcomes);
    for (size_t i = 0; i < c->n; i++) {
        struct parcel_row *row = &c->rows[i];
        confirm_status(c, row);
        row->verdict =
            op_after(c->op, row->outcome.kind, row->attempts, row->on_missing, sender_random());
        if (!heed(c, row, now_ms))
            row->verdict = put_back(c->op);
        learn(c, row);
        count(p, c, row, now_ms);
    }
}

/* ---- what Qudra holds, before a close replaces it ----------------------------------------------
 */

static bool is_closed(const struct outcome *o)
{
    return o->job_status != NULL && strcmp(o->job_status, "closed") == 0;
}

/* True when the job was read and the close itself can leave. One that is closed already is done; an
 * answer without the job is asked for again. */
static bool may_close_now(struct parcel *c, struct outcome *o)
{
    if (!c->asks || o->kind != OUTCOME_DONE || is_closed(o))
        return false;
    if (o->answered == NULL) {
        *o = (struct outcome){.kind = OUTCOME_RETRY,
                              .code = "read.empty",
                              .message = "Qudra's answer to a read held no job",
                              .message_ar = "لم تتضمن إجابة قدرة على القراءة أي وظيفة",
                              .match_ready = -1};
        return false;
    }
    struct job *held = &c->rows[0].job;
    *held = *o->answered;
    for (enum job_field f = 0; f < JOB_FIELDS; f++)
        if (held->field[f].data != NULL)
            held->field[f].data = arena_strndup(&c->arena, held->field[f].data, held->field[f].len);
    c->knows = true;
    return true;
}

void push_answered(struct errand *errand, const struct http_response *r)
{
    struct parcel *c = (struct parcel *)errand;
    struct push *p = c->push;
    struct arena scratch;
    CRASH_POINT("answer");
    if (c->fence != p->o.account->lease.fence) { /* the state took its rows for a dead agent's */
        parcel_remove(&p->flying, c);
        push_drop(p, c);
        push_wake(p);
        return;
    }
    arena_init(&scratch, 64 * 1024);
    struct outcome *outcomes = arena_alloc(&scratch, c->n * sizeof *outcomes);
    bool bulk = c->op == OP_CREATE && c->cap > 1;
    qudra_outcomes(&p->o.account->dialect, c->op, bulk, c->n, r, &scratch, outcomes);
    parcel_remove(&p->flying, c);
    if (outcomes[0].kind == OUTCOME_SPLIT && bulk) {
        p->o.account->creating -= (int64_t)c->n;
        split(c, &outcomes[0]);
        parcel_free(c);
    } else if (may_close_now(c, &outcomes[0])) {
        parcel_put_by_urgency(&p->ready, c);
    } else {
        judge(c, outcomes, clock_mono_ms());
        parcel_put(&p->answered, c);
    }
    p->hungry = p->may_defer = true;
    arena_release(&scratch);
}
