/*
 * Each tier sorts the jobs that are left by its key; equal ones side by side are a group, found by
 * bisection for each row. Within a group open jobs stand before closed ones, each handed out from
 * its own end of the queue, so that a row takes a job of its own kind first and no search is ever
 * long.
 *
 * The last tier has seen all rows once before it decides anything: that is what RECONCILE_COUNT is
 * for.
 */
#include "engine/reconcile_match.h"

#include <stdlib.h>
#include <string.h>

/* Jobs of one key, and what came by of rows with the same. */
struct group {
    struct reconcile_key key;
    size_t first, n;        /* in `order` */
    size_t next[2], end[2]; /* those to hand out: open, closed */
    bool jobs_differ;
    size_t rows;
    struct reconcile_key row; /* normal key of the first row counted */
    bool rows_differ;
    size_t pairs; /* to be made by letters */
    bool bind;    /* decided: pairs are made here */
};

struct grouping {
    struct reconcile_job **order;
    struct group *groups;
    size_t n;
};

struct reconcile_pool {
    struct reconcile_job *jobs;
    size_t n, left;
    enum reconcile_tier tier;
    struct arena arena;       /* of the tier */
    struct grouping main;     /* EXACT: by content, NORMAL: by normal, else by letters */
    struct grouping identity; /* COUNT, REST */
};

/* ---- groups ---------------------------------------------------------------------------------- */

static struct reconcile_key exact_key(const struct reconcile_keys *k)
{
    struct reconcile_key key;
    memcpy(key.word, k->content.all, sizeof key.word);
    return key;
}
static struct reconcile_key normal_key(const struct reconcile_keys *k)
{
    return k->normal;
}
static struct reconcile_key letters_key(const struct reconcile_keys *k)
{
    return k->letters;
}
static struct reconcile_key identity_key(const struct reconcile_keys *k)
{
    return k->identity;
}
typedef struct reconcile_key key_function(const struct reconcile_keys *k);

static int compare_keys(const struct reconcile_key *a, const struct reconcile_key *b)
{
    return memcmp(a->word, b->word, sizeof a->word);
}

static bool equal(const struct reconcile_key *a, const struct reconcile_key *b)
{
    return compare_keys(a, b) == 0;
}

struct sortable {
    struct reconcile_key key;
    struct reconcile_job *job;
};

static int compare_sortable(const void *va, const void *vb)
{
    const struct sortable *a = va, *b = vb;
    int by_key = compare_keys(&a->key, &b->key);
    if (by_key != 0)
        return by_key;
    if (a->job->keys.closed != b->job->keys.closed)
        return a->job->keys.closed ? 1 : -1;
    return a->job < b->job ? -1 : a->job > b->job;
}

static void end_group(const struct grouping *g, struct group *last, size_t end)
{
    last->n = end - last->first;
    size_t open = 0;
    for (size_t i = last->first; i < end; i++) {
        const struct reconcile_keys *k = &g->order[i]->keys;
        open += !k->closed;
        last->jobs_differ =
            last->jobs_differ || !equal(&k->normal, &g->order[last->first]->keys.normal);
    }
    last->next[0] = last->first;
    last->end[0] = last->next[1] = last->first + open;
    last->end[1] = end;
}

static void group_by(struct reconcile_pool *p, key_function *key, struct grouping *out)
{
    struct sortable *all = arena_alloc(&p->arena, (p->left + 1) * sizeof *all);
    size_t n = 0;
    for (size_t i = 0; i < p->n; i++)
        if (!p->jobs[i].taken)
            all[n++] = (struct sortable){.key = key(&p->jobs[i].keys), .job = &p->jobs[i]};
    qsort(all, n, sizeof *all, compare_sortable);
    out->order = arena_alloc(&p->arena, (n + 1) * sizeof *out->order);
    out->groups = arena_alloc(&p->arena, (n + 1) * sizeof *out->groups);
    out->n = 0;
    for (size_t i = 0; i < n; i++)
        out->order[i] = all[i].job;
    for (size_t i = 0; i < n; i++) {
        if (i > 0 && equal(&all[i].key, &all[i - 1].key))
            continue;
        if (out->n > 0)
            end_group(out, &out->groups[out->n - 1], i);
        out->groups[out->n++] = (struct group){.key = all[i].key, .first = i};
    }
    if (out->n > 0)
        end_group(out, &out->groups[out->n - 1], n);
}

static int compare_group(const void *key, const void *group)
{
    return compare_keys(key, &((const struct group *)group)->key);
}

static struct group *find(const struct grouping *g, struct reconcile_key key)
{
    return bsearch(&key, g->groups, g->n, sizeof *g->groups, compare_group);
}

/* The next free job of the group, of the row's own kind (open, closed) if there is one. Those
 * promised to rows of their own letters are not for rows of the wider group. */
static struct reconcile_job *take(struct reconcile_pool *p, const struct grouping *g,
                                  struct group *group, bool closed)
{
    bool wider = g == &p->identity;
    for (int turn = 0; turn < 2; turn++) {
        int kind = closed ? 1 - turn : turn;
        while (group->next[kind] < group->end[kind]) {
            struct reconcile_job *job = g->order[group->next[kind]++];
            if (job->taken || (wider && job->promised))
                continue;
            job->taken = true;
            p->left--;
            return job;
        }
    }
    return NULL;
}

