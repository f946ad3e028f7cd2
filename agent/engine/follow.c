/*
 * A row is due when all three hold: the same is wanted, the same operation brings it about, and
 * Qudra holds what it held when the plan was made. Where nothing is known any more of what Qudra
 * holds (an update of this very plan that was interrupted), the first two decide: else a plan that
 * was stopped could not go on.
 */
#include "engine/follow.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "edges/source.h"

#define PAGE 1000

struct follow {
    struct follow_options o;
    struct pg *state;
    const struct remove_limit *max_remove;
    struct follow_counts counts;

    struct arena page; /* of the step */
    struct planfile_line *lines;
    size_t n;
    const struct feed *feed;
    const struct lease *leases;
    size_t n_leases;
    bool hold; /* the guard holds the mapping's removals */
};

struct follow *follow_new(const struct follow_options *o, struct pg *state,
                          const struct remove_limit *max_remove)
{
    struct follow *w = mem_alloc(sizeof *w);
    *w = (struct follow){.o = *o, .state = state, .max_remove = max_remove};
    arena_init(&w->page, 256 * 1024);
    return w;
}

void follow_free(struct follow *w)
{
    if (w == NULL)
        return;
    arena_release(&w->page);
    mem_free(w);
}

const struct follow_counts *follow_counts(const struct follow *w)
{
    return &w->counts;
}

/* ---- whether the plan is of this world ------------------------------------------------------- */

static bool make_anew(struct err *e)
{
    return err_hint(e, "nothing was sent; make the plan again with `qudra-sync plan --out FILE`");
}

bool follow_check_feed(const struct follow *w, const struct feed *f, struct err *e)
{
    const struct planfile_mapping *m = planfile_mapping(w->o.file, f->mapping->name);
    char now[24];
    if (m == NULL)
        BUG("a plan without mapping \"%s\" is followed for it", f->mapping->name);
    snprintf(now, sizeof now, "%016llx", (unsigned long long)f->mapping->fingerprint);
    if (strcmp(now, m->fingerprint) != 0) {
        err_set(e, ERR_CONFIG, "mapping \"%s\" has been changed since the plan was made", m->name);
        return make_anew(e);
    }
    const char *source = planfile_head(w->o.file)->source;
    if (source_is_same(source, f->identity))
        return true;
    err_set(e, ERR_CONFIG, "the plan was made of database \"%s\", and the source is \"%s\"", source,
            f->identity);
    return make_anew(e);
}

bool follow_check_account(const struct follow *w, const char *account, const char *environment,
                          struct err *e)
{
    const struct planfile_head *head = planfile_head(w->o.file);
    for (size_t i = 0; i < head->n_accounts; i++) {
        const struct planfile_account *a = &head->accounts[i];
        if (strcmp(a->name, account) != 0 ||
            (environment != NULL && strcmp(a->environment, environment) == 0))
            continue;
        if (environment == NULL)
            err_set(e, ERR_CONFIG, "the plan is for account \"%s\", and there is none of that name",
                    account);
        else
            err_set(e, ERR_CONFIG,
                    "account \"%s\": the plan was made for the %s environment, and the key is for "
                    "%s",
                    account, a->environment, environment);
        return make_anew(e);
    }
    return true;
}

/* ---- one row --------------------------------------------------------------------------------- */

static int compare_lines(const void *a, const void *b)
{
    return strcmp(((const struct planfile_line *)a)->key, ((const struct planfile_line *)b)->key);
}

static const struct planfile_line *line_of(const struct follow *w, const char *key)
{
    const struct planfile_line probe = {.key = key};
    return bsearch(&probe, w->lines, w->n, sizeof *w->lines, compare_lines);
}

static void tell(struct follow *w, const struct planfile_line *line, const char *now,
                 const char *reason)
{
    const struct follow_left row = {.mapping = line->mapping,
                                    .account = line->account,
                                    .key = line->key,
                                    .planned = line->op,
                                    .now = now,
                                    .reason = reason};
    w->counts.left++;
    w->o.left(w->o.left_context, &row);
}

