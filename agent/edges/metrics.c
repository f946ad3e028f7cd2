/*
 * The values: for each metric a short list of label sets, searched from its start. Label sets are
 * few (accounts times a handful of words) and bounded, so a hash would buy nothing.
 *
 * The bound: a partner with a thousand accounts must not fill his Prometheus. From the 201st label
 * set of a metric on, the first label (account or mapping) reads "other"; from twice as many on,
 * all do.
 */
#include <string.h>

#include "base/clock.h"
#include "edges/metrics_internal.h"

#define SERIES_MAX 200
#define OTHER      "other"

struct metrics *metrics_new(void)
{
    struct metrics *m = mem_alloc(sizeof *m);
    m->started_s = (double)clock_wall_ms() / 1000.0;
    m->alive_ms = clock_mono_ms();
    metrics_ready(m, false, "the first pass has not ended yet");
    return m;
}

static void empty_family(struct metric_family *f)
{
    for (size_t i = 0; i < f->n; i++)
        for (size_t k = 0; k < METRIC_MAX_LABELS; k++)
            mem_free(f->series[i].label[k]);
    f->n = 0;
}

void metrics_free(struct metrics *m)
{
    if (m == NULL)
        return;
    metrics_server_free(m->server);
    for (size_t i = 0; i < METRICS; i++) {
        empty_family(&m->family[i]);
        mem_free(m->family[i].series);
    }
    mem_free(m);
}

/* ---- label sets ------------------------------------------------------------------------------ */

static bool has_labels(const struct metric_series *s, const char *const labels[METRIC_MAX_LABELS])
{
    for (size_t i = 0; i < METRIC_MAX_LABELS; i++) {
        if (labels[i] == NULL)
            return true;
        if (strcmp(s->label[i], labels[i]) != 0)
            return false;
    }
    return true;
}

static struct metric_series *find(struct metric_family *f,
                                  const char *const labels[METRIC_MAX_LABELS])
{
    for (size_t i = 0; i < f->n; i++)
        if (has_labels(&f->series[i], labels))
            return &f->series[i];
    return NULL;
}

static struct metric_series *append(struct metric_family *f,
                                    const char *const labels[METRIC_MAX_LABELS])
{
    if (f->n == f->cap) {
        f->cap = f->cap > 0 ? 2 * f->cap : 8;
        f->series = mem_realloc(f->series, f->cap * sizeof *f->series);
    }
    struct metric_series *s = &f->series[f->n++];
    *s = (struct metric_series){.value = 0};
    for (size_t i = 0; i < METRIC_MAX_LABELS && labels[i] != NULL; i++)
        s->label[i] = mem_strdup(labels[i]);
    return s;
}

/* Exactly as many labels as the table names: what the caller left out is "". */
static void complete(const struct metric_rule *rule, const char *const *given,
                     const char *labels[METRIC_MAX_LABELS])
{
    size_t n = 0;
    for (; given != NULL && given[n] != NULL; n++) {
        if (rule->labels[n] == NULL)
            BUG("metric %s has no label %zu", rule->name, n);
        labels[n] = given[n];
    }
    for (; rule->labels[n] != NULL; n++)
        labels[n] = "";
}

static struct metric_series *series_of(struct metrics *m, enum metric metric,
                                       const char *const *given, bool *summed)
{
    struct metric_family *f = &m->family[metric];
    const struct metric_rule *rule = &metric_rules[metric];
    const char *labels[METRIC_MAX_LABELS] = {NULL};
    complete(rule, given, labels);
    struct metric_series *s = find(f, labels);
    *summed = s == NULL && f->n >= SERIES_MAX;
    if (*summed) {
        for (size_t i = 0; i < METRIC_MAX_LABELS && labels[i] != NULL; i++)
            if (i == 0 || f->n >= 2 * SERIES_MAX)
                labels[i] = OTHER;
        s = find(f, labels);
    }
    return s != NULL ? s : append(f, labels);
}

/* ---- values ---------------------------------------------------------------------------------- */

void metrics_add(struct metrics *m, enum metric metric, double value, const char *const *labels)
{
    bool summed;
    if (m != NULL)
        series_of(m, metric, labels, &summed)->value += value;
}

void metrics_set(struct metrics *m, enum metric metric, double value, const char *const *labels)
{
    bool summed;
    if (m == NULL)
        return;
    struct metric_series *s = series_of(m, metric, labels, &summed);
    s->value = summed ? s->value + value : value;
}

void metrics_observe(struct metrics *m, enum metric metric, double seconds,
                     const char *const *labels)
{
    bool summed;
    if (m == NULL)
        return;
    struct metric_series *s = series_of(m, metric, labels, &summed);
    const double *bound = metric_rules[metric].buckets;
    s->value += seconds;
    s->count++;
    for (size_t i = 0; bound[i] > 0; i++)
        if (seconds <= bound[i]) {
            s->bucket[i]++;
            return;
        }
}

void metrics_forget(struct metrics *m, enum metric metric)
{
    if (m != NULL)
        empty_family(&m->family[metric]);
}

/* ---- health ---------------------------------------------------------------------------------- */

void metrics_alive(struct metrics *m, int64_t mono_ms)
{
    if (m != NULL)
        m->alive_ms = mono_ms;
}

void metrics_ready(struct metrics *m, bool ready, const char *why_not)
{
    if (m == NULL)
        return;
    m->ready = ready;
    size_t len = why_not != NULL ? strlen(why_not) : 0;
    if (len >= sizeof m->why_not)
        len = sizeof m->why_not - 1;
    memcpy(m->why_not, why_not != NULL ? why_not : "", len);
    m->why_not[len] = '\0';
}
