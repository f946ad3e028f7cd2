/*
 * The life of a row is after[][]: a new outcome or operation is a row or column of it, not a
 * branch.
 *
 * The invariant behind op_decide: `synced` describes Qudra exactly, or is not there. An update that
 * was sent and not confirmed may have been applied; would the row then change back to what was
 * synced, "nothing to do" would leave the lost update standing for ever (promise 1). So the verdict
 * forgets `synced`, and all fields go out next time. A close changes one field alone, the status,
 * which job_status remembers: a row that comes back always sends it.
 */
#include "rules/op.h"

#include <string.h>

const char *const row_state_names[ROW_STATES] = {
    [ROW_PENDING] = "pending", [ROW_SENDING] = "sending",     [ROW_SYNCED] = "synced",
    [ROW_REFUSED] = "refused", [ROW_UNCERTAIN] = "uncertain", [ROW_DEFERRED] = "deferred",
    [ROW_HELD] = "held",       [ROW_REMOVED] = "removed",
};

const char *const op_names[OP_NONE] = {
    [OP_CLOSE] = "close",
    [OP_DELETE] = "delete",
    [OP_UPDATE] = "update",
    [OP_CREATE] = "create",
};

const struct job_hash op_unread = {.all = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                           0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};

/* ---- recorded × desired ---------------------------------------------------------------------- */

static bool is_unsettled(const struct recorded *r)
{
    return r->exists && (r->state == ROW_SENDING || r->state == ROW_UNCERTAIN);
}

/* The row asks for just what it asked for when it was last looked at. */
static bool wants_the_same(const struct recorded *r, const struct desired *d)
{
    return r->exists && r->has_desired && !r->gone &&
           memcmp(r->desired_all, d->hash.all, sizeof r->desired_all) == 0;
}

static bool is_closed(const struct recorded *r)
{
    return r->job_status && strcmp(r->job_status, "closed") == 0;
}

static bool wants_open(const struct job *job)
{
    struct text status = job->field[JOB_STATUS];
    return !status.data || status.len != strlen("closed") ||
           memcmp(status.data, "closed", status.len) != 0;
}

/* Closed by a removal, and wanted again. A row that is synced is left alone: there Qudra answered
 * the status that it wants, and asking again would never end. */
static bool reopens(const struct recorded *r, const struct job *job)
{
    return r->state == ROW_REMOVED || (r->state != ROW_SYNCED && is_closed(r) && wants_open(job));
}

static struct op decide_job(const struct recorded *r, const struct desired *d)
{
    const struct op none = {.kind = OP_NONE, .fields = 0};
    if (r->exists && r->state == ROW_REFUSED && wants_the_same(r, d))
        return none;
    if (!r->exists || !r->job_id)
        return (struct op){.kind = OP_CREATE, .fields = JOB_ALL};
    unsigned fields = r->has_synced ? job_changed(&r->synced, &d->hash) : JOB_ALL;
    if (reopens(r, d->job))
        fields |= 1u << JOB_STATUS;
    return fields ? (struct op){.kind = OP_UPDATE, .fields = fields} : none;
}

static struct op decide_gone(const struct recorded *r, enum on_removed on_removed)
{
    struct op op = {.kind = OP_NONE, .fields = 0};
    if (!r->exists || !r->job_id || r->state == ROW_REMOVED)
        return op;
    if (on_removed == REMOVED_DELETE)
        op.kind = OP_DELETE;
    else if (!is_closed(r) || !r->has_synced)
        op.kind = OP_CLOSE;
    return op;
}

struct op op_decide(const struct recorded *r, const struct desired *d, enum on_removed on_removed)
{
    const struct op none = {.kind = OP_NONE, .fields = 0};
    if (is_unsettled(r))
        return none;
    switch (d->kind) {
    case DESIRED_JOB:
        return decide_job(r, d);
    case DESIRED_REFUSED:
        return none; /* its job at Qudra, if it has one, stays as it is */
    case DESIRED_GONE:
        return decide_gone(r, on_removed);
    case DESIRED_UNREAD: /* of a row that is known, nothing is decided before it is read */
        return r->exists ? none : (struct op){.kind = OP_CREATE, .fields = JOB_ALL};
    }
    BUG("desired of kind %d", (int)d->kind);
}

