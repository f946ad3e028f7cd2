/*
 * What a plan costs each account. The configuration says what the plan allows; what the agent wrote
 * down of Qudra's last answers says what it has come to, and counts for more.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "commands/plan.h"
#include "formats/json.h"

#define CUT_MAX 100000 /* beyond so much room the first that has to wait is not told */
#define DAY_MS  86400000.0

/* ---- before: what there is ----------------------------------------------------------------------
 */

static int64_t plan_rate(const struct config_account *c)
{
    int64_t requests = plan_find(c->plan)->requests;
    double left = c->headroom_percent ? (double)requests * (1 - c->headroom / 100)
                                      : (double)requests - c->headroom;
    return left >= 1 ? (int64_t)left : 1;
}

static int64_t number_of(const struct json *limits, const char *key, int64_t if_none)
{
    int64_t v;
    return json_int(json_get(limits, key), &v) ? v : if_none;
}

/* A quota that Qudra corrected holds until its month turns or the configuration changes. */
static void read_known(struct plan_account *a, const struct report_account *known,
                       struct arena *arena)
{
    struct err ignored = ERR_INIT;
    if (known->limits == NULL)
        return;
    const struct json *limits = json_read(arena, known->limits, strlen(known->limits), &ignored);
    a->present_a_minute = number_of(limits, "requests_a_minute", -1);
    if (known->quota_exceeded && number_of(limits, "configured_quota", -2) == a->quota)
        a->quota = known->quota_created;
}

static void init_account(struct plan_account *a, const struct config_account *c)
{
    const struct plan *plan = plan_find(c->plan);
    *a = (struct plan_account){.config = c,
                               .plan_a_minute = plan_rate(c),
                               .present_a_minute = -1,
                               .quota = c->quota == -2 ? plan->quota : c->quota};
}

static void open_cut(struct plan_account *a)
{
    a->room = a->quota < 0 ? INT64_MAX : a->quota > a->created ? a->quota - a->created : 0;
    if (a->room < CUT_MAX)
        a->cap_best = (size_t)a->room + 1;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct report_account *)a)->name,
                  ((const struct report_account *)b)->name);
}

static void open_account(struct plan_report *r, const struct setup_account *of,
                         const struct report_account *known, size_t n_known)
{
    const struct report_account wanted = {.name = of->config->name};
    const struct report_account *found =
        n_known == 0 ? NULL : bsearch(&wanted, known, n_known, sizeof wanted, by_name);
    struct plan_account *a = &r->accounts[r->n_accounts++];
    init_account(a, of->config);
    if (found != NULL) {
        a->created = found->quota_created;
        read_known(a, found, &r->forecast.arena);
    }
    open_cut(a);
}

bool plan_budgets(struct plan_report *r, struct pg *state, struct err *e)
{
    const struct setup *s = r->setup;
    struct arena *arena = &r->forecast.arena;
    struct report_account *known;
    size_t n_known;
    const struct report_scope scope = {.accounts = s->accounts, .n_accounts = s->n_accounts};
    if (!report_accounts(state, &scope, arena, &known, &n_known, e))
        return false;
    r->accounts = arena_alloc(arena, (s->n_known + 1) * sizeof *r->accounts);
    for (size_t i = 0; i < s->n_known; i++)
        if (s->known[i].chosen)
            open_account(r, &s->known[i], known, n_known);
    return true;
}

void plan_release_budgets(struct plan_report *r)
{
    for (size_t i = 0; i < r->n_accounts; i++)
        mem_free(r->accounts[i].best);
}

/* ---- meanwhile: the best creates ----------------------------------------------------------------
 */

static bool is_later(const struct plan_create *a, const struct plan_create *b)
{
    if (isnan(a->priority) != isnan(b->priority))
        return isnan(a->priority);
    if (a->priority < b->priority || a->priority > b->priority)
        return a->priority > b->priority;
    int order = strcmp(a->mapping, b->mapping);
    return order != 0 ? order > 0 : strcmp(a->key, b->key) > 0;
}

static void swap(struct plan_create *a, struct plan_create *b)
{
    struct plan_create kept = *a;
    *a = *b;
    *b = kept;
}

static void rise(struct plan_create *heap, size_t i)
{
    for (; i > 0 && is_later(&heap[i], &heap[(i - 1) / 2]); i = (i - 1) / 2)
        swap(&heap[i], &heap[(i - 1) / 2]);
}

