/*
 * The sink asks for every row (detect_options.all), so that what is pending from an earlier
 * detection counts once, like everything else.
 */
#include "engine/forecast.h"

#include <string.h>

#include "engine/forecast_internal.h"

void forecast_init(struct forecast *p, struct pg *state)
{
    *p = (struct forecast){.state = state};
    p->last = &p->first;
    arena_init(&p->arena, 0);
}

void forecast_release(struct forecast *p)
{
    mem_free(p->index);
    mem_free(p->guards);
    arena_release(&p->arena);
}

static bool is_closed(const struct job *job)
{
    const struct text *status = &job->field[JOB_STATUS];
    return status->data != NULL && strcmp(status->data, "closed") == 0;
}

bool forecast_counts(const struct forecast *p, const char *account)
{
    return p->counts == NULL || account == NULL || p->counts(p->counts_context, account);
}

static void count_operation(struct forecast *p, const struct sighting *s)
{
    p->op[s->op.kind]++;
    if (s->op.kind == OP_CREATE && is_closed(s->desired.job))
        p->create_closed++;
    if (s->op.kind != OP_UPDATE)
        return;
    for (unsigned f = 0; f < JOB_FIELDS; f++)
        p->field[f] += (s->op.fields & 1u << f) != 0;
}

/* Nothing has to be sent to hand a job on, but where columns are written back an answer is wanted.
 */
static void hand_on(struct forecast *p, struct sighting *s, const struct forecast_gone *from)
{
    const bool confirms = mapping_writes_back(from->mapping);
    s->op = (struct op){.kind = confirms ? OP_UPDATE : OP_NONE, .fields = confirms ? JOB_ALL : 0};
    p->rebound++;
}

/* What it has at the account that it leaves is gone from there. */
static void leave_account(struct forecast *p, const struct feed *f, const struct sighting *s,
                          const struct recorded *r)
{
    const struct desired gone = {.kind = DESIRED_GONE};
    if (s->moves && op_decide(r, &gone, f->mapping->on_removed).kind != OP_NONE)
        forecast_keep_gone(p, f, s->key, r)->lies = f->mapping->remove_after_ms > 0;
}

static void count_row(struct forecast *p, const struct feed *f, struct sighting *s,
                      const struct recorded *r)
{
    const bool busy = r->exists && (r->state == ROW_SENDING || r->state == ROW_UNCERTAIN);
    const bool refused = s->desired.kind == DESIRED_REFUSED;
    const struct forecast_gone *from = NULL;
    if (refused) {
        p->refused++;
        tally_count(&p->refusals, &p->arena, &s->desired, s->key, 1);
    } else if (busy)
        p->waiting++;
    else if (s->op.kind == OP_NONE)
        p->equal++;
    else {
        leave_account(p, f, s, r);
        from = forecast_take(p, s, r);
        if (from != NULL)
            hand_on(p, s, from);
        if (s->op.kind != OP_NONE)
            count_operation(p, s);
    }
    const struct forecast_row row = {.feed = f, .seen = s, .recorded = r, .from = from};
    if (p->row != NULL && (s->op.kind != OP_NONE || refused || from != NULL))
        p->row(p->row_context, &row);
}

static bool count_rows(void *context, const struct feed *f, const struct sighting *seen,
                       const struct recorded *recorded, size_t n, struct detect_counts *counts,
                       struct err *e)
{
    (void)counts, (void)e;
    struct forecast *p = context;
    for (size_t i = 0; i < n; i++) {
        struct sighting s = seen[i];
        if (!forecast_counts(p, s.account)) {
            p->left_out++;
            if (forecast_counts(p, recorded[i].account))
                leave_account(p, f, &s, &recorded[i]);
            continue;
        }
        if (!s.moves)
            forecast_weigh(p, &recorded[i]);
        count_row(p, f, &s, &recorded[i]);
    }
    return true;
}

/* Known since forecast_look. */
static bool pass_by_gone(void *context, const struct feed *f, const char *const *keys, size_t n,
                         struct detect_counts *counts, struct err *e)
{
    (void)context, (void)f, (void)keys, (void)n, (void)counts, (void)e;
    return true;
}

bool forecast_end(void *context, const struct feed *f, const struct detect_end *end,
                  struct detect_counts *counts, struct err *e)
{
    (void)context, (void)f, (void)end, (void)counts, (void)e;
    return true;
}

bool forecast_pass(struct feed *f, const struct detect_options *o, int64_t *rows, struct err *e)
{
    struct detection *d = detect_new(f, o);
    bool done = false, ok = true;
    while (ok && !done)
        ok = detect_step(d, &done, e);
    *rows = detect_counts(d)->rows;
    detect_free(d);
    return ok;
}

bool forecast_add(struct forecast *p, struct feed *f, const struct remove_limit *limit,
                  struct err *e)
{
    const struct detect_options o = {
        .kind = DETECT_PASS_SCAN,
        .state = p->state,
        .sink = {.rows = count_rows, .gone = pass_by_gone, .end = forecast_end, .context = p},
        .all = true,
        .only_counts = true,
    };
    int64_t rows;
    p->n_guards = 0;
    if (!forecast_pass(f, &o, &rows, e))
        return false;
    p->rows += rows;
    forecast_tell_gone(p, f, limit, rows == 0);
    return true;
}
