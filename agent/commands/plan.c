/*
  * forecast: what a backfill would do, as a summary to be read before anything is sent.
 */
#include "engine/forecast.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "commands/setup.h"
#include "edges/report.h"

struct budget {
    const char *plan;
    int64_t requests, per_minute, quota, created;
    int bulk;
    int64_t deferred;   /* creates that do not fit this month */
};

/* ---- counting ------------------------------------------------------------------------------------- */

static bool open_feed(const struct setup *s, struct pg *source, const struct mapping *m,
                      struct feed *f, struct err *e)
{
    *f = (struct feed){.mapping = m,
                       .account = m->account != NULL ? m->account : s->config->accounts[0].name};
    if (!source_open(&f->source, source, m, s->config->time_zone, NULL, e))
        return false;
    f->lookup = f->source;
    return true;
}

static bool add_mappings(const struct setup *s, struct forecast *p, struct pg *source, struct err *e)
{
    for (size_t i = 0; i < s->n_mappings; i++) {
        struct feed f;
        bool ok = open_feed(s, source, s->mappings[i], &f, e) &&
                  forecast_add(p, &f, &s->config->max_remove, e);
        source_free(f.source);
        if (!ok)
            return false;
    }
    return true;
}

/* What the first account's plan allows, as far as the state and the configuration know. */
static bool weigh(const struct setup *s, const struct forecast *p, struct pg *state, struct budget *b,
                  struct err *e)
{
    const struct config_account *a = &s->config->accounts[0];
    const struct plan *limits = plan_find(a->plan);
    double left = a->headroom_percent ? (double)limits->requests * (1 - a->headroom / 100)
                                      : (double)limits->requests - a->headroom;
    bool exceeded;
    *b = (struct budget){.plan = a->plan, .bulk = limits->bulk,
                         .per_minute = left >= 1 ? (int64_t)left : 1,
                         .quota = a->quota == -2 ? limits->quota : a->quota};
    b->requests = forecast_requests(p, b->bulk);
    if (!state_quota(state, a->name, &b->created, &exceeded, e))
        return false;
    int64_t room = b->quota < 0 ? INT64_MAX : b->quota > b->created ? b->quota - b->created : 0;
    b->deferred = p->op[OP_CREATE] > room ? p->op[OP_CREATE] - room : 0;
    return true;
}

/* ---- telling ---------------------------------------------------------------------------------------- */