static void sink(struct plan_create *heap, size_t n)
{
    for (size_t i = 0, child; (child = 2 * i + 1) < n; i = child) {
        if (child + 1 < n && is_later(&heap[child + 1], &heap[child]))
            child++;
        if (!is_later(&heap[child], &heap[i]))
            return;
        swap(&heap[i], &heap[child]);
    }
}

static void keep_best(struct plan_account *a, const struct plan_create *c, struct arena *arena)
{
    if (a->cap_best == 0 || (a->n_best == a->cap_best && !is_later(&a->best[0], c)))
        return;
    if (a->best == NULL)
        a->best = mem_alloc(a->cap_best * sizeof *a->best);
    struct plan_create kept = *c;
    kept.key = arena_strdup(arena, c->key);
    if (a->n_best < a->cap_best) {
        a->best[a->n_best] = kept;
        rise(a->best, a->n_best++);
        return;
    }
    a->best[0] = kept;
    sink(a->best, a->n_best);
}

static int by_account(const void *name, const void *account)
{
    return strcmp(name, ((const struct plan_account *)account)->config->name);
}

static struct plan_account *find(const struct plan_report *r, const char *account)
{
    return account == NULL || r->n_accounts == 0
               ? NULL
               : bsearch(account, r->accounts, r->n_accounts, sizeof *r->accounts, by_account);
}

bool plan_is_about(const struct plan_report *r, const char *account)
{
    return find(r, account) != NULL;
}

void plan_count(struct plan_report *r, const struct forecast_row *row)
{
    const struct sighting *seen = row->seen;
    struct plan_account *a = find(r, seen->account);
    if (a == NULL || (seen->op.kind == OP_NONE && row->from == NULL))
        return;
    const struct plan_create c = {
        .priority = seen->priority, .mapping = row->feed->mapping->name, .key = seen->key};
    a->rebound += row->from != NULL;
    a->held += row->held;
    if (seen->op.kind != OP_NONE)
        a->op[seen->op.kind]++;
    if (seen->op.kind == OP_CREATE)
        keep_best(a, &c, &r->forecast.arena);
}

const struct plan_create *plan_first_to_wait(const struct plan_account *a)
{
    return a->deferred > 0 && a->cap_best > 0 && a->n_best == a->cap_best ? &a->best[0] : NULL;
}

/* ---- after: what it comes to --------------------------------------------------------------------
 */

/* Days since the month began, by the calendar that the quota follows (UTC: Part B). */
static double days_into_month(int64_t wall_ms, struct arena *arena)
{
    const char *now = clock_print_rfc3339(arena, wall_ms);
    int64_t day = strtol(now + 8, NULL, 10) - 1;
    return (double)day + (double)(wall_ms % (int64_t)DAY_MS) / DAY_MS;
}

/* New jobs go on at the pace of this month so far, behind what the plan itself creates. */
static const char *run_out(const struct plan_account *a, int64_t wall_ms, struct arena *arena)
{
    if (a->room == INT64_MAX)
        return NULL;
    int64_t left = a->room - a->op[OP_CREATE];
    int64_t at_ms = wall_ms;
    if (left > 0) {
        double pace = (double)a->created / fmax(days_into_month(wall_ms, arena), 1);
        double days = pace > 0 ? (double)left / pace : 366;
        at_ms += (int64_t)(fmin(days, 366) * DAY_MS);
    }
    if (at_ms >= clock_next_month_ms(wall_ms))
        return NULL;
    return arena_printf(arena, "%.10s", clock_print_rfc3339(arena, at_ms));
}

static int64_t requests_of(const struct plan_account *a, int64_t creates)
{
    const int bulk = plan_find(a->config->plan)->bulk;
    return bulk > 1 ? (creates + bulk - 1) / bulk : creates;
}

void plan_weigh(struct plan_report *r)
{
    int64_t wall_ms = clock_wall_ms();
    for (size_t i = 0; i < r->n_accounts; i++) {
        struct plan_account *a = &r->accounts[i];
        int64_t creates = a->op[OP_CREATE] < a->room ? a->op[OP_CREATE] : a->room;
        a->deferred = a->op[OP_CREATE] - creates;
        a->requests = a->op[OP_CLOSE] + a->op[OP_DELETE] - a->held + a->op[OP_UPDATE] +
                      requests_of(a, creates);
        a->deferred_requests = requests_of(a, a->deferred);
        a->runs_out = run_out(a, wall_ms, &r->forecast.arena);
    }
}