/* ---- the pool -------------------------------------------------------------------------------- */

struct reconcile_pool *reconcile_pool_new(struct reconcile_job *jobs, size_t n)
{
    struct reconcile_pool *p = mem_alloc(sizeof *p);
    p->jobs = jobs;
    p->n = n;
    for (size_t i = 0; i < n; i++)
        p->left += !jobs[i].taken;
    arena_init(&p->arena, 64 * 1024);
    return p;
}

void reconcile_pool_free(struct reconcile_pool *p)
{
    if (p == NULL)
        return;
    arena_release(&p->arena);
    mem_free(p);
}

size_t reconcile_pool_left(const struct reconcile_pool *p)
{
    return p->left;
}

void reconcile_pool_give_back(struct reconcile_pool *p, struct reconcile_job *job)
{
    job->taken = false;
    p->left++;
}

/* ---- counting, deciding ---------------------------------------------------------------------- */

static void count_in(struct group *g, const struct reconcile_keys *row)
{
    if (g == NULL)
        return;
    if (g->rows++ == 0)
        g->row = row->normal;
    g->rows_differ = g->rows_differ || !equal(&g->row, &row->normal);
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* By letters: rows that differ from each other, and jobs that do, could be paired in several ways.
 */
static void decide_letters(struct reconcile_pool *p)
{
    for (size_t i = 0; i < p->main.n; i++) {
        struct group *g = &p->main.groups[i];
        g->bind = g->rows > 0 && (!g->rows_differ || (!g->jobs_differ && g->rows <= g->n));
        if (!g->bind)
            continue;
        g->pairs = least(g->rows, g->n);
        for (size_t k = 0; k < g->pairs; k++)
            p->main.order[g->first + k]->promised = true;
        struct group *wider = find(&p->identity, p->main.order[g->first]->keys.identity);
        wider->pairs += g->pairs;
    }
}

/* By identity: one row and one job, when those paired by letters are out of the way. */
static void decide_identity(struct reconcile_pool *p)
{
    for (size_t i = 0; i < p->identity.n; i++) {
        struct group *g = &p->identity.groups[i];
        g->bind = g->rows == g->pairs + 1 && g->n == g->pairs + 1;
    }
}

void reconcile_pool_begin(struct reconcile_pool *p, enum reconcile_tier tier)
{
    p->tier = tier;
    if (tier == RECONCILE_REST) {
        decide_letters(p);
        decide_identity(p);
        return;
    }
    arena_clear(&p->arena);
    group_by(p,
             tier == RECONCILE_EXACT    ? exact_key
             : tier == RECONCILE_NORMAL ? normal_key
                                        : letters_key,
             &p->main);
    if (tier == RECONCILE_COUNT)
        group_by(p, identity_key, &p->identity);
}

/* ---- one row --------------------------------------------------------------------------------- */

static struct reconcile_match give(struct reconcile_job *job, bool same)
{
    if (job == NULL)
        return (struct reconcile_match){.fate = RECONCILE_NO_JOB};
    return (struct reconcile_match){.fate = same ? RECONCILE_SAME : RECONCILE_SIMILAR, .job = job};
}

static struct reconcile_match doubt(const struct grouping *in, const struct group *g)
{
    struct reconcile_match m = {.fate = RECONCILE_NO_JOB};
    for (size_t i = g->first; i < g->first + g->n; i++) {
        if (in->order[i]->taken || in->order[i]->promised)
            continue;
        if (m.job == NULL)
            m.job = in->order[i];
        m.candidates++;
    }
    if (m.candidates > 0)
        m.fate = RECONCILE_AMBIGUOUS;
    return m;
}

static struct reconcile_match match_rest(struct reconcile_pool *p, const struct reconcile_keys *row)
{
    struct group *letters = find(&p->main, row->letters);
    struct group *identity = find(&p->identity, row->identity);
    struct reconcile_job *job = NULL;
    if (identity == NULL)
        return give(NULL, false);
    if (letters != NULL && !letters->bind)
        return doubt(&p->main, letters);
    if (letters != NULL)
        job = take(p, &p->main, letters, row->closed);
    if (job == NULL && identity->n <= identity->pairs)
        return give(NULL, false); /* all of those are other rows' */
    if (job == NULL && identity->bind)
        job = take(p, &p->identity, identity, row->closed);
    return job != NULL ? give(job, false) : doubt(&p->identity, identity);
}

struct reconcile_match reconcile_pool_match(struct reconcile_pool *p,
                                            const struct reconcile_keys *row)
{
    struct group *g;
    switch (p->tier) {
    case RECONCILE_EXACT:
        g = find(&p->main, exact_key(row));
        return give(g != NULL ? take(p, &p->main, g, row->closed) : NULL, true);
    case RECONCILE_NORMAL: {
        g = find(&p->main, row->normal);
        struct reconcile_job *job = g != NULL ? take(p, &p->main, g, row->closed) : NULL;
        unsigned status = JOB_STATUS;
        return give(job,
                    job != NULL && job->keys.content.field[status] == row->content.field[status]);
    }
    case RECONCILE_COUNT:
        count_in(find(&p->main, row->letters), row);
        count_in(find(&p->identity, row->identity), row);
        return give(NULL, false);
    case RECONCILE_REST:
        return match_rest(p, row);
    case RECONCILE_TIERS:
        break;
    }
    BUG("no such tier");
}
