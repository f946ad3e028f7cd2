/*
 * The order of a real gateway: key, window, then the request itself. The fault script stands
 * between: what it makes of a request is decided once, before the key is looked at (so that a key
 * can be revoked under a request), and worked out in three places: instead of the endpoint, inside
 * it (call_has), and on its answer.
 */
#include "partner.h"

#include <string.h>

enum { TIMEOUT_MS = 120000, SLOW_MS = 2000, RETRY_AFTER_S = 2 };

#define JOBS_PATH "/v1/partner/jobs"

bool call_has(const struct call *c, enum fault_kind kind)
{
    return c->fault != NULL && c->fault->kind == kind;
}

void call_error(struct call *c, int status, const char *code)
{
    answer_error(c->s, c->a, status, code);
}

/* ---- faults --------------------------------------------------------------------------------- */

static void answer_bad_gateway(struct answer *a)
{
    a->status = 502;
    a->html = true;
    buf_clear(&a->body);
    buf_addstr(&a->body, "<html><head><title>502 Bad Gateway</title></head>"
                         "<body><h1>502 Bad Gateway</h1></body></html>\n");
}

static void hold(struct call *c, enum delivery delivery, int64_t default_ms)
{
    c->a->delivery = delivery;
    c->a->delay_ms = c->fault->ms > 0 ? c->fault->ms : default_ms;
}

static int64_t retry_after(const struct call *c)
{
    return c->fault->value >= 0 ? c->fault->value : RETRY_AFTER_S;
}

/* True when the fault takes the place of the endpoint. */
static bool fault_instead(struct call *c)
{
    if (c->fault == NULL)
        return false;
    if (call_has(c, FAULT_429)) {
        call_error(c, 429, "partner.rate_limit");
        c->a->retry_after_s = retry_after(c);
    } else if (call_has(c, FAULT_500)) {
        call_error(c, 500, "partner.internal");
    } else if (call_has(c, FAULT_502_HTML)) {
        answer_bad_gateway(c->a);
    } else if (call_has(c, FAULT_503)) {
        call_error(c, 503, "partner.unavailable");
        c->a->retry_after_s = retry_after(c);
    } else if (call_has(c, FAULT_GONE_404)) {
        call_error(c, 404, "partner.not_found");
    } else if (call_has(c, FAULT_TIMEOUT)) {
        hold(c, DELIVER_NEVER, TIMEOUT_MS);
    } else if (call_has(c, FAULT_RESET_BEFORE)) {
        c->a->delivery = DELIVER_RESET;
    } else {
        return false;
    }
    return true;
}

static void garble(struct buf *body)
{
    buf_truncate(body, body->len / 2);
    buf_addstr(body, "\"}<<garbage");
}

/* What a fault does to the answer of a request that was handled. */
static void fault_afterwards(struct call *c)
{
    struct answer *a = c->a;
    if (c->fault == NULL)
        return;
    if (call_has(c, FAULT_TIMEOUT_AFTER))
        hold(c, DELIVER_NEVER, TIMEOUT_MS);
    else if (call_has(c, FAULT_SLOW))
        hold(c, DELIVER_WHOLE, SLOW_MS);
    else if (call_has(c, FAULT_RESET_AFTER) || (call_has(c, FAULT_HALF_APPLIED) && a->status == 0))
        a->delivery = DELIVER_RESET;
    else if (call_has(c, FAULT_5XX_AFTER))
        call_error(c, 500, "partner.internal");
    else if (call_has(c, FAULT_502_HTML_AFTER))
        answer_bad_gateway(a);
    else if (call_has(c, FAULT_HALF_BODY))
        a->delivery = DELIVER_HALF;
    else if (call_has(c, FAULT_GARBAGE_JSON))
        garble(&a->body);
    else if (call_has(c, FAULT_DROP_HEADERS))
        a->has_rate = false;
    else if (call_has(c, FAULT_LIE_REMAINING))
        a->rate.remaining = c->fault->value >= 0 ? c->fault->value : a->rate.limit;
}

/* ---- admission --------------------------------------------------------------------------------
 */

static struct key *find_key(const struct call *c)
{
    static const char scheme[] = "Bearer ";
    const char *header = c->q->authorization;
    if (header == NULL || strncmp(header, scheme, sizeof(scheme) - 1) != 0)
        return NULL;
    return accounts_key(&c->s->accounts, header + sizeof(scheme) - 1);
}

static void begin_fault(struct call *c)
{
    const char *account = c->key == NULL ? "" : c->key->account->name;
    c->fault = faults_pick(c->s, c->q->method, c->q->path, account);
    if (c->key != NULL && call_has(c, FAULT_REVOKE_KEY))
        c->key->revoked = true;
    if (c->key != NULL && call_has(c, FAULT_PLAN_CHANGE))
        c->key->account->plan = c->fault->plan;
}

/* Key and window. False after answering 401 or 429. */
static bool admit(struct call *c)
{
    const struct options *o = &c->s->options;
    c->a->has_rate = true;
    if (c->key == NULL || c->key->revoked) {
        c->a->rate = window_of_nobody(o, c->now_ms);
        call_error(c, 401, "partner.unauthorized");
        return false;
    }
    if (window_take(c->key, o, c->now_ms, &c->a->rate))
        return true;
    c->s->stats.breaches++;
    call_error(c, 429, "partner.rate_limit");
    int64_t wait_ms = c->a->rate.reset_s * 1000 - c->now_ms;
    c->a->retry_after_s = (wait_ms + 999) / 1000;
    return false;
}

/* ---- routes -----------------------------------------------------------------------------------
 */

