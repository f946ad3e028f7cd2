/*
 * Answers. First the verdict of the status as a whole (one table of rules, `judge`), then, for a
 * 2xx, what the body says row by row. A create is done only by an id of its own in an answer that
 * leaves no doubt; every doubt is UNCERTAIN, because only looking can tell (promise 2). An update
 * or a removal may be repeated, so there doubt is RETRY.
 */
#include "edges/qudra.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <xxhash.h>

#include "base/utf8.h"
#include "edges/qudra_texts.h"

#define TEXT_MAX 4096 /* bytes of a text of Qudra's that are kept */

struct reading {
    const struct dialect *d;
    const struct http_response *r;
    const struct json *root; /* NULL: no JSON */
    struct arena *a;
    enum op_kind op; /* OP_NONE: a list */
    bool bulk;
    size_t n;
};

/* Doubt: a create must be looked for, anything else can be repeated. */
static enum outcome_kind in_doubt(const struct reading *q)
{
    return q->op == OP_CREATE ? OUTCOME_UNCERTAIN : OUTCOME_RETRY;
}

/* ---- texts of Qudra's --------------------------------------------------------------------------
 */

/* Bounded, and without control characters that could forge lines; NULL when there is nothing. */
static const char *tidy(const char *s, struct arena *a)
{
    if (!s || *s == '\0')
        return NULL;
    const size_t len = utf8_cut(s, strlen(s), TEXT_MAX);
    char *copy = arena_strndup(a, s, len);
    utf8_blank_controls(copy, len);
    return copy;
}

static const char *text_at(const struct json *object, const char *key, struct arena *a)
{
    return tidy(json_string(json_get(object, key)), a);
}

/* Part B: what is wrong with which field: [{"field", "message"}], {"field": "message"} or texts. */
static void add_details(struct buf *b, const struct json *details)
{
    const char *before = " (";
    if (!details || (details->type != JSON_ARRAY && details->type != JSON_OBJECT))
        return;
    for (const struct json *v = details->first; v; v = v->next) {
        const char *field = v->key ? v->key : json_string(json_get(v, "field"));
        const char *why = json_string(v) ? json_string(v) : json_string(json_get(v, "message"));
        if (!field && !why)
            continue;
        buf_printf(b, "%s%s%s%s", before, field ? field : "", field && why ? ": " : "",
                   why ? why : "");
        before = "; ";
    }
    if (before[0] == ';')
        buf_addch(b, ')');
}

static const char *message_of(const struct json *error, struct arena *a)
{
    struct buf b = BUF_INIT((size_t)1 << 20);
    const char *message =
        json_string(error) ? json_string(error) : json_string(json_get(error, "message"));
    buf_addstr(&b, message ? message : "");
    add_details(&b, json_get(error, "details"));
    const char *out = tidy(buf_str(&b), a);
    buf_release(&b);
    return out;
}

static const char *first_text(const struct json *object, const char *const *keys, struct arena *a)
{
    for (; *keys; keys++)
        if (text_at(object, *keys, a))
            return text_at(object, *keys, a);
    return NULL;
}

/* Part A: {"code", "message", "messageAr", "request_id"}. False: it says nothing. The code may be
 * missing. */
static bool read_error(const struct json *error, struct outcome *o, struct arena *a)
{
    static const char *const arabic[] = {"messageAr", "message_ar", NULL};
    static const char *const request[] = {"request_id", "requestId", NULL};
    if (!error || (error->type != JSON_OBJECT && error->type != JSON_STRING))
        return false;
    const char *code = text_at(error, "code", a), *message = message_of(error, a);
    if (!code && !message)
        return false;
    o->code = code;
    o->message = message ? message : code;
    o->message_ar = first_text(error, arabic, a);
    o->request_id = first_text(error, request, a);
    return true;
}

/* ---- the verdict of a status -------------------------------------------------------------------
 */

