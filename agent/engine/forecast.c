/*
 * The sink asks for every row (detect_options.all), so that what is pending from an earlier
 * detection counts once, like everything else.
 */
#include "engine/forecast.h"

#include <string.h>

void forecast_init(struct forecast *p, struct pg *state)
{
    *p = (struct forecast){.state = state};
    arena_init(&p->arena, 0);
}

void forecast_release(struct forecast *p)
{
    arena_release(&p->arena);
}

static bool is_closed(const struct job *job)
{
    const struct text *status = &job->field[JOB_STATUS];
    return status->data != NULL && strcmp(status->data, "closed") == 0;
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

static bool count_rows(void *context, const struct feed *f, const struct sighting *seen,
                       const struct recorded *recorded, size_t n, struct err *e)
{
    (void)e;
    struct forecast *p = context;
    for (size_t i = 0; i < n; i++) {
        bool busy = recorded[i].state == ROW_SENDING || recorded[i].state == ROW_UNCERTAIN;
        if (seen[i].desired.kind == DESIRED_REFUSED) {
            p->refused++;
            tally_count(&p->refusals, &p->arena, &seen[i].desired, seen[i].key, 1);
        } else if (recorded[i].exists && busy)
            p->waiting++;
        else if (seen[i].op.kind == OP_NONE)
            p->equal++;
        else
            count_operation(p, &seen[i]);
        if (p->row != NULL &&
            (seen[i].op.kind != OP_NONE || seen[i].desired.kind == DESIRED_REFUSED))
            p->row(p->row_context, f, &seen[i], &recorded[i]);
    }
    return true;
}

static bool count_gone(void *context, const struct feed *f, const char *const *keys, size_t n,
                       struct err *e)
{
    struct forecast *p = context;
    struct arena a;
    arena_init(&a, 0);
    struct recorded *recorded = arena_alloc(&a, n * sizeof *recorded);
    bool ok = state_rows(p->state, f->mapping->name, keys, n, &a, recorded, e);
    const struct desired gone = {.kind = DESIRED_GONE};
    for (size_t i = 0; ok && i < n; i++) {
        struct sighting s = {.key = keys[i], .account = recorded[i].account, .desired = gone};
        s.op = op_decide(&recorded[i], &gone, f->mapping->on_removed);
        if (s.op.kind == OP_NONE)
            continue;
        p->op[s.op.kind]++;
        p->removing++;
        if (p->row != NULL)
            p->row(p->row_context, f, &s, &recorded[i]);
    }
    arena_release(&a);
    return ok;
}

static bool count_end(void *context, const struct feed *f, const struct detect_end *end,
                      struct detect_counts *counts, struct err *e)
{
    (void)context, (void)f, (void)end, (void)counts, (void)e;
    return true;
}

bool forecast_add(struct forecast *p, struct feed *f, const struct remove_limit *limit,
                  struct err *e)
{
    const struct detect_options o = {
        .kind = DETECT_PASS_SCAN,
        .state = p->state,
        .sink = {.rows = count_rows, .gone = count_gone, .end = count_end, .context = p},
        .all = true,
    };
    int64_t before = p->removing;
    struct detection *d = detect_new(f, &o);
    bool done = false, ok = true;
    while (ok && !done)
        ok = detect_step(d, &done, e);
    int64_t rows = detect_counts(d)->rows;
    p->rows += rows;
    detect_free(d);
    int64_t live = 0;
    ok = ok && state_count_live(p->state, f->mapping->name, &live, e);
    p->mirrored += live;
    if (ok && !op_guard(limit, live, p->removing - before, rows == 0))
        p->held = true;
    return ok;
}