static const char *name_of(const struct sighting *s)
{
    if (s->desired.kind == DESIRED_REFUSED)
        return "refuse";
    return s->op.kind != OP_NONE ? op_names[s->op.kind] : NULL;
}

static bool wants_the_same(const struct planfile_line *line, const struct sighting *s)
{
    return line->has_hash ? s->desired.kind == DESIRED_JOB &&
                                memcmp(line->hash, s->desired.hash.all, PLANFILE_HASH) == 0
                          : s->desired.kind == DESIRED_GONE;
}

static bool is_against_the_same(const struct planfile_line *line, const struct recorded *r)
{
    return !r->has_synced ||
           (line->has_against && memcmp(line->against, r->synced.all, PLANFILE_HASH) == 0);
}

static bool is_under_way(const struct recorded *r)
{
    return r->exists && (r->state == ROW_SENDING || r->state == ROW_UNCERTAIN);
}

/* Why the row is left alone; NULL: it is not. */
static const char *stray(const struct planfile_line *line, const struct sighting *s,
                         const struct recorded *r)
{
    if (strcmp(line->account, s->account) != 0)
        return "it is another account's now";
    if (!wants_the_same(line, s))
        return s->desired.kind == DESIRED_REFUSED ? s->desired.refusals[0].rule
               : s->desired.kind == DESIRED_GONE  ? "the row is gone"
               : !line->has_hash                  ? "the row is back"
                                                  : "its content has changed";
    if (is_under_way(r) || s->op.kind == OP_NONE)
        return NULL;
    return s->op.kind == line->op && is_against_the_same(line, r) ? NULL : "its job has changed";
}

static bool is_removal(enum op_kind op)
{
    return op == OP_CLOSE || op == OP_DELETE;
}

/* Why a planned removal does not go yet; NULL: it does. One that waits in the queue has passed the
 * guard and its time. */
static const char *stays(const struct follow *w, const struct recorded *r)
{
    if (r->state == ROW_PENDING && is_removal(r->op))
        return NULL;
    if (w->hold || r->state == ROW_HELD)
        return "held by the removal guard";
    return w->feed->mapping->remove_after_ms > 0 ? "a pass removes it after source.remove_after"
                                                 : NULL;
}

static bool holds(const struct follow *w, const char *account)
{
    for (size_t i = 0; i < w->n_leases; i++)
        if (strcmp(w->leases[i].account, account) == 0)
            return true;
    return false;
}

/* True when push may have the row. */
static bool judge(struct follow *w, const struct planfile_line *line, struct sighting *s,
                  const struct recorded *r)
{
    const char *why = holds(w, line->account) ? stray(line, s, r) : "its account is not at work";
    if (why == NULL && s->op.kind != OP_NONE && is_removal(line->op))
        why = stays(w, r);
    if (why != NULL) {
        tell(w, line, name_of(s), why);
        return false;
    }
    if (s->op.kind == OP_NONE && !is_under_way(r)) {
        w->counts.done++;
        return false;
    }
    w->counts.due[line->op]++;
    /* The guard has spoken: what detection leaves to the end of its pass is marked here. */
    if (is_removal(line->op) && !is_under_way(r))
        s->mark = ROW_PENDING;
    return true;
}

/* ---- jobs that go to a new row of equal content ---------------------------------------------- */

static bool is_free(const struct planfile_line *line, const struct recorded *r)
{
    return r->exists && (r->state == ROW_SYNCED || r->state == ROW_HELD) && r->job_id != NULL &&
           strcmp(r->account, line->account) == 0 && is_against_the_same(line, r) &&
           r->has_synced && (r->job_status == NULL || strcmp(r->job_status, "closed") != 0);
}

