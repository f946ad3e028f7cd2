/*
 * Every row is mapped with a trace: the trace is what knows which name was unknown, also where a
 * default stood in and nothing was refused. What is kept grows with the number of different rules
 * and unknown names, not with the rows.
 */
#include "engine/trial.h"

#include <stdlib.h>
#include <string.h>

#define UNKNOWNS_MAX 1000

/* ---- what is counted ------------------------------------------------------------------------- */

/* Doubles an array that is full; the old one stays in the arena until the end. */
static void *grow(struct arena *a, const void *items, size_t n, size_t *cap, size_t bytes)
{
    *cap = *cap ? 2 * *cap : 16;
    void *fresh = arena_alloc(a, *cap * bytes);
    if (n > 0)
        memcpy(fresh, items, n * bytes);
    return fresh;
}

static void count_refusals(struct trial *t, const struct desired *d, const char *key, int64_t rows)
{
    t->refused += rows;
    tally_count(&t->refusals, &t->arena, d, key, rows);
}

static void count_unknown(struct trial *t, int field, struct text value, bool defaulted)
{
    size_t i = 0;
    for (; i < t->n_unknowns; i++)
        if (t->unknowns[i].field == field && strlen(t->unknowns[i].value) == value.len &&
            memcmp(t->unknowns[i].value, value.data, value.len) == 0)
            break;
    if (i == UNKNOWNS_MAX)
        return;
    if (i == t->cap_unknowns)
        t->unknowns = grow(&t->arena, t->unknowns, i, &t->cap_unknowns, sizeof *t->unknowns);
    if (i == t->n_unknowns) {
        const char *kept = arena_strndup(&t->arena, value.data, value.len);
        t->unknowns[t->n_unknowns++] =
            (struct trial_unknown){.field = field, .value = kept, .defaulted = defaulted};
    }
    t->unknowns[i].rows++;
}

static int by_rows(int64_t a, int64_t b)
{
    return (a < b) - (a > b);
}

static int compare_unknowns(const void *a, const void *b)
{
    const struct trial_unknown *x = a, *y = b;
    int order = x->field != y->field ? x->field - y->field : by_rows(x->rows, y->rows);
    return order ? order : strcmp(x->value, y->value);
}

/* ---- rows ------------------------------------------------------------------------------------ */

/* False: the row is another's, and left out. */
static bool try_account(struct trial *t, const struct mapping *m,
                        const struct trial_accounts *accounts, const struct row *row,
                        struct arena *a)
{
    struct text name = row->value[m->n_key + COLUMN_ACCOUNT];
    if (m->account_sql == NULL)
        return true;
    if (name.data == NULL)
        name = text_of("");
    switch (accounts->whose(accounts->context, arena_strndup(a, name.data, name.len))) {
    case TRIAL_OURS:
        return true;
    case TRIAL_LEFT_OUT:
        return false;
    case TRIAL_NOBODYS:
        count_unknown(t, TRIAL_ACCOUNT, name, false);
        return true;
    }
    BUG("not an answer");
}

static void try_row(struct trial *t, const struct mapping *m, const struct row *row,
                    const char *key, struct arena *a)
{
    struct refusal refusals[JOB_MAX_REFUSALS];
    struct job job;
    struct desired desired;
    struct trace trace = {.n = 0};
    mapping_apply(m, row, a, &job, refusals, &desired, &trace);
    t->undated += m->updated_at != NULL && row->value[m->n_key + COLUMN_CHANGED].data == NULL;
    switch (desired.kind) {
    case DESIRED_JOB:
        t->accepted++;
        break;
    case DESIRED_REFUSED:
        count_refusals(t, &desired, key, 1);
        break;
    case DESIRED_GONE:
        t->removed++;
        break;
    case DESIRED_UNREAD:
        BUG("a row was not read");
    }
    for (size_t i = 0; i < trace.n; i++)
        if (trace.steps[i].unknown.data != NULL)
            count_unknown(t, trace.steps[i].field, trace.steps[i].unknown,
                          trace.steps[i].refusal == NULL);
}

static void refuse_rows(struct trial *t, const char *rule, const char *key, int64_t rows)
{
    struct arena a;
    struct refusal refusal;
    struct desired desired;
    if (rows == 0)
        return;
    arena_init(&a, 0);
    mapping_refuse(rule, rows, &a, &refusal, &desired);
    count_refusals(t, &desired, key, rows);
    arena_release(&a);
}

/* Rows with one key stand side by side and never on two pages: no job can stand for all of them. */
static size_t same_key(const struct source_page *page, size_t i)
{
    size_t n = 1;
    while (i + n < page->n && strcmp(page->keys[i], page->keys[i + n]) == 0)
        n++;
    return n;
}

static void try_page(struct trial *t, const struct mapping *m,
                     const struct trial_accounts *accounts, const struct source_page *page,
                     int64_t limit)
{
    struct arena a;
    arena_init(&a, 256 * 1024);
    for (size_t i = 0, n; i < page->n && (limit == 0 || t->rows < limit); i += n) {
        n = same_key(page, i);
        bool ours = try_account(t, m, accounts, &page->rows[i], &a);
        t->rows += ours ? (int64_t)n : 0;
        if (ours && n == 1)
            try_row(t, m, &page->rows[i], page->keys[i], &a);
        else if (ours)
            refuse_rows(t, "key.duplicate", page->keys[i], (int64_t)n);
        t->whole = page->last && i + n == page->n;
        if (t->whole || (limit > 0 && t->rows >= limit))
            t->last_key = arena_strdup(&t->arena, page->keys[i]);
        arena_clear(&a);
    }
    arena_release(&a);
}

bool trial_run(struct trial *t, struct source *s, const struct mapping *m,
               const struct trial_accounts *accounts, int64_t limit, struct err *e)
{
    struct source_page page;
    int64_t without_key = 0;
    *t = (struct trial){.rows = 0};
    arena_init(&t->arena, 0);
    if (!source_scan_start(s, e))
        return false;
    do {
        if (!source_scan_next(s, &page, e))
            return false;
        if (page.n == 0)
            t->whole = page.last;
        try_page(t, m, accounts, &page, limit);
    } while (!page.last && (limit == 0 || t->rows < limit));
    source_scan_stop(s);
    if (t->whole && !source_null_keys(s, &without_key, e))
        return false;
    t->rows += without_key;
    refuse_rows(t, "key.null", NULL, without_key);
    tally_sort(&t->refusals);
    if (t->n_unknowns > 0)
        qsort(t->unknowns, t->n_unknowns, sizeof *t->unknowns, compare_unknowns);
    return true;
}

void trial_release(struct trial *t)
{
    arena_release(&t->arena);
}