static bool is_quota(const struct reading *q, const char *code)
{
    return code && q->d->quota_code[0] != '\0' && strcasestr(code, q->d->quota_code) != NULL;
}

/* The address does not exist, or not for this plan: for a bulk-create there are single creates. */
static enum outcome_kind not_here(const struct reading *q, enum outcome_kind otherwise)
{
    return q->bulk ? OUTCOME_SPLIT : otherwise;
}

static enum outcome_kind judge_missing(const struct reading *q)
{
    switch (q->op) {
    case OP_CLOSE:
    case OP_DELETE:
    case OP_UPDATE:
        return OUTCOME_GONE;
    case OP_CREATE: /* a wrong path in `endpoints` must not refuse every row for ever */
    case OP_NONE:
        return not_here(q, OUTCOME_RETRY);
    }
    return OUTCOME_RETRY;
}

/* Not 2xx. Codes of Part A are 401, 403 and 429; the rest is Part B and what HTTP says. */
static enum outcome_kind judge(const struct reading *q, int status, const char *code)
{
    const bool quota = is_quota(q, code) || status == 402;
    if (quota && (status == 402 || status == 403 || status == 429))
        return q->op == OP_CREATE ? OUTCOME_QUOTA : OUTCOME_RETRY;
    switch (status) {
    case 401:
        return OUTCOME_STOP;
    case 403:
        return not_here(q, OUTCOME_STOP);
    case 429:
        return q->op != OP_NONE && qudra_is_unpaced(q->r) ? OUTCOME_RETRY : OUTCOME_LIMITED;
    case 404:
    case 410:
        return judge_missing(q);
    case 405:
        return not_here(q, OUTCOME_RETRY);
    case 421: /* refused before it was looked at */
    case 425:
        return OUTCOME_RETRY;
    case 407: /* the proxy's: it never went further */
        return OUTCOME_RETRY;
    case 408:
    case 409: /* a twin of this request may have been applied, or be at work */
        return in_doubt(q);
    }
    if (status < 400 || status >= 500)
        return in_doubt(q);
    if (q->op == OP_NONE)
        return OUTCOME_RETRY;
    return q->bulk && q->n > 1 ? OUTCOME_SPLIT : OUTCOME_REFUSED;
}

/* Everything but a 2xx that came whole: one outcome for all rows. */
static struct outcome whole(const struct reading *q)
{
    struct outcome o = {.match_ready = -1};
    const int status = q->r->status;
    const char *request_id = tidy(http_header(q->r, "x-request-id"), q->a);
    if (q->r->end == HTTP_NOT_SENT) {
        o.kind = OUTCOME_RETRY;
        qudra_texts_say(&o, QUDRA_UNREACHABLE, 0, q->a);
    } else if (q->r->end == HTTP_LOST) {
        const bool late = strcasestr(q->r->failure, "timed out") != NULL;
        o.kind = in_doubt(q);
        qudra_texts_say(&o,
                        status > 0 ? QUDRA_TORN_BODY
                        : late     ? QUDRA_TIMEOUT
                                   : QUDRA_CONNECTION_LOST,
                        0, q->a);
    } else {
        if (!read_error(json_get(q->root, "error"), &o, q->a) && !read_error(q->root, &o, q->a))
            qudra_texts_say(&o, QUDRA_HTTP_STATUS, status, q->a);
        if (!o.code)
            o.code = arena_printf(q->a, "http_status_%d", status);
        o.kind = judge(q, status, o.code);
        /* How push knows a plan without bulk-create from a request with a bad row in it. */
        if (o.kind == OUTCOME_SPLIT &&
            (status == 403 || status == 404 || status == 405 || status == 410))
            o.code = "partner.forbidden";
        if (o.kind == OUTCOME_DONE)
            o.code = o.message = o.message_ar = NULL;
    }
    if (!o.request_id && request_id &&
        utf8_valid(request_id, strlen(request_id)) == strlen(request_id))
        o.request_id = request_id;
    return o;
}