/* Why the job of the row that is gone cannot be had; NULL: it can. */
static const char *not_to_be_had(const struct follow *w, const struct planfile_line *line,
                                 const struct recorded *from, bool present)
{
    if (strcmp(line->from_mapping, w->feed->mapping->name) != 0)
        return "a pass hands on the jobs of another mapping";
    if (present)
        return "the row whose job it was to take over is back";
    return is_free(line, from) ? NULL : "the job that it was to take over has changed";
}

/* Of the rows that are due, those stay that take over no job, or one that is free; the keys that
 * these jobs come from are listed. */
static bool look_for_jobs(struct follow *w, struct sighting *due, size_t *n, const char **from,
                          size_t *n_from, struct err *e)
{
    const char **keys = arena_alloc(&w->page, (*n + 1) * sizeof *keys);
    bool *present = arena_alloc(&w->page, (*n + 1) * sizeof *present);
    size_t k = 0, kept = 0;
    for (size_t i = 0; i < *n; i++) {
        const struct planfile_line *line = line_of(w, due[i].key);
        if (line->from_key != NULL)
            keys[k++] = line->from_key;
    }
    struct recorded *recorded = arena_alloc(&w->page, (k + 1) * sizeof *recorded);
    if (k == 0)
        return true;
    /* Not of the lookup, whose page is in hand; no pass is under way when a plan is followed. */
    if (!source_present(w->feed->source, keys, k, present, e) ||
        !state_rows(w->state, w->feed->mapping->name, keys, k, &w->page, recorded, e))
        return false;
    for (size_t i = 0, j = 0; i < *n; i++) {
        const struct planfile_line *line = line_of(w, due[i].key);
        const char *why = NULL;
        if (line->from_key != NULL && due[i].op.kind == OP_CREATE) {
            why = not_to_be_had(w, line, &recorded[j], present[j]);
            if (why == NULL)
                from[(*n_from)++] = line->from_key;
        }
        j += line->from_key != NULL;
        if (why == NULL) {
            due[kept++] = due[i];
            continue;
        }
        w->counts.due[line->op]--;
        tell(w, line, name_of(&due[i]), why);
    }
    *n = kept;
    return true;
}

/* Their rows are gone, which is written, and what a pass does at its end is done at once. */
static bool hand_on(struct follow *w, const char *const *from, size_t n, struct err *e)
{
    const struct mapping *m = w->feed->mapping;
    int64_t count;
    if (n == 0)
        return true;
    if (!state_gone(w->state, w->leases, w->n_leases, m->name, from, n, &count, e))
        return false;
    for (size_t i = 0; i < w->n_leases; i++)
        if (!state_rebind(w->state, &w->leases[i], mapping_writes_back(m), &count, e))
            return false;
    return true;
}

/* ---- a page of them -------------------------------------------------------------------------- */

/* Under the lease of one account. */
static bool mark_for(struct follow *w, const struct lease *l, const struct sighting *due, size_t n,
                     struct err *e)
{
    struct sighting *mine = arena_alloc(&w->page, (n + 1) * sizeof *mine);
    const char **keys = arena_alloc(&w->page, (n + 1) * sizeof *keys);
    size_t k = 0;
    for (size_t i = 0; i < n; i++)
        if (strcmp(due[i].account, l->account) == 0) {
            keys[k] = due[i].key;
            mine[k++] = due[i];
        }
    const char *mapping = w->feed->mapping->name;
    return k == 0 || (state_mark(w->state, l, 1, mapping, mine, k, e) &&
                      state_plan_add(w->state, l, mapping, keys, k, e));
}

static bool mark(struct follow *w, const struct sighting *due, size_t n, struct err *e)
{
    for (size_t i = 0; n > 0 && i < w->n_leases; i++)
        if (!mark_for(w, &w->leases[i], due, n, e))
            return false;
    return true;
}

