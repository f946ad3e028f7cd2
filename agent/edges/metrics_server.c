/*
 * The socket is opened here and given to libmicrohttpd, so that what goes wrong has an errno. The
 * daemon has no thread: its epoll descriptor becomes readable, and MHD_run does what can be done at
 * once.
 *
 * Whoever reaches the port can make us work, so everything is bounded: connections, time, memory.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "edges/metrics_internal.h"

#define CONNECTIONS_MAX  32u
#define IDLE_S           10u
#define CONNECTION_BYTES ((size_t)16 * 1024)
#define PAGE_MAX_BYTES   ((size_t)16 * 1024 * 1024)
#define BACKLOG          32
#define ALIVE_FOR_MS     120000

struct metrics_server {
    struct MHD_Daemon *daemon;
    int fd; /* the daemon's epoll */
};

/* ---- the pages ------------------------------------------------------------------------------- */

static unsigned write_health(const struct metrics *m, struct buf *out)
{
    int64_t since_ms = clock_mono_ms() - m->alive_ms;
    if (since_ms <= ALIVE_FOR_MS) {
        buf_addstr(out, "ok\n");
        return MHD_HTTP_OK;
    }
    buf_printf(out, "the agent's loop has not turned for %lld s\n", (long long)(since_ms / 1000));
    return MHD_HTTP_SERVICE_UNAVAILABLE;
}

static unsigned write_readiness(const struct metrics *m, struct buf *out)
{
    buf_printf(out, "%s\n", m->ready ? "ok" : m->why_not);
    return m->ready ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE;
}

static unsigned write_page(const struct metrics *m, const char *path, struct buf *out)
{
    if (strcmp(path, "/metrics") == 0) {
        metrics_write(m, out);
        return out->overflowed ? MHD_HTTP_INTERNAL_SERVER_ERROR : MHD_HTTP_OK;
    }
    if (strcmp(path, "/healthz") == 0)
        return write_health(m, out);
    if (strcmp(path, "/readyz") == 0)
        return write_readiness(m, out);
    buf_addstr(out, "/metrics, /healthz and /readyz are here\n");
    return MHD_HTTP_NOT_FOUND;
}

static enum MHD_Result respond(struct MHD_Connection *connection, unsigned status,
                               const struct buf *body)
{
    struct MHD_Response *r = MHD_create_response_from_buffer_with_free_callback(
        body->len, mem_strdup(buf_str(body)), mem_free);
    if (r == NULL)
        return MHD_NO;
    MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE,
                            "text/plain; version=0.0.4; charset=utf-8");
    if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
        MHD_add_response_header(r, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
    enum MHD_Result queued = MHD_queue_response(connection, status, r);
    MHD_destroy_response(r);
    return queued;
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection,
                                  const char *path, const char *method, const char *version,
                                  const char *data, size_t *data_bytes, void **visit)
{
    static int begun;
    (void)version;
    (void)data;
    if (*visit == NULL) { /* the headers are there; answering now would cut a body off */
        *visit = &begun;
        return MHD_YES;
    }
    if (*data_bytes > 0) {
        *data_bytes = 0; /* a body means nothing here */
        return MHD_YES;
    }
    struct buf page = BUF_INIT(PAGE_MAX_BYTES);
    unsigned status = MHD_HTTP_METHOD_NOT_ALLOWED;
    if (strcmp(method, MHD_HTTP_METHOD_GET) == 0 || strcmp(method, MHD_HTTP_METHOD_HEAD) == 0)
        status = write_page(context, path, &page);
    enum MHD_Result queued = respond(connection, status, &page);
    buf_release(&page);
    return queued;
}

/* ---- the socket ------------------------------------------------------------------------------ */

