/*
 * One table of method, path and handler. A handler that cannot do what it was asked fills the err,
 * which becomes a plain 400: the admin speaks to developers, in English.
 */
#include "admin.h"

#include <stdlib.h>
#include <string.h>

struct admin {
    struct sandbox *s;
    const struct request *q;
    struct answer *a;
    const struct json *body;
    struct arena *arena;
    struct err *e;
};

static const char *text_of(const struct admin *m, const char *name)
{
    return json_string(json_get(m->body, name));
}

static bool get_jobs(struct admin *m)
{
    m->a->stream = true;
    m->a->status = 200;
    return true;
}

static bool get_stats(struct admin *m)
{
    struct json_writer w;
    json_writer_init(&w, &m->a->body);
    admin_write_stats(m->s, &w);
    return true;
}

static bool get_log(struct admin *m)
{
    struct json_writer w;
    json_writer_init(&w, &m->a->body);
    admin_write_log(m->s, &w, m->q->limit == NULL ? UINT64_MAX : strtoull(m->q->limit, NULL, 10));
    return true;
}

static bool get_faults(struct admin *m)
{
    struct json_writer w;
    json_writer_init(&w, &m->a->body);
    faults_write(&m->s->faults, &w);
    return true;
}

static bool post_faults(struct admin *m)
{
    return faults_add(&m->s->faults, m->body, m->e);
}

static bool delete_faults(struct admin *m)
{
    faults_clear(&m->s->faults);
    return true;
}

static bool post_reset(struct admin *m)
{
    struct sandbox *s = m->s;
    accounts_reset(&s->accounts);
    jobs_reset(&s->jobs);
    faults_clear(&s->faults);
    stats_reset(&s->stats);
    s->months_turned = 0;
    return true;
}

static bool read_limit(struct admin *m, const char *name, int64_t *out)
{
    const struct json *v = json_get(m->body, name);
    if (v == NULL)
        return true;
    if (v->type == JSON_NULL)
        *out = OPTIONS_BY_PLAN;
    else if (v->type == JSON_STRING && strcmp(v->text, "unlimited") == 0)
        *out = OPTIONS_UNLIMITED;
    else if (!json_int(v, out) || *out < 0)
        return err_set(m->e, ERR_USAGE, "\"%s\" must be a number, \"unlimited\" or null", name);
    return true;
}

/* plan, limit, quota and quota_used of an account, each where given. */
static bool change_account(struct admin *m, struct account *account)
{
    const char *plan = text_of(m, "plan");
    if (plan != NULL && !plan_read(plan, &account->plan))
        return err_set(m->e, ERR_USAGE, "unknown plan \"%s\"", plan);
    (void)quota_left(account, &m->s->options, sandbox_month(m->s));
    return read_limit(m, "limit", &account->limit) && read_limit(m, "quota", &account->quota) &&
           read_limit(m, "quota_used", &account->quota_used);
}

static bool post_plan(struct admin *m)
{
    const char *name = text_of(m, "account");
    struct account *account = name == NULL ? NULL : accounts_find(&m->s->accounts, name);
    if (account == NULL)
        return err_set(m->e, ERR_USAGE, "no such \"account\"");
    return change_account(m, account);
}

static bool post_keys(struct admin *m)
{
    const char *text = text_of(m, "key"), *action = text_of(m, "action");
    const char *name = text_of(m, "account");
    if (text == NULL)
        return err_set(m->e, ERR_USAGE, "\"key\" is missing");
    struct key *key = accounts_key(&m->s->accounts, text);
    if (action != NULL && strcmp(action, "revoke") == 0) {
        if (key == NULL)
            return err_set(m->e, ERR_USAGE, "no such key");
        key->revoked = true;
        return true;
    }
    if (action != NULL && strcmp(action, "add") != 0)
        return err_set(m->e, ERR_USAGE, "\"action\" is add or revoke");
    if (name == NULL)
        name = key == NULL ? text : key->account->name;
    const struct account *account = accounts_find(&m->s->accounts, name);
    enum plan plan = account == NULL ? PLAN_GROWTH : account->plan;
    return change_account(m, accounts_add(&m->s->accounts, text, name, plan)->account);
}

