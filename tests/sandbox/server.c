/*
 * libmicrohttpd calls on_request when the headers are there, for each part of the body, when it is
 * whole, and again when a suspended connection was resumed: `struct visit` remembers where we are.
 * The state changes when the body is whole; a delay comes after that, so that a client which gives
 * up waiting finds its request applied.
 */
#include "server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "admin.h"
#include "delay.h"
#include "partner.h"

enum { CONNECTION_BYTES = 64 << 10, CONNECTIONS_MAX = 65000, BLOCK_BYTES = 64 << 10 };

struct server {
    struct sandbox *s;
    struct MHD_Daemon *daemon;
    struct delays *delays;
    char *tls_cert;
    char *tls_key;
    atomic_bool stopping;
};

struct visit {
    struct buf body;
    bool too_large;
    bool handled;
    bool counted; /* as in flight: the admin's are not */
    struct answer answer;
    struct listing *listing; /* of an admin's stream, until its response owns it */
};

/* ---- the response ------------------------------------------------------------------------------
 */

static void add_header(struct MHD_Response *r, const char *name, int64_t number)
{
    char text[32];
    snprintf(text, sizeof(text), "%lld", (long long)number);
    MHD_add_response_header(r, name, text);
}

static void print_http_date(char *text, size_t size, int64_t ms)
{
    time_t seconds = (time_t)(ms / 1000);
    struct tm tm;
    gmtime_r(&seconds, &tm);
    strftime(text, size, "%a, %d %b %Y %H:%M:%S GMT", &tm);
}

static void add_date(struct MHD_Response *r, const char *name, int64_t ms)
{
    char text[64];
    print_http_date(text, sizeof(text), ms);
    MHD_add_response_header(r, name, text);
}

static void add_headers(struct MHD_Response *r, const struct answer *a)
{
    add_date(r, "Date", a->date_ms);
    if (a->html)
        MHD_add_response_header(r, "Content-Type", "text/html");
    else if (a->stream || a->body.len > 0)
        MHD_add_response_header(r, "Content-Type", "application/json; charset=utf-8");
    if (a->has_rate) {
        add_header(r, "X-RateLimit-Limit", a->rate.limit);
        add_header(r, "X-RateLimit-Remaining", a->rate.remaining);
        add_header(r, "X-RateLimit-Reset", a->rate.reset_s);
    }
    if (a->retry_after_s >= 0 && a->retry_as_date)
        add_date(r, "Retry-After", a->date_ms + a->retry_after_s * 1000);
    else if (a->retry_after_s >= 0)
        add_header(r, "Retry-After", a->retry_after_s);
    if (a->allow != NULL)
        MHD_add_response_header(r, "Allow", a->allow);
}

/* Gives the first half of a body of full length, then breaks off. */
static ssize_t read_half(void *cls, uint64_t at, char *out, size_t max)
{
    const struct buf *body = cls;
    size_t half = body->len / 2;
    if (at >= half)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    size_t n = half - (size_t)at < max ? half - (size_t)at : max;
    memcpy(out, body->data + at, n);
    return (ssize_t)n;
}

static void free_half(void *cls)
{
    buf_release(cls);
    mem_free(cls);
}

static struct MHD_Response *half_response(struct answer *a)
{
    struct buf *body = mem_alloc(sizeof(*body));
    *body = a->body;
    buf_init(&a->body, 0);
    return MHD_create_response_from_callback(body->len, BLOCK_BYTES, read_half, body, free_half);
}

static ssize_t read_listing(void *cls, uint64_t at, char *out, size_t max)
{
    (void)at;
    long n = listing_read(cls, out, max);
    return n < 0 ? MHD_CONTENT_READER_END_OF_STREAM : (ssize_t)n;
}

static void free_listing(void *cls)
{
    listing_free(cls);
}

static struct MHD_Response *make_response(struct visit *v)
{
    struct answer *a = &v->answer;
    if (a->stream) {
        struct listing *listing = v->listing;
        v->listing = NULL;
        return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_BYTES, read_listing,
                                                 listing, free_listing);
    }
    if (a->delivery == DELIVER_HALF)
        return half_response(a);
    /* The visit outlives the response's last byte: see on_completed. */
    return MHD_create_response_from_buffer(a->body.len, a->body.data, MHD_RESPMEM_PERSISTENT);
}

