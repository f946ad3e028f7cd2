/*
 * The values: for each metric a short list of label sets, searched from its start. Label sets are
 * few (accounts times a handful of words) and bounded, so a hash would buy nothing.
 *
 * The bound is on accounts, over all metrics: whose name has come up first keeps it, in each
 * metric; of all others there is the sum alone. A gauge that is a sum must be forgotten before it
 * is set anew.
 */
#include <string.h>

#include "base/clock.h"
#include "edges/metrics_internal.h"

#define OTHER "other"

struct metrics *metrics_new(void)
{
    struct metrics *m = mem_alloc(sizeof *m);
    m->max_accounts = METRICS_ACCOUNTS;
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
    for (size_t i = 0; i < m->n_accounts; i++)
        mem_free(m->accounts[i]);
    mem_free(m->accounts);
    mem_free(m);
}

void metrics_limit_accounts(struct metrics *m, int64_t accounts)
{
    if (m != NULL)
        m->max_accounts = (size_t)accounts;
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

/* Whether the account keeps its name; the place where it stands, or would. */
static bool find_account(const struct metrics *m, const char *account, size_t *place)
{
    size_t lo = 0, hi = m->n_accounts;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (strcmp(m->accounts[mid], account) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    *place = lo;
    return lo < m->n_accounts && strcmp(m->accounts[lo], account) == 0;
}

static bool keeps_name(struct metrics *m, const char *account)
{
    size_t at;
    if (find_account(m, account, &at))
        return true;
    if (m->n_accounts >= m->max_accounts)
        return false;
    if (m->n_accounts == m->cap_accounts) {
        m->cap_accounts = m->cap_accounts > 0 ? 2 * m->cap_accounts : 8;
        m->accounts = mem_realloc(m->accounts, m->cap_accounts * sizeof *m->accounts);
    }
    memmove(m->accounts + at + 1, m->accounts + at, (m->n_accounts - at) * sizeof *m->accounts);
    m->accounts[at] = mem_strdup(account);
    m->n_accounts++;
    return true;
}

static struct metric_series *series_of(struct metrics *m, enum metric metric,
                                       const char *const *given, bool *summed)
{
    struct metric_family *f = &m->family[metric];
    const struct metric_rule *rule = &metric_rules[metric];
    const char *labels[METRIC_MAX_LABELS] = {NULL};
    complete(rule, given, labels);
    *summed = rule->labels[0] != NULL && strcmp(rule->labels[0], "account") == 0 &&
              !keeps_name(m, labels[0]);
    if (*summed)
        labels[0] = OTHER;
    struct metric_series *s = find(f, labels);
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