/* "127.0.0.1:9464" or "[::1]:9464", split at the last colon. */
static bool split_address(const char *address, char host[256], const char **port, struct err *e)
{
    const char *colon = strrchr(address, ':');
    size_t len = colon != NULL ? (size_t)(colon - address) : 0;
    if (len == 0 || len >= 256 || colon[1] == '\0') {
        err_set(e, ERR_CONFIG, "\"%s\" is not an address to listen on", address);
        return err_hint(e, "write host and port, as in 127.0.0.1:9464 or [::1]:9464");
    }
    bool brackets = address[0] == '[' && address[len - 1] == ']';
    memcpy(host, address + brackets, len - 2 * (size_t)brackets);
    host[len - 2 * (size_t)brackets] = '\0';
    *port = colon + 1;
    return true;
}

static bool cannot_listen(const char *address, int why, struct err *e)
{
    err_set(e, ERR_CONFIG, "cannot listen on \"%s\": %s", address, strerror(why));
    if (why == EADDRINUSE)
        return err_hint(e, "another program has this port: choose another in metrics.listen");
    if (why == EACCES)
        return err_hint(e, "choose a port above 1023 in metrics.listen");
    return err_hint(e, "metrics.listen names an address of this machine");
}

static int open_socket(const struct addrinfo *at)
{
    const int on = 1;
    int fd = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (at->ai_family == AF_INET6)
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    if (bind(fd, at->ai_addr, at->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    int why = errno;
    close(fd);
    errno = why;
    return -1;
}

static bool bind_address(const char *address, int *fd, struct err *e)
{
    const struct addrinfo hints = {.ai_family = AF_UNSPEC,
                                   .ai_socktype = SOCK_STREAM,
                                   .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    char host[256];
    const char *port = "";
    struct addrinfo *found;
    if (!split_address(address, host, &port, e))
        return false;
    int why = getaddrinfo(host, port, &hints, &found);
    if (why != 0)
        return err_set(e, ERR_CONFIG, "cannot listen on \"%s\": %s", address, gai_strerror(why));
    *fd = open_socket(found);
    why = errno;
    freeaddrinfo(found);
    return *fd >= 0 || cannot_listen(address, why, e);
}

/* ---- the daemon ------------------------------------------------------------------------------ */

static struct MHD_Daemon *start(struct metrics *m, int fd)
{
    return MHD_start_daemon(MHD_USE_EPOLL, 0, NULL, NULL, on_request, m, MHD_OPTION_LISTEN_SOCKET,
                            fd, MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_MAX,
                            MHD_OPTION_CONNECTION_TIMEOUT, IDLE_S,
                            MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_BYTES, MHD_OPTION_END);
}

bool metrics_listen(struct metrics *m, const char *address, struct err *e)
{
    int fd;
    if (m == NULL)
        return true;
    if (!bind_address(address, &fd, e))
        return false;
    struct MHD_Daemon *daemon = start(m, fd);
    if (daemon == NULL) {
        close(fd);
        return err_set(e, ERR_INTERNAL, "the metrics server on \"%s\" did not start", address);
    }
    metrics_server_free(m->server);
    m->server = mem_alloc(sizeof *m->server);
    m->server->daemon = daemon;
    m->server->fd = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
    return true;
}

void metrics_server_free(struct metrics_server *s)
{
    if (s == NULL)
        return;
    MHD_stop_daemon(s->daemon); /* closes the socket too */
    mem_free(s);
}

int metrics_fd(const struct metrics *m)
{
    return m != NULL && m->server != NULL ? m->server->fd : -1;
}

void metrics_serve(struct metrics *m)
{
    if (metrics_fd(m) >= 0)
        (void)MHD_run(m->server->daemon);
}

int64_t metrics_wait_ms(const struct metrics *m)
{
    MHD_UNSIGNED_LONG_LONG ms;
    if (metrics_fd(m) < 0 || MHD_get_timeout(m->server->daemon, &ms) != MHD_YES)
        return -1;
    return ms < INT64_MAX ? (int64_t)ms : INT64_MAX;
}
