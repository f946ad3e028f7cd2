/*
 * How: one multi handle, easy handles from a pool, connections kept by curl. curl_multi_poll takes
 * the caller's descriptors along, so that the agent waits in one place.
 *
 * Trap (promise 2): when a reused connection dies before the first byte of an answer, curl sends
 * the request once more on a fresh one by itself, a POST too, and there is no option against it.
 * The server may have applied the first. But curl must rewind a body that it has begun to send, and
 * ours comes from a callback that cannot be rewound: instead of a silent second create there is
 * CURLE_SEND_FAIL_REWIND, an HTTP_LOST. For the same reason a failed connection alone is no proof
 * that nothing was sent (it may have been the second try): HTTP_NOT_SENT also needs that curl never
 * asked for a byte of the body.
 */
#include "edges/http_internal.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

#include <curl/curl.h>

#include "base/clock.h"
#include "base/version.h"

#define CONNECT_TIMEOUT_MS 10000
#define FDS_MAX            16
#define READ_AT_ONCE       (32L * 1024)
#define SEND_AT_ONCE       (128L * 1024) /* a hundred jobs: the rest would wait for our next turn */

struct exchange {
    CURL *easy;
    struct curl_slist *lines; /* with the key in it: wiped */
    char *body; /* until it has left: nothing is sent twice, and a hundred jobs are long */
    size_t body_len, body_sent;
    int64_t not_after_ms;
    struct answer *answer;
    char said[CURL_ERROR_SIZE];
    struct exchange *prev, *next; /* in flight, or `next` alone in the pool */
};

struct http {
    CURLM *multi;
    struct exchange *flying, *pool;
    size_t in_flight;
    struct answer *first, *last; /* ended, not yet fetched */
    struct answer *spare;        /* read; the next ones are written into their memory */
};

bool http_new(struct http **out, struct err *e)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return err_set(e, ERR_INTERNAL, "libcurl cannot be started");
    struct http *h = mem_alloc(sizeof *h);
    h->multi = curl_multi_init();
    if (!h->multi) {
        mem_free(h);
        curl_global_cleanup();
        return err_set(e, ERR_INTERNAL, "libcurl cannot be started");
    }
    *out = h;
    return true;
}

/* ---- exchanges ------------------------------------------------------------------------------- */

static void free_lines(struct curl_slist *lines)
{
    for (struct curl_slist *l = lines; l; l = l->next)
        explicit_bzero(l->data, strlen(l->data));
    curl_slist_free_all(lines);
}

static void exchange_clear(struct exchange *x)
{
    free_lines(x->lines);
    mem_free(x->body);
    http_response_free(x->answer ? &x->answer->response : NULL);
    *x = (struct exchange){.easy = x->easy};
}

static struct exchange *take_exchange(struct http *h)
{
    struct exchange *x = h->pool;
    if (x) {
        h->pool = x->next;
        x->next = NULL;
        curl_easy_reset(x->easy);
        return x;
    }
    x = mem_alloc(sizeof *x);
    x->easy = curl_easy_init();
    if (!x->easy)
        BUG("libcurl is out of memory");
    return x;
}

static void pool_exchange(struct http *h, struct exchange *x)
{
    exchange_clear(x);
    x->next = h->pool;
    h->pool = x;
}

static void link_flying(struct http *h, struct exchange *x)
{
    x->next = h->flying;
    if (h->flying)
        h->flying->prev = x;
    h->flying = x;
    h->in_flight++;
}

static void unlink_flying(struct http *h, struct exchange *x)
{
    if (x->prev)
        x->prev->next = x->next;
    else
        h->flying = x->next;
    if (x->next)
        x->next->prev = x->prev;
    x->prev = x->next = NULL;
    h->in_flight--;
}