static struct outcome doubtful(const struct reading *q, enum qudra_text why)
{
    struct outcome o = {.kind = in_doubt(q), .match_ready = -1};
    qudra_texts_say(&o, why, 0, q->a);
    return o;
}

/* ---- a job -------------------------------------------------------------------------------------
 */

/* Part A: "begins job_". Another id is not a job's. */
static const char *id_of(const struct json *job)
{
    const char *id = json_string(json_get(job, "id"));
    return id && strncmp(id, "job_", 4) == 0 && strlen(id) <= 256 ? id : NULL;
}

/* Part B: one object at top level, or under data or job. */
static const struct json *job_in(const struct json *v)
{
    const struct json *data = json_get(v, "data");
    const struct json *const places[] = {json_get(v, "job"), json_get(data, "job"), data, v};
    for (size_t i = 0; i < ARRAY_LEN(places); i++)
        if (id_of(places[i]))
            return places[i];
    return NULL;
}

static struct outcome done_with(const struct json *job, struct arena *a)
{
    struct outcome o = {.kind = OUTCOME_DONE, .match_ready = -1};
    const struct json *ready = json_get(job, "match_ready");
    if (!job)
        return o;
    struct job *fields = arena_alloc(a, sizeof *fields);
    job_read(job, fields);
    o.answered = fields;
    o.job_id = id_of(job);
    o.qudra_url = text_at(job, "qudra_url", a);
    o.job_status = text_at(job, "status", a);
    o.embedding_status = text_at(job, "embedding_status", a);
    o.created_at = text_at(job, "created_at", a);
    if (ready && ready->type == JSON_BOOL)
        o.match_ready = ready->boolean ? 1 : 0;
    return o;
}

/* ---- one row -----------------------------------------------------------------------------------
 */

static bool has_error(const struct json *v)
{
    const struct json *error = json_get(v, "error");
    return error && error->type != JSON_NULL && !(error->type == JSON_BOOL && !error->boolean);
}

/* A 2xx to a request about one row. */
static struct outcome single(const struct reading *q)
{
    const struct json *job = job_in(q->root);
    if (q->op == OP_CREATE) {
        if (has_error(q->root))
            return doubtful(q, QUDRA_CONTRADICTION);
        return job ? done_with(job, q->a) : doubtful(q, q->root ? QUDRA_NO_ID : QUDRA_TORN_BODY);
    }
    /* 204 has no body; a page of some portal with 200 is not Qudra's word. */
    if ((!q->root && q->r->body_len > 0) || has_error(q->root))
        return doubtful(q, QUDRA_TORN_BODY);
    return done_with(q->op == OP_DELETE ? NULL : job, q->a);
}

/* ---- bulk (Part B) -----------------------------------------------------------------------------
 */

static const struct json *array_at(const struct json *v, const char *key)
{
    const struct json *found = json_get(v, key);
    return found && found->type == JSON_ARRAY ? found : NULL;
}

/* The list at top level, or under one of its names, or so under data. */
static const struct json *list_in(const struct json *v)
{
    static const char *const names[] = {"results", "data", "jobs", "items"};
    if (v && v->type == JSON_ARRAY)
        return v;
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (array_at(v, names[i]))
            return array_at(v, names[i]);
    const struct json *data = json_get(v, "data");
    for (size_t i = 0; data && i < ARRAY_LEN(names); i++)
        if (array_at(data, names[i]))
            return array_at(data, names[i]);
    return NULL;
}

/* The words are in lower case. strcasestr would prepare each of them anew for a word as short. */
static bool contains_any(const char *s, const char *const *words)
{
    for (; s && *s != '\0'; s++)
        for (const char *const *w = words; *w; w++)
            if ((*s | 0x20) == **w && strncasecmp(s, *w, strlen(*w)) == 0)
                return true;
    return false;
}