static bool take_rows(void *context, const struct feed *f, const struct sighting *seen,
                      const struct recorded *recorded, size_t n, struct detect_counts *counts,
                      struct err *e)
{
    (void)f, (void)counts;
    struct follow *w = context;
    struct sighting *due = arena_alloc(&w->page, (n + 1) * sizeof *due);
    size_t n_due = 0;
    for (size_t i = 0; i < n; i++) {
        const struct planfile_line *line = line_of(w, seen[i].key);
        due[n_due] = seen[i];
        n_due += line != NULL && judge(w, line, &due[n_due], &recorded[i]);
    }
    const char **from = arena_alloc(&w->page, (n_due + 1) * sizeof *from);
    size_t n_from = 0;
    return look_for_jobs(w, due, &n_due, from, &n_from, e) && mark(w, due, n_due, e) &&
           hand_on(w, from, n_from, e);
}

static bool take_gone(void *context, const struct feed *f, const char *const *keys, size_t n,
                      struct detect_counts *counts, struct err *e)
{
    struct follow *w = context;
    const struct desired gone = {.kind = DESIRED_GONE};
    struct recorded *recorded = arena_alloc(&w->page, (n + 1) * sizeof *recorded);
    struct sighting *due = arena_alloc(&w->page, (n + 1) * sizeof *due);
    size_t n_due = 0;
    (void)counts;
    if (!state_rows(w->state, f->mapping->name, keys, n, &w->page, recorded, e))
        return false;
    for (size_t i = 0; i < n; i++) {
        const struct planfile_line *line = line_of(w, keys[i]);
        const struct recorded *r = &recorded[i];
        due[n_due] = (struct sighting){.key = keys[i], .priority = (double)NAN, .desired = gone};
        due[n_due].account = r->exists ? r->account : line->account;
        due[n_due].op = op_decide(r, &gone, f->mapping->on_removed);
        due[n_due].mark = ROW_STATES;
        n_due += judge(w, line, &due[n_due], r);
    }
    return mark(w, due, n_due, e);
}

/* The plan's own figures, and not those of now: a plan that was stopped half-way goes on. */
static bool guard_holds(const struct follow *w, const struct planfile_mapping *m)
{
    return !op_guard(w->max_remove, m->mirrored, m->op[OP_CLOSE] + m->op[OP_DELETE], m->rows == 0);
}

bool follow_clear(struct follow *w, const struct lease *leases, size_t n, struct err *e)
{
    for (size_t i = 0; i < n; i++)
        if (!state_plan_clear(w->state, &leases[i], e))
            return false;
    return true;
}

bool follow_step(struct follow *w, struct feed *f, const struct lease *leases, size_t n, bool *done,
                 struct err *e)
{
    const char *mapping = f->mapping->name;
    arena_clear(&w->page);
    w->feed = f;
    w->leases = leases;
    w->n_leases = n;
    w->hold = guard_holds(w, planfile_mapping(w->o.file, mapping));
    w->lines = arena_alloc(&w->page, PAGE * sizeof *w->lines);
    if (!planfile_next(w->o.file, mapping, PAGE, &w->page, w->lines, &w->n, e))
        return false;
    *done = w->n == 0;
    if (*done)
        return true;
    qsort(w->lines, w->n, sizeof *w->lines, compare_lines);
    const char **keys = arena_alloc(&w->page, w->n * sizeof *keys);
    for (size_t i = 0; i < w->n; i++)
        keys[i] = w->lines[i].key;
    const struct detect_options o = {.state = w->state,
                                     .sink = {.rows = take_rows, .gone = take_gone, .context = w},
                                     .all = true};
    struct detect_counts ignored;
    w->counts.rows += (int64_t)w->n;
    return detect_keys(f, &o, keys, w->n, &ignored, e);
}

void follow_tell_stray(struct follow *w, const char *mapping, const char *account, const char *key,
                       enum op_kind planned, enum op_kind now)
{
    const struct planfile_line line = {
        .mapping = mapping, .account = account, .key = key, .op = planned};
    w->counts.due[planned]--;
    tell(w, &line, now != OP_NONE ? op_names[now] : NULL, "it changed before it was sent");
}