/* Resets the connection. libmicrohttpd would end it in order before it closes the socket, lingering
 * or not; dissolving the association (connect(2), AF_UNSPEC) makes Linux send the reset now. */
static void reset(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    const struct sockaddr none = {.sa_family = AF_UNSPEC};
    if (info != NULL)
        (void)connect(info->connect_fd, &none, sizeof(none)); /* fails when it is gone already */
}

static enum MHD_Result deliver(const struct server *server, struct MHD_Connection *connection,
                               struct visit *v)
{
    struct answer *a = &v->answer;
    if (a->delivery == DELIVER_RESET)
        reset(connection);
    if (a->delivery == DELIVER_RESET || a->delivery == DELIVER_NEVER || server->stopping)
        return MHD_NO;
    struct MHD_Response *r = make_response(v);
    add_headers(r, a);
    enum MHD_Result result = MHD_queue_response(connection, (unsigned)a->status, r);
    MHD_destroy_response(r);
    return result;
}

/* ---- the request -------------------------------------------------------------------------------
 */

static void note_in_flight(struct sandbox *s, int step)
{
    pthread_mutex_lock(&s->lock);
    s->stats.in_flight += step;
    if (s->stats.in_flight > s->stats.in_flight_peak)
        s->stats.in_flight_peak = s->stats.in_flight;
    pthread_mutex_unlock(&s->lock);
}

static bool is_admin(const char *path)
{
    return strncmp(path, ADMIN_PREFIX, strlen(ADMIN_PREFIX)) == 0;
}

static struct visit *visit_new(struct server *server, const char *path)
{
    struct visit *v = mem_alloc(sizeof(*v));
    buf_init(&v->body, (size_t)server->s->options.body_limit);
    answer_init(&v->answer);
    v->counted = !is_admin(path);
    if (v->counted)
        note_in_flight(server->s, 1);
    return v;
}

static void on_completed(void *cls, struct MHD_Connection *connection, void **memory,
                         enum MHD_RequestTerminationCode how)
{
    (void)connection;
    (void)how;
    const struct server *server = cls;
    struct visit *v = *memory;
    if (v == NULL)
        return;
    if (v->counted)
        note_in_flight(server->s, -1);
    if (v->listing != NULL)
        listing_free(v->listing);
    answer_release(&v->answer);
    buf_release(&v->body);
    mem_free(v);
    *memory = NULL;
}

static void collect(struct visit *v, const char *data, size_t len)
{
    if (v->too_large)
        return; /* read on and forget, so that the client hears the answer */
    buf_add(&v->body, data, len);
    v->too_large = v->body.overflowed;
}

static void handle(struct server *server, struct visit *v, const struct request *q)
{
    if (!is_admin(q->path)) {
        partner_handle(server->s, q, &v->answer);
        return;
    }
    admin_handle(server->s, q, &v->answer);
    if (v->answer.stream)
        v->listing = listing_new(server->s, q->account, q->format);
}

static struct request read_request(struct MHD_Connection *c, const struct visit *v)
{
    return (struct request){
        .authorization = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Authorization"),
        .content_type = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Content-Type"),
        .idempotency_key = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Idempotency-Key"),
        .limit = MHD_lookup_connection_value(c, MHD_GET_ARGUMENT_KIND, "limit"),
        .cursor = MHD_lookup_connection_value(c, MHD_GET_ARGUMENT_KIND, "cursor"),
        .page = MHD_lookup_connection_value(c, MHD_GET_ARGUMENT_KIND, "page"),
        .account = MHD_lookup_connection_value(c, MHD_GET_ARGUMENT_KIND, "account"),
        .format = MHD_lookup_connection_value(c, MHD_GET_ARGUMENT_KIND, "format"),
        .body = buf_str(&v->body),
        .body_len = v->body.len,
        .body_too_large = v->too_large,
    };
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_len, void **memory)
{
    (void)version;
    struct server *server = cls;
    struct visit *v = *memory;
    if (v == NULL) {
        *memory = visit_new(server, url);
        return MHD_YES;
    }
    if (*upload_len > 0) {
        collect(v, upload, *upload_len);
        *upload_len = 0;
        return MHD_YES;
    }
    if (v->handled)
        return deliver(server, connection, v);
    v->handled = true;
    struct request q = read_request(connection, v);
    q.method = method;
    q.path = url;
    handle(server, v, &q);
    if (v->answer.delay_ms == 0)
        return deliver(server, connection, v);
    MHD_suspend_connection(connection);
    delays_add(server->delays, connection, v->answer.delay_ms);
    return MHD_YES;
}

