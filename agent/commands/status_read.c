/*
 * The window and the quota are what the agent last wrote down of Qudra's headers; an agent that has
 * not run yet, or an older one, leaves gaps, which the configuration fills where it can.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "commands/status.h"

#define RUNS_SHOWN 5

/* ---- accounts -------------------------------------------------------------------------------- */

static int64_t number_of(const struct json *limits, const char *key, int64_t if_none)
{
    int64_t v;
    return json_int(json_get(limits, key), &v) ? v : if_none;
}

static void read_window(const struct json *limits, int64_t wall_ms, struct status_account *out)
{
    int64_t resets_ms;
    out->window_limit = number_of(limits, "limit", -1);
    out->window_left = number_of(limits, "left", -1);
    const char *resets_at = json_string(json_get(limits, "resets_at"));
    if (resets_at == NULL || !clock_parse_rfc3339(resets_at, &resets_ms))
        return;
    if (resets_ms > wall_ms)
        out->window_resets_at = resets_at;
    else
        out->window_left = out->window_limit; /* that window is over, and a new one is whole */
}

static int64_t configured_quota(const struct config_account *c)
{
    if (c == NULL)
        return -1;
    const struct plan *plan = plan_find(c->plan);
    return c->quota != -2 ? c->quota : plan != NULL ? plan->quota : -1;
}

static void read_quota(const struct json *limits, const struct config_account *c,
                       struct status_account *out)
{
    int64_t created = out->recorded.quota_created;
    out->quota_limit = number_of(limits, "quota", configured_quota(c));
    out->quota_unlimited = out->quota_limit < 0;
    out->quota_left = out->quota_unlimited         ? -1
                      : out->quota_limit > created ? out->quota_limit - created
                                                   : 0;
    if (out->recorded.quota_exceeded)
        out->quota_left = 0; /* Qudra's word counts for more than our sum */
}

/* "web1 pid 812 since 1769851800123" -> "web1 pid 812" */
static const char *agent_of(struct arena *a, const struct report_account *r)
{
    if (r->holder == NULL || r->lease_left_ms < 0)
        return NULL;
    const char *since = strstr(r->holder, " since ");
    return since != NULL ? arena_strndup(a, r->holder, (size_t)(since - r->holder)) : r->holder;
}

static void read_account(const struct setup *s, const struct report_account *r,
                         const struct status *st, struct status_account *out)
{
    struct err ignored = ERR_INIT; /* limits of a form we do not know are limits we do not know */
    const struct json *limits =
        r->limits != NULL ? json_read(st->arena, r->limits, strlen(r->limits), &ignored) : NULL;
    const struct setup_account *known = setup_account(s, r->name);
    *out = (struct status_account){
        .recorded = *r,
        .configured = config_account_find(s->config, r->name) != NULL ||
                      (s->config->database_accounts && r->listed),
        .agent = agent_of(st->arena, r),
        .rows = {.oldest_pending_ms = -1},
    };
    read_window(limits, st->wall_ms, out);
    read_quota(limits, known != NULL ? known->config : NULL, out);
    out->quota_turns_at = clock_print_rfc3339(st->arena, clock_next_month_ms(st->wall_ms));
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct status_account *)a)->recorded.name,
                  ((const struct status_account *)b)->recorded.name);
}

static struct status_account *find(const struct status *st, size_t n, const char *name)
{
    const struct status_account wanted = {.recorded = {.name = name}};
    return n == 0 ? NULL : bsearch(&wanted, st->accounts, n, sizeof wanted, by_name);
}

/* Those of the database, then those of the configuration that no agent has worked on yet. */
static bool read_accounts(const struct setup *s, struct pg *state, const struct report_scope *scope,
                          struct status *st, struct err *e)
{
    struct report_account *known;
    size_t n;
    if (!report_accounts(state, scope, st->arena, &known, &n, e))
        return false;
    st->accounts = arena_alloc(st->arena, (n + s->config->n_accounts + 1) * sizeof *st->accounts);
    for (size_t i = 0; i < n; i++)
        read_account(s, &known[i], st, &st->accounts[st->n_accounts++]);
    for (size_t i = 0; i < s->config->n_accounts; i++) {
        const struct report_account fresh = {.name = s->config->accounts[i].name,
                                             .lease_left_ms = -1};
        if (setup_is_chosen(s, fresh.name) && find(st, n, fresh.name) == NULL)
            read_account(s, &fresh, st, &st->accounts[st->n_accounts++]);
    }
    if (st->n_accounts > 1)
        qsort(st->accounts, st->n_accounts, sizeof *st->accounts, by_name);
    return true;
}

/* What the groups say of each account. */
static void add_rows(struct status *st)
{
    for (size_t i = 0; i < st->n_groups; i++) {
        const struct report_counts *c = &st->groups[i].counts;
        struct status_account *a = find(st, st->n_accounts, st->groups[i].account);
        if (a == NULL)
            continue;
        for (int state = 0; state < ROW_STATES; state++)
            a->rows.state[state] += c->state[state];
        if (c->oldest_pending_ms > a->rows.oldest_pending_ms)
            a->rows.oldest_pending_ms = c->oldest_pending_ms;
    }
    status_sort_accounts(st);
}

/* ---- the whole ------------------------------------------------------------------------------- */

bool status_read(const struct setup *s, struct pg *state, const struct report_scope *scope,
                 struct arena *a, struct status *out, struct err *e)
{
    struct report_code *refused, *uncertain;
    size_t n_refused, n_uncertain;
    *out = (struct status){.arena = a,
                           .wall_ms = clock_wall_ms(),
                           .database = pg_where(state),
                           .mappings = s->mappings,
                           .n_mappings = s->n_mappings,
                           .all = scope->n_accounts == 0 && scope->n_mappings == 0};
    if (!read_accounts(s, state, scope, out, e) ||
        !report_groups(state, scope, a, &out->total, &out->groups, &out->n_groups, e) ||
        !report_notes(state, scope, &out->write_back, e) ||
        !report_runs(state, RUNS_SHOWN, a, &out->runs, &out->n_runs, e) ||
        !report_codes(state, scope, ROW_REFUSED, a, &refused, &n_refused, e) ||
        !report_codes(state, scope, ROW_UNCERTAIN, a, &uncertain, &n_uncertain, e))
        return false;
    add_rows(out);
    status_judge(out, refused, n_refused, uncertain, n_uncertain);
    return true;
}