static bool post_clock(struct admin *m)
{
    const struct json *offset = json_get(m->body, "offset_ms");
    if (offset != NULL && !json_int(offset, &m->s->clock_offset_ms))
        return err_set(m->e, ERR_USAGE, "\"offset_ms\" must be a whole number");
    if (json_bool(json_get(m->body, "next_month"), false))
        m->s->months_turned++;
    return true;
}

static bool post_options(struct admin *m)
{
    if (m->body->type != JSON_OBJECT)
        return err_set(m->e, ERR_USAGE, "give an object of option names and values");
    for (const struct json *v = m->body->first; v != NULL; v = v->next) {
        const char *text = v->type == JSON_BOOL ? (v->boolean ? "yes" : "no") : v->text;
        if (text == NULL)
            return err_set(m->e, ERR_USAGE, "\"%s\" needs a text, number or boolean", v->key);
        if (!options_change(&m->s->options, v->key, text, m->e))
            return false;
    }
    return true;
}

/* A person at Qudra edits or deletes a job: the rules hold, keys and limits do not. */
static bool post_job(struct admin *m, const char *id)
{
    struct sandbox *s = m->s;
    uint32_t place;
    const struct job *job = jobs_find(&s->jobs, id, &place);
    if (job == NULL || job->deleted_ms != 0)
        return err_set(m->e, ERR_USAGE, "no live job \"%s\"", id);
    if (json_bool(json_get(m->body, "deleted"), false)) {
        jobs_delete(&s->jobs, place, sandbox_now_ms(s));
        return true;
    }
    struct content content = job_content(job);
    struct refusals refusals;
    if (!rules_read_changes(m->body, &s->cities, &content, &refusals))
        return err_set(m->e, ERR_USAGE, "%s: %s", refusals.all[0].field, refusals.all[0].message);
    jobs_update(&s->jobs, place, &content, sandbox_now_ms(s));
    return true;
}

static const struct {
    const char *method;
    const char *path;
    bool (*handle)(struct admin *m);
    bool needs_body;
} routes[] = {
    {"GET", "jobs", get_jobs, false},        {"GET", "stats", get_stats, false},
    {"GET", "log", get_log, false},          {"GET", "faults", get_faults, false},
    {"POST", "faults", post_faults, true},   {"DELETE", "faults", delete_faults, false},
    {"POST", "reset", post_reset, false},    {"POST", "plan", post_plan, true},
    {"POST", "keys", post_keys, true},       {"POST", "clock", post_clock, true},
    {"POST", "options", post_options, true},
};

static bool route(struct admin *m)
{
    const char *path = m->q->path + strlen(ADMIN_PREFIX);
    bool post = strcmp(m->q->method, "POST") == 0;
    if (post && strncmp(path, "jobs/", 5) == 0 && m->body != NULL)
        return post_job(m, path + 5);
    for (size_t i = 0; i < ARRAY_LEN(routes); i++) {
        if (strcmp(routes[i].path, path) != 0 || strcmp(routes[i].method, m->q->method) != 0)
            continue;
        if (routes[i].needs_body && m->body == NULL)
            return err_set(m->e, ERR_USAGE, "the body must be JSON");
        return routes[i].handle(m);
    }
    return err_set(m->e, ERR_USAGE, "no \"%s %s\" here", m->q->method, m->q->path);
}

static void finish(struct admin *m, bool ok)
{
    if (ok && (m->a->stream || m->a->body.len > 0)) {
        m->a->status = 200;
        return;
    }
    m->a->status = ok ? 200 : 400;
    struct json_writer w;
    json_writer_init(&w, &m->a->body);
    json_open_object(&w);
    json_key(&w, ok ? "ok" : "error");
    if (ok)
        json_write_bool(&w, true);
    else
        json_write_str(&w, m->e->message);
    json_close_object(&w);
}

void admin_handle(struct sandbox *s, const struct request *q, struct answer *a)
{
    struct arena arena;
    struct err e = ERR_INIT, torn = ERR_INIT;
    arena_init(&arena, 0);
    struct admin m = {.s = s, .q = q, .a = a, .arena = &arena, .e = &e};
    if (q->body_len > 0)
        m.body = json_read(&arena, q->body, q->body_len, &torn);
    pthread_mutex_lock(&s->lock);
    a->date_ms = sandbox_now_ms(s);
    finish(&m, route(&m));
    pthread_mutex_unlock(&s->lock);
    arena_release(&arena);
}
