/*
 * The plan as a page for a person, and as one JSON object.
 */
#include "base/clock.h"
#include "commands/output.h"
#include "commands/plan.h"

static void tell_operations(const struct forecast *p)
{
    printf("%lld rows looked at, %lld already as they should be\n\n", (long long)p->rows,
           (long long)p->equal);
    for (int op = 0; op < OP_NONE; op++)
        printf("  %-8s %10lld\n", op_names[op], (long long)p->op[op]);
    if (p->rebound > 0)
        printf("  %-8s %10lld   (new rows of equal content take over the jobs of rows that are "
               "gone: no quota, matches kept)\n",
               "rebind", (long long)p->rebound);
    printf("  %-8s %10lld\n", "refused", (long long)p->refused);
    if (p->left_out > 0)
        printf("  %-8s %10lld   (of accounts that were not chosen, or that nobody knows)\n",
               "left out", (long long)p->left_out);
    if (p->waiting > 0)
        printf("  %-8s %10lld   (their create is being settled)\n", "waiting",
               (long long)p->waiting);
    if (p->create_closed > 0)
        printf("\n%lld of the creates are closed already and would use up quota for nothing: "
               "`where` can leave them out\n",
               (long long)p->create_closed);
    if (p->held)
        printf("\nthe removals would be held by the guard (%lld of %lld): see sync.max_remove\n",
               (long long)p->removing, (long long)p->mirrored);
}

static void tell_fields(const struct forecast *p)
{
    if (p->op[OP_UPDATE] == 0)
        return;
    printf("\nfields that the updates change:\n");
    for (int f = 0; f < JOB_FIELDS; f++)
        if (p->field[f] > 0)
            printf("  %-16s %8lld\n", job_fields[f].name, (long long)p->field[f]);
}

static void tell_refusals(const struct forecast *p, struct arena *arena)
{
    if (p->refusals.n == 0)
        return;
    printf("\nrefused, by rule:\n");
    for (size_t i = 0; i < p->refusals.n; i++) {
        const struct tally_rule *r = &p->refusals.rules[i];
        printf("  %-28s %6lld", r->rule, (long long)r->rows);
        for (int k = 0; k < TALLY_EXAMPLES && r->example[k] != NULL; k++)
            printf("%s%s", k == 0 ? "   for example " : ", ", output_clean(arena, r->example[k]));
        printf("\n");
    }
}

static void tell_time(const struct plan_account *a, struct arena *arena)
{
    const char *name = a->config->name;
    printf("\naccount %s: %lld request%s: about %s on the %s plan (%lld a minute)\n", name,
           (long long)a->requests, a->requests == 1 ? "" : "s",
           clock_print_roughly(arena, a->requests * 60000 / a->plan_a_minute), a->config->plan,
           (long long)a->plan_a_minute);
    if (a->present_a_minute > 0)
        printf("  at the present rate (%lld a minute): about %s\n", (long long)a->present_a_minute,
               clock_print_roughly(arena, a->requests * 60000 / a->present_a_minute));
}

static void tell_quota(const struct plan_account *a, struct arena *arena)
{
    if (a->room == INT64_MAX) {
        printf("  quota: unlimited\n");
        return;
    }
    printf("  quota this month: %lld used, %lld left, %lld needed\n", (long long)a->created,
           (long long)a->room, (long long)a->op[OP_CREATE]);
    const struct plan_create *first = plan_first_to_wait(a);
    if (a->deferred > 0)
        printf("  %lld creates, the last by priority, would wait until the month turns, and take "
               "%lld request%s then",
               (long long)a->deferred, (long long)a->deferred_requests,
               a->deferred_requests == 1 ? "" : "s");
    if (first != NULL)
        printf("; the first of them: %s %s", first->mapping, output_clean(arena, first->key));
    if (a->deferred > 0)
        printf("\n");
    if (a->runs_out != NULL)
        printf("  at the present pace the quota runs out on %s\n", a->runs_out);
}

void plan_show(const struct plan_report *r)
{
    struct arena arena;
    tell_operations(&r->forecast);
    tell_fields(&r->forecast);
    arena_init(&arena, 0);
    tell_refusals(&r->forecast, &arena);
    for (size_t i = 0; i < r->n_accounts; i++) {
        if (r->n_accounts > 1 && r->accounts[i].requests == 0)
            continue; /* of thousands, those that have something to do */
        tell_time(&r->accounts[i], &arena);
        tell_quota(&r->accounts[i], &arena);
    }
    arena_release(&arena);
}