void http_free(struct http *h)
{
    if (!h)
        return;
    while (h->flying) {
        struct exchange *x = h->flying;
        unlink_flying(h, x);
        curl_multi_remove_handle(h->multi, x->easy);
        pool_exchange(h, x);
    }
    while (h->pool) {
        struct exchange *x = h->pool;
        h->pool = x->next;
        curl_easy_cleanup(x->easy);
        mem_free(x);
    }
    for (struct http_response *r; (r = http_next(h)) != NULL;)
        http_response_free(r);
    http_answers_free(&h->spare);
    curl_multi_cleanup(h->multi);
    mem_free(h);
    curl_global_cleanup();
}

/* ---- what curl calls ------------------------------------------------------------------------- */

/* A process that was stopped wakes up with a request that is nobody's business any more. */
static bool is_late(const struct exchange *x)
{
    return x->not_after_ms > 0 && clock_mono_ms() >= x->not_after_ms;
}

static size_t read_body(char *to, size_t size, size_t n, void *arg)
{
    struct exchange *x = arg;
    if (x->body_sent == 0 && is_late(x))
        return CURL_READFUNC_ABORT;
    const size_t left = x->body_len - x->body_sent, room = size * n;
    const size_t take = left < room ? left : room;
    if (take == 0)
        return 0;
    memcpy(to, x->body + x->body_sent, take);
    x->body_sent += take;
    if (take == left) {
        mem_free(x->body);
        x->body = NULL;
    }
    return take;
}