/* A body must be there, be JSON and say so. */
static bool body_ok(struct call *c)
{
    static const char json[] = "application/json";
    const char *type = c->q->content_type;
    if (type == NULL || strncasecmp(type, json, sizeof(json) - 1) != 0 ||
        strchr("; ", type[sizeof(json) - 1]) == NULL)
        call_error(c, 415, "partner.unsupported_media_type");
    else if (c->q->body_too_large)
        call_error(c, 413, "partner.payload_too_large");
    else if (c->body == NULL)
        call_error(c, 400, "partner.malformed");
    else
        return true;
    return false;
}

static void not_allowed(struct call *c, const char *allow)
{
    call_error(c, 405, "partner.method_not_allowed");
    c->a->allow = allow;
}

static void route_jobs(struct call *c)
{
    if (strcmp(c->q->method, "GET") == 0) {
        c->kind = KIND_LIST;
        partner_list_jobs(c);
    } else if (strcmp(c->q->method, "POST") == 0) {
        c->kind = KIND_CREATE;
        if (body_ok(c))
            partner_post_job(c);
    } else {
        not_allowed(c, "GET, POST");
    }
}

static void route_update(struct call *c, const char *id)
{
    bool put = strcmp(c->q->method, "PUT") == 0;
    int64_t method = c->s->options.update_method;
    c->kind = KIND_UPDATE;
    if (method == (put ? UPDATE_PATCH : UPDATE_PUT))
        not_allowed(c, put ? "GET, PATCH, DELETE" : "GET, PUT, DELETE");
    else if (body_ok(c))
        partner_change_job(c, id, put);
}

static void route_job(struct call *c, const char *id)
{
    const char *method = c->q->method;
    if (strcmp(method, "GET") == 0) {
        c->kind = KIND_READ;
        partner_get_job(c, id);
    } else if (strcmp(method, "DELETE") == 0) {
        c->kind = KIND_DELETE;
        partner_delete_job(c, id);
    } else if (strcmp(method, "PATCH") == 0 || strcmp(method, "PUT") == 0) {
        route_update(c, id);
    } else {
        not_allowed(c, "GET, PATCH, PUT, DELETE");
    }
}

static void route_bulk(struct call *c)
{
    c->kind = KIND_BULK;
    if (strcmp(c->q->method, "POST") != 0)
        not_allowed(c, "POST");
    else if (body_ok(c))
        partner_post_bulk(c);
}

static void route(struct call *c)
{
    const char *path = c->q->path;
    const size_t prefix = sizeof(JOBS_PATH) - 1;
    if (strcmp(path, c->s->options.bulk_path) == 0)
        route_bulk(c);
    else if (strcmp(path, JOBS_PATH) == 0)
        route_jobs(c);
    else if (strncmp(path, JOBS_PATH "/", prefix + 1) == 0 &&
             strchr(path + prefix + 1, '/') == NULL)
        route_job(c, path + prefix + 1);
    else
        call_error(c, 404, "partner.not_found");
}

/* What the log calls a request that never reached its endpoint. */
static enum kind kind_by_path(const struct call *c)
{
    const char *m = c->q->method, *path = c->q->path;
    if (strcmp(path, c->s->options.bulk_path) == 0)
        return KIND_BULK;
    if (strcmp(path, JOBS_PATH) == 0)
        return strcmp(m, "POST") == 0 ? KIND_CREATE : KIND_LIST;
    if (strncmp(path, JOBS_PATH "/", sizeof(JOBS_PATH)) != 0)
        return KIND_OTHER;
    if (strcmp(m, "GET") == 0)
        return KIND_READ;
    return strcmp(m, "DELETE") == 0 ? KIND_DELETE : KIND_UPDATE;
}

/* ---- the whole --------------------------------------------------------------------------------
 */

static void log_call(const struct call *c)
{
    bool answered = c->a->delivery == DELIVER_WHOLE || c->a->delivery == DELIVER_HALF;
    struct log_entry entry = {.at_ms = c->now_ms,
                              .account = c->key == NULL ? NULL : c->key->account,
                              .status = answered ? c->a->status : 0,
                              .fault = c->fault == NULL ? FAULT_NONE : c->fault->kind,
                              .items = c->items};
    snprintf(entry.method, sizeof(entry.method), "%s", c->q->method);
    snprintf(entry.path, sizeof(entry.path), "%s", c->q->path);
    stats_log(&c->s->stats, c->kind, &entry);
}

static void delay(struct call *c)
{
    const struct options *o = &c->s->options;
    c->a->delay_ms += o->latency_ms;
    if (o->jitter_ms > 0)
        c->a->delay_ms += (int64_t)sandbox_random(c->s, (uint64_t)o->jitter_ms + 1);
}

static void handle(struct call *c)
{
    c->now_ms = sandbox_now_ms(c->s);
    c->a->date_ms = c->now_ms;
    c->a->retry_as_date = c->s->options.retry_after == RETRY_AFTER_DATE;
    c->kind = kind_by_path(c);
    c->key = find_key(c);
    begin_fault(c);
    if (admit(c)) {
        if (!fault_instead(c)) {
            route(c);
            fault_afterwards(c);
        }
    }
    delay(c);
    log_call(c);
}

void partner_handle(struct sandbox *s, const struct request *q, struct answer *a)
{
    struct arena arena;
    struct err e = ERR_INIT;
    arena_init(&arena, 0);
    struct call c = {.s = s, .q = q, .a = a, .arena = &arena};
    if (q->body_len > 0 && !q->body_too_large)
        c.body = json_read(&arena, q->body, q->body_len, &e);
    pthread_mutex_lock(&s->lock);
    handle(&c);
    pthread_mutex_unlock(&s->lock);
    arena_release(&arena);
}
