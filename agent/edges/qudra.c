/*
 * Requests. The bodies come from job_write(), so that what is sent is what was hashed; ids and
 * cursors are put into URLs percent-encoded, whatever they hold.
 */
#include "edges/qudra.h"

#include <string.h>

#define REQUEST_MAX ((size_t)256 << 20) /* 100 jobs of 20,000 characters, every one escaped */

static bool is_unreserved(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("-._~", c) != NULL);
}

static void add_encoded(struct buf *b, const char *s)
{
    for (; *s != '\0'; s++)
        if (is_unreserved(*s))
            buf_addch(b, *s);
        else
            buf_printf(b, "%%%02X", (unsigned)(unsigned char)*s);
}

static void begin_url(struct buf *b, const struct dialect *d)
{
    size_t len = strlen(d->base_url);
    while (len > 0 && d->base_url[len - 1] == '/')
        len--;
    buf_init(b, 65536);
    buf_add(b, d->base_url, len);
}

static void check_length(const struct buf *b)
{
    if (b->overflowed)
        BUG("qudra: a request beyond all bounds");
}

static const char *end_url(struct buf *b, struct arena *a)
{
    check_length(b);
    const char *url = arena_strndup(a, b->data, b->len);
    buf_release(b);
    return url;
}

static void set_body(struct qudra_request *out, struct buf *b)
{
    check_length(b);
    out->body_len = b->len;
    out->body = buf_take(b);
}

/* `id` NULL: the path has no {id}. */
static const char *url_of(const struct dialect *d, const char *path, const char *id,
                          struct arena *a)
{
    struct buf b;
    begin_url(&b, d);
    const char *mark = id ? strstr(path, "{id}") : NULL;
    if (mark) {
        buf_add(&b, path, (size_t)(mark - path));
        add_encoded(&b, id);
        path = mark + strlen("{id}");
    }
    buf_addstr(&b, path);
    return end_url(&b, a);
}

static void plain(struct qudra_request *out, const char *method, const char *url)
{
    *out = (struct qudra_request){.method = method, .url = url};
}

static void one_job(const struct job *job, unsigned fields, bool nulls, struct qudra_request *out)
{
    struct buf b = BUF_INIT(REQUEST_MAX);
    struct json_writer w;
    json_writer_init(&w, &b);
    job_write(&w, job, fields, nulls);
    set_body(out, &b);
}

/* Part A. */
void qudra_create(const struct dialect *d, const struct job *job, struct arena *a,
                  struct qudra_request *out)
{
    plain(out, "POST", url_of(d, d->create_path, NULL, a));
    one_job(job, JOB_ALL, false, out);
}

/* About what a job's JSON takes: more is only slower. */
static size_t size_of(const struct job *job)
{
    size_t bytes = 64;
    for (enum job_field f = 0; f < JOB_FIELDS; f++)
        bytes += job->field[f].len + strlen(job_fields[f].name) + 8;
    return bytes;
}

/* Part B: path and wrapper. An empty wrapper: the list itself. */
void qudra_bulk_create(const struct dialect *d, const struct job *const *jobs, size_t n,
                       struct arena *a, struct qudra_request *out)
{
    const bool wrapped = d->bulk_wrapper[0] != '\0';
    struct buf b = BUF_INIT(REQUEST_MAX);
    struct json_writer w;
    size_t bytes = 64;
    for (size_t i = 0; i < n; i++)
        bytes += size_of(jobs[i]);
    buf_reserve(&b, bytes);
    json_writer_init(&w, &b);
    if (wrapped) {
        json_open_object(&w);
        json_key(&w, d->bulk_wrapper);
    }
    json_open_array(&w);
    for (size_t i = 0; i < n; i++)
        job_write(&w, jobs[i], JOB_ALL, false);
    json_close_array(&w);
    if (wrapped)
        json_close_object(&w);
    plain(out, "POST", url_of(d, d->bulk_path, NULL, a));
    set_body(out, &b);
}

/* Part B. */
bool qudra_replaces(const struct dialect *d)
{
    return strcmp(d->update_method, "PUT") == 0;
}

/* Part B. Where PUT merges, the whole job with its nulls says the same. */
void qudra_update(const struct dialect *d, const char *job_id, const struct job *job,
                  unsigned fields, struct arena *a, struct qudra_request *out)
{
    plain(out, d->update_method, url_of(d, d->update_path, job_id, a));
    one_job(job, qudra_replaces(d) ? JOB_ALL : fields, true, out);
}

/* Part B. */
void qudra_close(const struct dialect *d, const char *job_id, const struct job *held,
                 struct arena *a, struct qudra_request *out)
{
    struct job closed = *held;
    closed.field[JOB_STATUS] = text_of("closed");
    qudra_update(d, job_id, &closed, 1u << JOB_STATUS, a, out);
}

/* Part B. */
void qudra_delete(const struct dialect *d, const char *job_id, struct arena *a,
                  struct qudra_request *out)
{
    plain(out, "DELETE", url_of(d, d->delete_path, job_id, a));
}

/* Part B. */
void qudra_read(const struct dialect *d, const char *job_id, struct arena *a,
                struct qudra_request *out)
{
    plain(out, "GET", url_of(d, d->read_path, job_id, a));
}

/* Part A; how the pages are named is Part B. */
void qudra_list(const struct dialect *d, const char *cursor, int page, struct arena *a,
                struct qudra_request *out)
{
    struct buf b;
    begin_url(&b, d);
    buf_printf(&b, "%s%climit=%d", d->list_path, strchr(d->list_path, '?') ? '&' : '?',
               QUDRA_PAGE_LIMIT);
    if (d->paging == PAGING_PAGE) {
        buf_printf(&b, "&page=%d", page);
    } else if (cursor) {
        buf_addstr(&b, "&cursor=");
        add_encoded(&b, cursor);
    }
    plain(out, "GET", end_url(&b, a));
}