static void tell_operations(const struct forecast *p)
{
    printf("%lld rows looked at, %lld already as they should be\n\n", (long long)p->rows,
           (long long)p->equal);
    for (int op = 0; op < OP_NONE; op++)
        printf("  %-8s %10lld\n", op_names[op], (long long)p->op[op]);
    printf("  %-8s %10lld\n", "refused", (long long)p->refused);
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

static void tell_refusals(const struct forecast *p)
{
    if (p->n_rules == 0)
        return;
    printf("\nrefused, by rule:\n");
    for (size_t i = 0; i < p->n_rules; i++) {
        const struct forecast_rule *r = &p->rules[i];
        printf("  %-28s %6lld   for example %s", r->rule, (long long)r->rows, r->example[0]);
        for (int k = 1; k < FORECAST_EXAMPLES && r->example[k] != NULL; k++)
            printf(", %s", r->example[k]);
        printf("\n");
    }
}

static void tell_budget(const struct forecast *p, const struct budget *b, struct arena *a)
{
    int64_t ms = b->requests * 60000 / b->per_minute;
    printf("\n%lld request%s: about %s on the %s plan (%lld a minute)\n", (long long)b->requests,
           b->requests == 1 ? "" : "s", clock_print_roughly(a, ms), b->plan,
           (long long)b->per_minute);
    if (b->quota < 0)
        printf("quota: unlimited\n");
    else
        printf("quota this month: %lld used, %lld left, %lld needed\n", (long long)b->created,
               (long long)(b->quota > b->created ? b->quota - b->created : 0),
               (long long)p->op[OP_CREATE]);
    if (b->deferred > 0)
        printf("%lld creates, the last by priority, would wait until the month turns\n",
               (long long)b->deferred);
}

/* ---- as JSON ------------------------------------------------------------------------------------------ */

static void put(struct json_writer *w, const char *key, int64_t n)
{
    json_key(w, key);
    json_write_int(w, n);
}

static void write_rules(struct json_writer *w, const struct forecast *p)
{
    json_key(w, "refusals");
    json_open_array(w);
    for (size_t i = 0; i < p->n_rules; i++) {
        const struct forecast_rule *r = &p->rules[i];
        json_open_object(w);
        json_key(w, "rule");
        json_write_str(w, r->rule);
        put(w, "rows", r->rows);
        json_key(w, "message");
        json_write_str(w, r->message);
        json_key(w, "examples");
        json_open_array(w);
        for (int k = 0; k < FORECAST_EXAMPLES && r->example[k] != NULL; k++)
            json_write_str(w, r->example[k]);
        json_close_array(w);
        json_close_object(w);
    }
    json_close_array(w);
}

static void write_json(const struct forecast *p, const struct budget *b)
{
    struct buf out = BUF_INIT(16 * 1024 * 1024);
    struct json_writer w;
    json_writer_init(&w, &out);
    json_open_object(&w);
    put(&w, "rows", p->rows);
    put(&w, "equal", p->equal);
    for (int op = 0; op < OP_NONE; op++)
        put(&w, op_names[op], p->op[op]);
    put(&w, "refused", p->refused);
    put(&w, "waiting", p->waiting);
    put(&w, "create_closed", p->create_closed);
    json_key(&w, "removals_held");
    json_write_bool(&w, p->held);
    json_key(&w, "fields");
    json_open_object(&w);
    for (int f = 0; f < JOB_FIELDS; f++)
        put(&w, job_fields[f].name, p->field[f]);
    json_close_object(&w);
    write_rules(&w, p);
    put(&w, "requests", b->requests);
    put(&w, "requests_a_minute", b->per_minute);
    put(&w, "quota", b->quota);
    put(&w, "quota_used", b->created);
    put(&w, "deferred", b->deferred);
    json_close_object(&w);
    puts(buf_str(&out));
    buf_release(&out);
}

static bool make_plan(const struct setup *s, const struct invocation *in, struct pg *state,
                      struct pg *source, struct err *e)
{
    struct forecast p;
    struct budget b;
    forecast_init(&p, state);
    bool ok = add_mappings(s, &p, source, e) && weigh(s, &p, state, &b, e);
    if (ok && invocation_has(in, "--json"))
        write_json(&p, &b);
    else if (ok) {
        tell_operations(&p);
        tell_fields(&p);
        tell_refusals(&p);
        tell_budget(&p, &b, &p.arena);
    }
    forecast_release(&p);
    return ok;
}

static int run(const struct invocation *in, struct err *e)
{
    struct setup s;
    struct pg *state = NULL, *source = NULL;
    if (!setup_load(&s, in, e))
        return EXIT_CONVERGED;
    if (setup_connect_state(&s, &state, e) && setup_connect_source(&s, &source, e))
        (void)make_plan(&s, in, state, source, e); /* e says it */
    pg_free(source);
    pg_free(state);
    setup_release(&s);
    return EXIT_CONVERGED;
}

static const struct command_option options[] = {
    {"--json", NULL, "the plan as one JSON object"},
    {NULL, NULL, NULL},
};

const struct command command_plan = {
    .name = "plan",
    .arguments = "",
    .summary = "what a backfill would do, sending nothing",
    .details = "Counts creates, updates, closes and deletes, refusals by rule, requests, the time they\n"
               "take in this plan, and the quota they need.",
    .options = options,
    .run = run,
};
