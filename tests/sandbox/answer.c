/*
 * Jobs are written a hundred to an answer and a million to a listing, so timestamps are printed by
 * hand into the stack instead of through an arena.
 */
#include "answer.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

enum { BODY_MAX = 1 << 30 };

struct message {
    const char *code;
    const char *en;
    const char *ar;
};

static const struct message messages[] = {
    {"partner.unauthorized", "The API key is missing, malformed or revoked.",
     "مفتاح الواجهة مفقود أو غير صالح أو ملغى."},
    {"partner.forbidden", "This action is not permitted for this key or plan.",
     "هذا الإجراء غير مسموح به لهذا المفتاح أو لهذه الباقة."},
    {"partner.rate_limit", "Too many requests in this minute. Try again later.",
     "عدد الطلبات تجاوز الحد المسموح في الدقيقة. حاول لاحقاً."},
    {"partner.quota_exceeded", "The monthly quota of jobs is used up.",
     "تم استهلاك الحصة الشهرية من الوظائف."},
    {"partner.not_found", "There is no such job.", "لا توجد وظيفة بهذا المعرف."},
    {"partner.validation_failed", "The request breaks a rule.", "الطلب يخالف إحدى القواعد."},
    {"partner.malformed", "The body is not valid JSON of the expected form.",
     "محتوى الطلب ليس JSON صالحاً بالشكل المتوقع."},
    {"partner.method_not_allowed", "This method is not allowed here.",
     "هذه الطريقة غير مسموح بها هنا."},
    {"partner.unsupported_media_type", "Content-Type must be application/json.",
     "يجب أن يكون نوع المحتوى application/json."},
    {"partner.payload_too_large", "The body is too large.", "حجم الطلب كبير جداً."},
    {"partner.idempotency_mismatch", "This Idempotency-Key was used with another body.",
     "استخدم مفتاح التكرار هذا مع محتوى آخر."},
    {"partner.unavailable", "Qudra is not available. Try again later.",
     "قدرة غير متاحة حالياً. حاول لاحقاً."},
    {"partner.internal", "Something went wrong on our side.", "حدث خطأ من جانبنا."},
};

void answer_init(struct answer *a)
{
    *a = (struct answer){.status = 0, .retry_after_s = -1};
    buf_init(&a->body, BODY_MAX);
}

void answer_release(struct answer *a)
{
    buf_release(&a->body);
}

static const struct message *find_message(const struct sandbox *s, const char *code)
{
    if (code == s->options.quota_code)
        code = "partner.quota_exceeded"; /* its words stay whatever it is called */
    for (size_t i = 0; i < ARRAY_LEN(messages); i++)
        if (strcmp(messages[i].code, code) == 0)
            return &messages[i];
    BUG("no message for \"%s\"", code);
}

static void write_details(struct json_writer *w, const struct refusals *r)
{
    json_key(w, "details");
    json_open_array(w);
    for (size_t i = 0; i < r->n; i++) {
        json_open_object(w);
        json_key(w, "field");
        json_write_str(w, r->all[i].field);
        json_key(w, "rule");
        json_write_str(w, r->all[i].rule);
        json_key(w, "message");
        json_write_str(w, r->all[i].message);
        json_key(w, "messageAr");
        json_write_str(w, r->all[i].message_ar);
        json_close_object(w);
    }
    json_close_array(w);
}

void answer_write_error(struct sandbox *s, struct json_writer *w, const char *code,
                        const struct refusals *r)
{
    const struct message *m = find_message(s, code);
    char id[SCRAMBLE_TEXT_BYTES];
    scramble_write(&s->request_ids, s->requests++, id);
    json_open_object(w);
    json_key(w, "code");
    json_write_str(w, code);
    json_key(w, "message");
    json_write_str(w, r != NULL && r->n > 0 ? r->all[0].message : m->en);
    json_key(w, "messageAr");
    json_write_str(w, r != NULL && r->n > 0 ? r->all[0].message_ar : m->ar);
    json_key(w, "request_id");
    json_write_str(w, id);
    if (r != NULL)
        write_details(w, r);
    json_close_object(w);
}

