/*
 * What a row says besides its fields stands in computed columns before them; the mapping makes a
 * job or refusals of the fields. Nothing is kept longer than the arena.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/detect_internal.h"

static const struct text *cell(const struct feed *f, const struct row *row, int column)
{
    return &row->value[f->mapping->n_key + (size_t)column];
}

bool sight_is_removed(const struct feed *f, const struct row *row)
{
    const struct text *t = cell(f, row, COLUMN_REMOVED);
    return t->data != NULL && t->data[0] == 't';
}

/* Most priorities are times or counts: up to 15 digits are exact, and reading them so costs a tenth
 * of strtod. */
static double row_priority(const struct feed *f, const struct row *row)
{
    const int64_t too_long = INT64_C(1000000000000000);
    const struct text *t = cell(f, row, COLUMN_PRIORITY);
    int64_t n;
    if (t->data == NULL)
        return (double)NAN;
    return text_whole(*t, &n) && n > -too_long && n < too_long ? (double)n : strtod(t->data, NULL);
}

static int64_t row_due(const struct feed *f, const struct row *row)
{
    const struct text *t = cell(f, row, COLUMN_DUE);
    return t->data != NULL ? strtoll(t->data, NULL, 10) : 0;
}

static const char *row_account(const struct feed *f, const struct row *row, struct arena *a)
{
    const struct text *t = cell(f, row, COLUMN_ACCOUNT);
    return t->data != NULL ? arena_strndup(a, t->data, t->len) : f->account;
}

/* What the mapping makes of a row, kept no longer than the page. */
static void desire(const struct feed *f, const struct row *row, struct arena *a,
                   struct desired *out)
{
    struct refusal refusals[JOB_MAX_REFUSALS];
    struct job *job = arena_take(a, sizeof *job);
    mapping_apply(f->mapping, row, a, job, refusals, out, NULL);
    if (out->n_refusals > 0)
        out->refusals = arena_copy(a, refusals, out->n_refusals * sizeof refusals[0]);
}

void sight_row(const struct feed *f, const struct row *row, const char *key, bool unread,
               struct arena *a, struct sighting *out)
{
    *out = (struct sighting){
        .key = key,
        .account = row_account(f, row, a),
        .priority = row_priority(f, row),
        .due_ms = row_due(f, row),
        .desired = {.kind = DESIRED_UNREAD, .hash = op_unread},
    };
    if (!unread)
        desire(f, row, a, &out->desired);
}

static void refuse(const char *rule, int64_t count, struct arena *a, struct sighting *out)
{
    struct refusal *refusal = arena_alloc(a, sizeof *refusal);
    out->priority = (double)NAN;
    mapping_refuse(rule, count, a, refusal, &out->desired);
}

void sight_refused(const struct feed *f, const char *rule, const char *key, const struct row *rows,
                   size_t n, struct arena *a, struct sighting *out)
{
    *out = (struct sighting){.key = key, .account = row_account(f, &rows[0], a)};
    for (size_t i = 1; i < n && !out->stays; i++)
        out->stays = strcmp(row_account(f, &rows[i], a), out->account) != 0;
    refuse(rule, (int64_t)n, a, out);
}

void sight_null_keys(const struct feed *f, const char *key, int64_t count, struct arena *a,
                     struct sighting *out)
{
    *out = (struct sighting){.key = key, .account = f->account};
    refuse("key.null", count, a, out);
}