static enum row_state mark_job(const struct recorded *r, const struct desired *d, struct op op)
{
    bool same = wants_the_same(r, d);
    if (same && r->state == ROW_REFUSED)
        return ROW_STATES;
    if (op.kind == OP_NONE)
        return r->state == ROW_SYNCED && same ? ROW_STATES : ROW_SYNCED;
    if (same && r->state == ROW_PENDING && r->op == op.kind)
        return ROW_STATES;
    if (same && r->state == ROW_DEFERRED && op.kind == OP_CREATE)
        return ROW_STATES;
    return ROW_PENDING;
}

enum row_state op_mark(const struct recorded *r, const struct desired *d, struct op op)
{
    if (is_unsettled(r))
        return ROW_STATES;
    switch (d->kind) {
    case DESIRED_JOB:
        return mark_job(r, d, op);
    case DESIRED_REFUSED:
        return r->exists && r->state == ROW_REFUSED && wants_the_same(r, d) ? ROW_STATES
                                                                            : ROW_REFUSED;
    case DESIRED_GONE:
        return op.kind != OP_NONE || !r->exists || r->state == ROW_REMOVED ? ROW_STATES
                                                                           : ROW_REMOVED;
    case DESIRED_UNREAD:
        return r->exists ? ROW_STATES : ROW_PENDING;
    }
    BUG("desired of kind %d", (int)d->kind);
}

/* ---- operation × outcome --------------------------------------------------------------------- */

/* Waiting for the same again: at once, or with back-off and an attempt used up. */
#define AGAIN(o)                                                                                   \
    {                                                                                              \
        .state = ROW_PENDING, .op = (o)                                                            \
    }
#define BACK_OFF(o)                                                                                \
    {                                                                                              \
        .state = ROW_PENDING, .op = (o), .attempt = true, .backs_off = true                        \
    }
#define IN_DOUBT(o)                                                                                \
    {                                                                                              \
        .state = ROW_PENDING, .op = (o), .attempt = true, .backs_off = true, .forget_synced = true \
    }
#define REFUSED                                                                                    \
    {                                                                                              \
        .state = ROW_REFUSED, .op = OP_NONE, .attempt = true                                       \
    }
#define REMOVED                                                                                    \
    {                                                                                              \
        .state = ROW_REMOVED, .op = OP_NONE                                                        \
    }
#define REMOVED_JOB_GONE                                                                           \
    {                                                                                              \
        .state = ROW_REMOVED, .op = OP_NONE, .forget_job = true                                    \
    }