static void write_error_body(struct sandbox *s, struct answer *a, int status, const char *code,
                             const struct refusals *r)
{
    a->status = status;
    buf_clear(&a->body);
    struct json_writer w;
    json_writer_init(&w, &a->body);
    json_open_object(&w);
    json_key(&w, "error");
    answer_write_error(s, &w, code, r);
    json_close_object(&w);
}

void answer_error(struct sandbox *s, struct answer *a, int status, const char *code)
{
    write_error_body(s, a, status, code, NULL);
}

void answer_refusals(struct sandbox *s, struct answer *a, int status, const struct refusals *r)
{
    write_error_body(s, a, status, "partner.validation_failed", r);
}

static void write_time(struct json_writer *w, const char *key, int64_t ms)
{
    char text[48];
    time_t seconds = (time_t)(ms / 1000);
    struct tm tm;
    gmtime_r(&seconds, &tm);
    snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", tm.tm_year + 1900,
             tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, (int)(ms % 1000));
    json_key(w, key);
    json_write_str(w, text);
}

static void write_text(struct json_writer *w, const char *key, struct piece p)
{
    json_key(w, key);
    json_write_strn(w, p.data, p.len);
}

static void write_salaries(struct json_writer *w, const struct content *c, bool defaults)
{
    if (c->has_min) {
        json_key(w, "salary_min");
        json_write_int(w, c->salary_min);
    }
    if (c->has_max || (defaults && c->has_min)) {
        json_key(w, "salary_max");
        json_write_int(w, c->has_max ? c->salary_max : c->salary_min);
    }
}

/* What the partner may say about a job. */
static void write_content(struct json_writer *w, const struct content *c, bool defaults)
{
    write_text(w, "title", c->text[TEXT_TITLE]);
    if (c->text[TEXT_DESCRIPTION].data != NULL)
        write_text(w, "description", c->text[TEXT_DESCRIPTION]);
    else if (defaults)
        write_text(w, "description", (struct piece){.data = "", .len = 0});
    write_text(w, "city", c->text[TEXT_CITY]);
    json_key(w, "employment_type");
    json_write_str(w, employment_name(c->employment));
    write_salaries(w, c, defaults);
    json_key(w, "currency");
    json_write_str(w, "SAR");
    json_key(w, "status");
    json_write_str(w, status_name(c->status));
}

void answer_write_job_members(struct sandbox *s, struct json_writer *w, uint32_t place,
                              int64_t now_ms)
{
    static const char *const embeddings[] = {"processing", "ready", "failed"};
    const struct job *job = jobs_at(&s->jobs, place);
    enum embedding embedding = job_embedding(job, s->options.embedding_ms, now_ms);
    struct content c = job_content(job);
    char id[SCRAMBLE_TEXT_BYTES], url[SCRAMBLE_TEXT_BYTES + 40];
    jobs_write_id(&s->jobs, place, id);
    snprintf(url, sizeof(url), "https://sandbox.qudrah.io/jobs/%s", id);
    json_key(w, "id");
    json_write_str(w, id);
    write_content(w, &c, (s->options.normalise & NORMALISE_DEFAULTS) != 0);
    json_key(w, "embedding_status");
    json_write_str(w, embeddings[embedding]);
    json_key(w, "match_ready");
    json_write_bool(w, embedding == EMBEDDING_READY);
    json_key(w, "qudra_url");
    json_write_str(w, url);
    write_time(w, "created_at", job->created_ms);
    write_time(w, "updated_at", job->updated_ms);
}

void answer_write_job(struct sandbox *s, struct json_writer *w, uint32_t place, int64_t now_ms)
{
    json_open_object(w);
    answer_write_job_members(s, w, place, now_ms);
    json_close_object(w);
}

void answer_job(struct sandbox *s, struct answer *a, int status, uint32_t place, int64_t now_ms)
{
    static const char *const wraps[] = {NULL, "data", "job"};
    const char *wrap = wraps[s->options.wrap];
    a->status = status;
    struct json_writer w;
    json_writer_init(&w, &a->body);
    if (wrap != NULL) {
        json_open_object(&w);
        json_key(&w, wrap);
    }
    answer_write_job(s, &w, place, now_ms);
    if (wrap != NULL)
        json_close_object(&w);
}