static int check_time(void *arg, char *to, char *from, int to_port, int from_port)
{
    (void)to, (void)from, (void)to_port, (void)from_port;
    return is_late(arg) ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

/* Never a second time: see the top of this file. */
static int rewind_body(void *arg, curl_off_t offset, int origin)
{
    const struct exchange *x = arg;
    return x->body_sent == 0 && offset == 0 && origin == SEEK_SET ? CURL_SEEKFUNC_OK
                                                                  : CURL_SEEKFUNC_FAIL;
}

static size_t keep_body(char *data, size_t size, size_t n, void *arg)
{
    const struct exchange *x = arg;
    return http_answer_add_body(x->answer, data, size * n) ? size * n : 0;
}

static size_t keep_header(char *line, size_t size, size_t n, void *arg)
{
    const struct exchange *x = arg;
    http_answer_add_header(x->answer, line, size * n);
    return size * n;
}

/* ---- a request ------------------------------------------------------------------------------- */

/* On the stack and wiped: one of the values is the key. */
static void add_line(struct exchange *x, const char *before, const char *value)
{
    char line[8192];
    const int len = snprintf(line, sizeof line, "%s%s", before, value);
    if (len < 0 || (size_t)len >= sizeof line || strpbrk(line, "\r\n"))
        BUG("http: a header that cannot be sent");
    struct curl_slist *longer = curl_slist_append(x->lines, line);
    explicit_bzero(line, (size_t)len);
    if (!longer)
        BUG("libcurl is out of memory");
    x->lines = longer;
}

static void add_lines(struct exchange *x, const struct http_request *r)
{
    if (r->key)
        add_line(x, "Authorization: Bearer ", secret_expose(r->key));
    if (r->idempotency_key)
        add_line(x, "Idempotency-Key: ", r->idempotency_key);
    if (r->body)
        add_line(x, "Content-Type: ", "application/json");
    add_line(x, "Accept: ", "application/json");
    add_line(x, "Expect:", "");
}

#define SET(option, value)                                                                         \
    do {                                                                                           \
        if (curl_easy_setopt(x->easy, option, value) != CURLE_OK)                                  \
            BUG("libcurl does not take " #option);                                                 \
    } while (0)

static void set_connection(struct exchange *x, const char *ca_file, int64_t timeout_ms)
{
    if (ca_file)
        SET(CURLOPT_CAINFO, ca_file);
    /* A wish, for long answers: a handle that has one already, after a failure, keeps its buffer.
     */
    curl_easy_setopt(x->easy, CURLOPT_BUFFERSIZE, READ_AT_ONCE);
    SET(CURLOPT_UPLOAD_BUFFERSIZE, SEND_AT_ONCE);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_SSL_VERIFYPEER, 1L);
    SET(CURLOPT_SSL_VERIFYHOST, 2L);
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    SET(CURLOPT_PIPEWAIT, 1L); /* rather a stream of a connection than another connection */
    SET(CURLOPT_TCP_KEEPALIVE, 1L);
    SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    SET(CURLOPT_TIMEOUT_MS, (long)timeout_ms);
    SET(CURLOPT_CONNECTTIMEOUT_MS,
        (long)(timeout_ms < CONNECT_TIMEOUT_MS ? timeout_ms : CONNECT_TIMEOUT_MS));
}

static void set_callbacks(struct exchange *x)
{
    SET(CURLOPT_PRIVATE, x);
    SET(CURLOPT_PREREQFUNCTION, check_time);
    SET(CURLOPT_PREREQDATA, x);
    SET(CURLOPT_ERRORBUFFER, x->said);
    SET(CURLOPT_WRITEFUNCTION, keep_body);
    SET(CURLOPT_WRITEDATA, x);
    SET(CURLOPT_HEADERFUNCTION, keep_header);
    SET(CURLOPT_HEADERDATA, x);
}

static void set_request(struct exchange *x, const struct http_request *r)
{
    SET(CURLOPT_URL, r->url);
    SET(CURLOPT_USERAGENT, "qudra-sync/" QS_VERSION);
    SET(CURLOPT_ACCEPT_ENCODING, "");
    SET(CURLOPT_HTTPHEADER, x->lines);
    if (r->body) {
        SET(CURLOPT_UPLOAD, 1L);
        SET(CURLOPT_INFILESIZE_LARGE, (curl_off_t)x->body_len);
        SET(CURLOPT_READFUNCTION, read_body);
        SET(CURLOPT_READDATA, x);
        SET(CURLOPT_SEEKFUNCTION, rewind_body);
        SET(CURLOPT_SEEKDATA, x);
    }
    SET(CURLOPT_CUSTOMREQUEST, r->method);
}

bool http_start(struct http *h, const struct http_request *r, struct err *e)
{
    struct exchange *x = take_exchange(h);
    x->answer = http_answer_take(&h->spare, r->tag);
    x->body = r->body;
    x->body_len = r->body_len;
    x->not_after_ms = r->not_after_ms;
    add_lines(x, r);
    set_connection(x, r->ca_file, r->timeout_ms);
    set_callbacks(x);
    set_request(x, r);
    const CURLMcode code = curl_multi_add_handle(h->multi, x->easy);
    if (code != CURLM_OK) {
        pool_exchange(h, x);
        return err_set(e, ERR_INTERNAL, "libcurl: %s", curl_multi_strerror(code));
    }
    link_flying(h, x);
    return true;
}

size_t http_in_flight(const struct http *h)
{
    return h->in_flight;
}

/* ---- how it ended ---------------------------------------------------------------------------- */

/* Nothing of the request can have reached the server. */
static bool never_left(const struct exchange *x, CURLcode code)
{
    static const CURLcode too_early[] = {CURLE_UNSUPPORTED_PROTOCOL,
                                         CURLE_URL_MALFORMAT,
                                         CURLE_COULDNT_RESOLVE_PROXY,
                                         CURLE_COULDNT_RESOLVE_HOST,
                                         CURLE_COULDNT_CONNECT,
                                         CURLE_SSL_CONNECT_ERROR,
                                         CURLE_SSL_CERTPROBLEM,
                                         CURLE_SSL_CIPHER,
                                         CURLE_SSL_CACERT_BADFILE,
                                         CURLE_SSL_ISSUER_ERROR,
                                         CURLE_SSL_INVALIDCERTSTATUS,
                                         CURLE_PEER_FAILED_VERIFICATION,
                                         CURLE_PROXY};
    if (x->body_sent > 0)
        return false;
    for (size_t i = 0; i < ARRAY_LEN(too_early); i++)
        if (code == too_early[i])
            return true;
    /* A time-out while connecting, or a proxy that refused to. */
    curl_off_t ready_us = 0;
    curl_easy_getinfo(x->easy, CURLINFO_PRETRANSFER_TIME_T, &ready_us);
    return ready_us == 0;
}

static void describe(struct http_response *r, const struct exchange *x, CURLcode code)
{
    if (x->answer->body.overflowed)
        snprintf(r->failure, sizeof r->failure, "the answer is longer than 32 MiB");
    else if (code == CURLE_SEND_FAIL_REWIND)
        snprintf(r->failure, sizeof r->failure, "the connection was closed before an answer came");
    else
        snprintf(r->failure, sizeof r->failure, "%s",
                 x->said[0] != '\0' ? x->said : curl_easy_strerror(code));
}

static void finish(struct http *h, struct exchange *x, CURLcode code)
{
    static char none[] = "";
    struct answer *a = x->answer;
    struct http_response *r = &a->response;
    long status = 0;
    curl_easy_getinfo(x->easy, CURLINFO_RESPONSE_CODE, &status);
    r->status = (int)status;
    r->ended_ms = clock_mono_ms();
    r->body = a->body.data ? a->body.data : none;
    r->body_len = a->body.len;
    r->end = code == CURLE_OK ? HTTP_ANSWERED : never_left(x, code) ? HTTP_NOT_SENT : HTTP_LOST;
    if (code != CURLE_OK)
        describe(r, x, code);
    x->answer = NULL;
    if (h->last)
        h->last->next = a;
    else
        h->first = a;
    h->last = a;
    unlink_flying(h, x);
    curl_multi_remove_handle(h->multi, x->easy);
    pool_exchange(h, x);
}

static void collect(struct http *h)
{
    int left;
    for (CURLMsg *m; (m = curl_multi_info_read(h->multi, &left)) != NULL;) {
        struct exchange *x = NULL;
        if (m->msg != CURLMSG_DONE)
            continue;
        const CURLcode code = m->data.result;
        curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &x);
        finish(h, x, code);
    }
}