static const struct step {
    enum row_state state;
    enum op_kind op;
    bool synced, forget_job, forget_synced, attempt, keep_journal, backs_off;
} after[OP_NONE][OUTCOMES] = {
    [OP_CLOSE] =
        {
            [OUTCOME_DONE] = REMOVED,
            [OUTCOME_RETRY] = IN_DOUBT(OP_CLOSE),
            [OUTCOME_LIMITED] = AGAIN(OP_CLOSE),
            [OUTCOME_UNCERTAIN] = IN_DOUBT(OP_CLOSE), /* closing twice harms nobody */
            [OUTCOME_REFUSED] = REFUSED,
            [OUTCOME_GONE] = REMOVED_JOB_GONE,
            [OUTCOME_QUOTA] = BACK_OFF(OP_CLOSE), /* the quota is of creates: not expected */
            [OUTCOME_STOP] = AGAIN(OP_CLOSE),
            [OUTCOME_SPLIT] = AGAIN(OP_CLOSE),
        },
    [OP_DELETE] =
        {
            [OUTCOME_DONE] = REMOVED_JOB_GONE,
            [OUTCOME_RETRY] = IN_DOUBT(OP_DELETE),
            [OUTCOME_LIMITED] = AGAIN(OP_DELETE),
            [OUTCOME_UNCERTAIN] = IN_DOUBT(OP_DELETE), /* a second delete is told "already gone" */
            [OUTCOME_REFUSED] = REFUSED,
            [OUTCOME_GONE] = REMOVED_JOB_GONE,
            [OUTCOME_QUOTA] = BACK_OFF(OP_DELETE),
            [OUTCOME_STOP] = AGAIN(OP_DELETE),
            [OUTCOME_SPLIT] = AGAIN(OP_DELETE),
        },
    [OP_UPDATE] =
        {
            [OUTCOME_DONE] = {.state = ROW_SYNCED, .op = OP_NONE, .synced = true},
            [OUTCOME_RETRY] = IN_DOUBT(OP_UPDATE),
            [OUTCOME_LIMITED] = AGAIN(OP_UPDATE),
            [OUTCOME_UNCERTAIN] = IN_DOUBT(OP_UPDATE), /* setting the same fields again is safe */
            [OUTCOME_REFUSED] = REFUSED,
            [OUTCOME_GONE] = REFUSED, /* on_missing: refuse; see op_after for recreate */
            [OUTCOME_QUOTA] = BACK_OFF(OP_UPDATE),
            [OUTCOME_STOP] = AGAIN(OP_UPDATE),
            [OUTCOME_SPLIT] = AGAIN(OP_UPDATE),
        },
    [OP_CREATE] =
        {
            [OUTCOME_DONE] = {.state = ROW_SYNCED, .op = OP_NONE, .synced = true},
            [OUTCOME_RETRY] = BACK_OFF(OP_CREATE), /* known not to have been applied */
            [OUTCOME_LIMITED] = AGAIN(OP_CREATE),
            [OUTCOME_UNCERTAIN] = {.state = ROW_UNCERTAIN,
                                   .op = OP_NONE,
                                   .attempt = true,
                                   .keep_journal = true}, /* promise 2: never resent blind */
            [OUTCOME_REFUSED] = REFUSED,
            [OUTCOME_GONE] = REFUSED, /* a create names no job: a path that is not there */
            [OUTCOME_QUOTA] = {.state = ROW_DEFERRED, .op = OP_NONE},
            [OUTCOME_STOP] = AGAIN(OP_CREATE),
            [OUTCOME_SPLIT] = AGAIN(OP_CREATE),
        },
};

static const struct step recreate = {.state = ROW_PENDING, .op = OP_CREATE, .forget_job = true};

struct verdict op_after(enum op_kind op, enum outcome_kind outcome, int attempts,
                        enum on_missing on_missing, double random)
{
    if (op >= OP_NONE || outcome >= OUTCOMES)
        BUG("no row has outcome %d of operation %d", (int)outcome, (int)op);
    const struct step *s = &after[op][outcome];
    if (op == OP_UPDATE && outcome == OUTCOME_GONE && on_missing == MISSING_RECREATE)
        s = &recreate;
    return (struct verdict){
        .state = s->state,
        .op = s->op,
        .synced = s->synced,
        .forget_job = s->forget_job,
        .forget_synced = s->forget_synced || s->forget_job,
        .attempt = s->attempt,
        .keep_journal = s->keep_journal,
        .wait_ms = s->backs_off ? op_backoff_ms(attempts + 1, random) : 0,
    };
}

int64_t op_backoff_ms(int attempt, double random)
{
    const int64_t cap_ms = 60000;
    int64_t most_ms = attempt < 0 ? 1000 : attempt < 6 ? 1000LL << attempt : cap_ms;
    return (int64_t)(random * (double)most_ms);
}

/* ---- removal guard --------------------------------------------------------------------------- */

bool op_guard(const struct remove_limit *limit, int64_t mirrored, int64_t removing,
              bool source_empty)
{
    if (removing <= 0)
        return true;
    if (source_empty)
        return false;
    if (removing <= REMOVE_FLOOR)
        return true;
    double most = limit->is_percent ? (double)mirrored * limit->value / 100.0 : limit->value;
    return (double)removing <= most;
}