/* ---- starting and ending ------------------------------------------------------------------------
 */

static bool read_address(const char *listen, struct sockaddr_in *out, struct err *e)
{
    char host[64];
    const char *colon = strrchr(listen, ':');
    char *end = NULL;
    unsigned long port = colon == NULL ? 65536 : strtoul(colon + 1, &end, 10);
    if (port > 65535 || end == colon + 1 || *end != '\0')
        return err_set(e, ERR_USAGE, "cannot listen on \"%s\": not HOST:PORT", listen);
    snprintf(host, sizeof(host), "%.*s", (int)(colon - listen), listen);
    *out = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    if (strcmp(host, "localhost") == 0)
        out->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    else if (inet_pton(AF_INET, host, &out->sin_addr) != 1 ||
             ntohl(out->sin_addr.s_addr) >> 24 != 127) {
        err_set(e, ERR_USAGE, "cannot listen on \"%s\": not a loopback address", host);
        return err_hint(e, "Give 127.0.0.1:PORT.");
    }
    return true;
}

static char *read_file(const char *path, struct err *e)
{
    FILE *file = path == NULL ? NULL : fopen(path, "r");
    if (file == NULL) {
        if (path != NULL)
            err_set(e, ERR_CONFIG, "cannot read \"%s\": %s", path, strerror(errno));
        return NULL;
    }
    char *text = mem_alloc(64 << 10);
    size_t n = fread(text, 1, (64 << 10) - 1, file);
    text[n] = '\0';
    fclose(file);
    return text;
}

static bool start(struct server *server, const struct sockaddr_in *address)
{
    const struct options *o = &server->s->options;
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME |
                     MHD_USE_SUPPRESS_DATE_NO_CLOCK | (server->tls_cert != NULL ? MHD_USE_TLS : 0);
    struct MHD_OptionItem items[] = {
        {MHD_OPTION_SOCK_ADDR, 0, (void *)(uintptr_t)address},
        {MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)on_completed, server},
        {MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_BYTES, NULL},
        {MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_MAX, NULL},
        {MHD_OPTION_THREAD_POOL_SIZE, o->threads > 1 ? (intptr_t)o->threads : 0, NULL},
        {MHD_OPTION_LISTENING_ADDRESS_REUSE, 1, NULL},
        {MHD_OPTION_END, 0, NULL},
        {MHD_OPTION_END, 0, NULL},
        {MHD_OPTION_END, 0, NULL},
    };
    if (server->tls_cert != NULL) {
        items[6] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_CERT, 0, server->tls_cert};
        items[7] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_KEY, 0, server->tls_key};
    }
    server->daemon = MHD_start_daemon(flags, 0, NULL, NULL, on_request, server, MHD_OPTION_ARRAY,
                                      items, MHD_OPTION_END);
    return server->daemon != NULL;
}

struct server *server_new(struct sandbox *s, struct err *e)
{
    struct sockaddr_in address;
    const struct options *o = &s->options;
    if (!read_address(o->listen, &address, e))
        return NULL;
    struct server *server = mem_alloc(sizeof(*server));
    server->s = s;
    server->tls_cert = read_file(o->tls_cert, e);
    server->tls_key = read_file(o->tls_key, e);
    server->delays = delays_new();
    bool have_tls = o->tls_cert == NULL || (server->tls_cert != NULL && server->tls_key != NULL);
    if (have_tls && start(server, &address))
        return server;
    if (have_tls)
        err_set(e, ERR_CONFIG, "cannot listen on \"%s\": %s", o->listen, strerror(errno));
    server_free(server);
    return NULL;
}

int server_port(const struct server *server)
{
    return MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
}

void server_free(struct server *server)
{
    server->stopping = true;
    delays_stop(server->delays); /* libmicrohttpd must not be stopped with connections suspended */
    if (server->daemon != NULL)
        MHD_stop_daemon(server->daemon);
    delays_free(server->delays);
    mem_free(server->tls_cert);
    mem_free(server->tls_key);
    mem_free(server);
}