/* ---- the wait -------------------------------------------------------------------------------- */

static bool poll_once(struct http *h, int64_t timeout_ms, struct http_wait_fd *fds, size_t n,
                      struct err *e)
{
    struct curl_waitfd extra[FDS_MAX];
    for (size_t i = 0; i < n; i++)
        extra[i] = (struct curl_waitfd){.fd = fds[i].fd, .events = CURL_WAIT_POLLIN};
    const int ms = timeout_ms > 60000 ? 60000 : (int)timeout_ms;
    const CURLMcode code = curl_multi_poll(h->multi, extra, (unsigned)n, ms, NULL);
    if (code != CURLM_OK)
        return err_set(e, ERR_INTERNAL, "libcurl: %s", curl_multi_strerror(code));
    for (size_t i = 0; i < n; i++)
        fds[i].ready = extra[i].revents != 0;
    return true;
}

static bool any_ready(const struct http_wait_fd *fds, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (fds[i].ready)
            return true;
    return false;
}

bool http_go_on(struct http *h, struct err *e)
{
    int running;
    const CURLMcode code = curl_multi_perform(h->multi, &running);
    return code == CURLM_OK || err_set(e, ERR_INTERNAL, "libcurl: %s", curl_multi_strerror(code));
}

bool http_wait(struct http *h, int64_t timeout_ms, struct http_wait_fd *fds, size_t n,
               struct err *e)
{
    const int64_t until = timeout_ms < 0 ? INT64_MAX : clock_mono_ms() + timeout_ms;
    if (n > FDS_MAX)
        BUG("http: %zu descriptors to wait for", n);
    for (;;) {
        if (!http_go_on(h, e))
            return false;
        collect(h);
        const int64_t left = until == INT64_MAX ? 60000 : until - clock_mono_ms();
        const bool over = h->first != NULL || left <= 0;
        if (!poll_once(h, over ? 0 : left, fds, n, e))
            return false;
        if (over || any_ready(fds, n))
            return true;
    }
}

/* ---- responses ------------------------------------------------------------------------------- */

struct http_response *http_next(struct http *h)
{
    struct answer *a = h->first;
    if (!a)
        return NULL;
    h->first = a->next;
    if (!h->first)
        h->last = NULL;
    return &a->response;
}