static bool says_failed(const struct json *item)
{
    static const char *const words[] = {"fail", "error", "reject", "refus", "invalid", NULL};
    int64_t status;
    if (json_int(json_get(item, "status"), &status))
        return status >= 400;
    return contains_any(json_string(json_get(item, "status")), words);
}

/* A row that failed alone. Failures of the server's are no verdict on the row. */
static struct outcome failed_item(const struct reading *q, const struct json *item)
{
    static const char *const servers[] = {"internal", "unavailable", "timeout", "server_error",
                                          NULL};
    struct outcome o = {.kind = OUTCOME_REFUSED, .match_ready = -1};
    int64_t status = 0;
    if (!read_error(json_get(item, "error"), &o, q->a))
        qudra_texts_say(&o, QUDRA_NO_REASON, 0, q->a);
    if (!o.code)
        o.code = "refused";
    if ((json_int(json_get(item, "status"), &status) && status >= 500) ||
        contains_any(o.code, servers))
        o.kind = OUTCOME_UNCERTAIN;
    else if (is_quota(q, o.code))
        o.kind = OUTCOME_QUOTA;
    else if (status == 429 || strcasestr(o.code, "rate_limit"))
        o.kind = OUTCOME_LIMITED;
    return o;
}

static struct outcome item_outcome(const struct reading *q, const struct json *item)
{
    const struct json *job = job_in(item);
    const bool failed = has_error(item) || says_failed(item);
    if (job && failed)
        return doubtful(q, QUDRA_CONTRADICTION);
    if (job)
        return done_with(job, q->a);
    return failed ? failed_item(q, item) : doubtful(q, QUDRA_NO_ID);
}

/* Which item speaks of row i; false: the list as a whole cannot be matched. */
static bool match_items(const struct json *list, size_t n, const struct json **items, bool *twice)
{
    size_t at = 0, indexed = 0;
    for (const struct json *v = list->first; v; v = v->next)
        indexed += json_get(v, "index") != NULL;
    if (indexed == 0 && list->count != n)
        return false;
    for (const struct json *v = list->first; v; v = v->next, at++) {
        int64_t i = (int64_t)at;
        if (indexed > 0 && !json_int(json_get(v, "index"), &i))
            continue;
        if (i < 0 || (uint64_t)i >= n)
            return false; /* a numbering that is not ours: none of it is to be trusted */
        twice[i] = items[i] != NULL;
        items[i] = v;
    }
    return true;
}

struct claim {
    XXH64_hash_t of; /* the job's id: numbers are sorted faster than texts */
    struct outcome *by;
};

static int compare_claims(const void *a, const void *b)
{
    XXH64_hash_t x = ((const struct claim *)a)->of, y = ((const struct claim *)b)->of;
    return (x > y) - (x < y);
}

/* One job for two rows is at least one mistake. */
static void doubt_shared_ids(const struct reading *q, struct outcome *out)
{
    struct claim *claims = arena_alloc(q->a, (q->n + 1) * sizeof *claims);
    size_t n = 0;
    for (size_t i = 0; i < q->n; i++)
        if (out[i].job_id)
            claims[n++] = (struct claim){.of = XXH3_64bits(out[i].job_id, strlen(out[i].job_id)),
                                         .by = &out[i]};
    qsort(claims, n, sizeof *claims, compare_claims);
    for (size_t i = 1; i < n; i++)
        if (compare_claims(&claims[i - 1], &claims[i]) == 0)
            *claims[i - 1].by = *claims[i].by = doubtful(q, QUDRA_UNMATCHED);
}