/* ---- as JSON
 * ------------------------------------------------------------------------------------------ */

static void put(struct json_writer *w, const char *key, int64_t n)
{
    json_key(w, key);
    json_write_int(w, n);
}

static void write_rules(struct json_writer *w, const struct forecast *p)
{
    json_key(w, "refusals");
    json_open_array(w);
    for (size_t i = 0; i < p->refusals.n; i++) {
        const struct tally_rule *r = &p->refusals.rules[i];
        json_open_object(w);
        json_key(w, "rule");
        json_write_str(w, r->rule);
        put(w, "rows", r->rows);
        json_key(w, "message");
        json_write_str(w, r->message);
        json_key(w, "examples");
        json_open_array(w);
        for (int k = 0; k < TALLY_EXAMPLES && r->example[k] != NULL; k++)
            json_write_str(w, r->example[k]);
        json_close_array(w);
        json_close_object(w);
    }
    json_close_array(w);
}

static void write_first_to_wait(struct json_writer *w, const struct plan_account *a)
{
    const struct plan_create *first = plan_first_to_wait(a);
    json_key(w, "first_to_wait");
    if (first == NULL) {
        json_write_null(w);
        return;
    }
    json_open_object(w);
    output_member_str(w, "mapping", first->mapping);
    output_member_str(w, "key", first->key);
    json_close_object(w);
}

static void write_account(struct json_writer *w, const struct plan_account *a)
{
    json_open_object(w);
    output_member_str(w, "account", a->config->name);
    output_member_str(w, "plan", a->config->plan);
    for (int op = 0; op < OP_NONE; op++)
        put(w, op_names[op], a->op[op]);
    put(w, "rebind", a->rebound);
    put(w, "removals_held", a->held);
    put(w, "requests", a->requests);
    put(w, "deferred_requests", a->deferred_requests);
    put(w, "requests_a_minute", a->plan_a_minute);
    output_member_ms(w, "present_requests_a_minute", a->present_a_minute);
    put(w, "quota", a->quota);
    put(w, "quota_used", a->created);
    put(w, "deferred", a->deferred);
    write_first_to_wait(w, a);
    output_member_str(w, "quota_runs_out_on", a->runs_out);
    json_close_object(w);
}

/* The budget of all accounts together, with the first one's rate and quota. */
static void write_budget(struct json_writer *w, const struct plan_report *r)
{
    const struct plan_account *first = &r->accounts[0];
    int64_t requests = 0, deferred = 0, deferred_requests = 0;
    for (size_t i = 0; i < r->n_accounts; i++) {
        requests += r->accounts[i].requests;
        deferred += r->accounts[i].deferred;
        deferred_requests += r->accounts[i].deferred_requests;
    }
    put(w, "requests", requests);
    put(w, "requests_a_minute", first->plan_a_minute);
    put(w, "quota", first->quota);
    put(w, "quota_used", first->created);
    put(w, "deferred", deferred);
    put(w, "deferred_requests", deferred_requests);
    json_key(w, "accounts");
    json_open_array(w);
    for (size_t i = 0; i < r->n_accounts; i++)
        write_account(w, &r->accounts[i]);
    json_close_array(w);
}

static void write_counts(struct json_writer *w, const struct forecast *p)
{
    put(w, "rows", p->rows);
    put(w, "left_out", p->left_out);
    put(w, "equal", p->equal);
    for (int op = 0; op < OP_NONE; op++)
        put(w, op_names[op], p->op[op]);
    put(w, "rebind", p->rebound);
    put(w, "refused", p->refused);
    put(w, "waiting", p->waiting);
    put(w, "create_closed", p->create_closed);
    json_key(w, "removals_held");
    json_write_bool(w, p->held);
    json_key(w, "fields");
    json_open_object(w);
    for (int f = 0; f < JOB_FIELDS; f++)
        put(w, job_fields[f].name, p->field[f]);
    json_close_object(w);
}

void plan_write_json(const struct plan_report *r)
{
    struct buf out = BUF_INIT((size_t)256 * 1024 * 1024);
    struct json_writer w;
    json_writer_init(&w, &out);
    json_open_object(&w);
    write_counts(&w, &r->forecast);
    write_rules(&w, &r->forecast);
    write_budget(&w, r);
    json_close_object(&w);
    puts(buf_str(&out));
    buf_release(&out);
}