static void bulk(const struct reading *q, struct outcome *out)
{
    const struct json *list = list_in(q->root);
    const struct json **items = arena_alloc(q->a, q->n * sizeof(*items));
    bool *twice = arena_alloc(q->a, q->n * sizeof(*twice));
    const bool matched = list && match_items(list, q->n, items, twice);
    for (size_t i = 0; i < q->n; i++) {
        if (!q->root)
            out[i] = doubtful(q, QUDRA_TORN_BODY);
        else if (!matched || !items[i] || twice[i])
            out[i] = doubtful(q, QUDRA_UNMATCHED);
        else
            out[i] = item_outcome(q, items[i]);
    }
    doubt_shared_ids(q, out);
}

/* ---- the two doors -----------------------------------------------------------------------------
 */

static bool is_success(const struct http_response *r)
{
    return r->end == HTTP_ANSWERED && r->status >= 200 && r->status < 300;
}

static const struct json *parse(const struct http_response *r, struct arena *a)
{
    struct err unread = ERR_INIT; /* what is no JSON is a verdict, not an error */
    return r->body_len > 0 ? json_read_in_place(a, r->body, r->body_len, &unread) : NULL;
}

void qudra_outcomes(const struct dialect *d, enum op_kind op, bool is_bulk, size_t n,
                    const struct http_response *r, struct arena *a, struct outcome *out)
{
    const struct reading q = {
        .d = d, .r = r, .root = parse(r, a), .a = a, .op = op, .bulk = is_bulk, .n = n};
    if (is_success(r) && is_bulk) {
        bulk(&q, out);
        return;
    }
    const struct outcome o = is_success(r) ? single(&q) : whole(&q);
    for (size_t i = 0; i < n; i++)
        out[i] = o;
}

/* Part B: the cursor at top level, or under pagination, meta or data. *silent: the answer has no
 * place for one, not even an empty one. */
static const char *next_page(const struct reading *q, size_t n, bool *silent)
{
    static const char *const under[] = {NULL, "pagination", "meta", "data"};
    static const char *const names[] = {"next_cursor", "nextCursor", "next"};
    *silent = q->d->paging == PAGING_CURSOR;
    for (size_t i = 0; i < ARRAY_LEN(under); i++) {
        const struct json *at = under[i] ? json_get(q->root, under[i]) : q->root;
        if (!json_bool(json_get(at, "has_more"), true)) {
            *silent = false;
            return NULL;
        }
        for (size_t k = 0; k < ARRAY_LEN(names) && q->d->paging == PAGING_CURSOR; k++) {
            const struct json *v = json_get(at, names[k]);
            *silent = *silent && v == NULL;
            if (v && (v->type == JSON_STRING || v->type == JSON_NUMBER) && v->len > 0)
                return v->text;
        }
    }
    return q->d->paging == PAGING_PAGE && n > 0 ? "page" : NULL;
}

void qudra_read_page(const struct dialect *d, const struct http_response *r, struct arena *a,
                     struct qudra_page *out)
{
    const struct reading q = {.d = d, .r = r, .root = parse(r, a), .a = a, .op = OP_NONE, .n = 1};
    const struct json *list = list_in(q.root);
    *out = (struct qudra_page){.error = {.match_ready = -1}};
    if (!is_success(r) || !list) {
        out->error = is_success(r) ? doubtful(&q, QUDRA_TORN_BODY) : whole(&q);
        return;
    }
    out->jobs = arena_alloc(a, (list->count + 1) * sizeof *out->jobs);
    out->updated_at = arena_alloc(a, (list->count + 1) * sizeof *out->updated_at);
    for (const struct json *v = list->first; v; v = v->next) {
        const struct json *job = job_in(v);
        if (!job) { /* passed over, it would prove that a job is not there */
            out->error = doubtful(&q, QUDRA_NO_ID);
            return;
        }
        out->jobs[out->n] = done_with(job, a);
        out->updated_at[out->n++] = text_at(job, "updated_at", a);
    }
    bool silent;
    out->next = next_page(&q, out->n, &silent);
    out->cut = silent && out->n >= QUDRA_PAGE_LIMIT;
    out->ok = true;
}
