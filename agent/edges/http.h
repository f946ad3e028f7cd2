/*
 * http: requests to Qudra, many at a time, one wait for everything. The only room with libcurl.
 *
 * Never retries, follows no redirects, and verifies TLS always. The API key is a struct secret and
 * goes only into the Authorization header. Proxies as curl has them (HTTPS_PROXY, NO_PROXY); HTTP/2
 * where the server has it; connections are kept and reused.
 */
#ifndef QS_EDGES_HTTP_H
#define QS_EDGES_HTTP_H

#include <stdint.h>

#include "base/err.h"
#include "base/secret.h"

struct http;

bool http_new(struct http **out, struct err *e) MUST_CHECK;
void http_free(struct http *h); /* what is still in flight is given up */

struct http_request {
    const char *method; /* GET, POST, PATCH, PUT, DELETE */
    const char *url;
    const char *idempotency_key; /* NULL: none */
    char *body; /* NULL: none; taken over, and freed when the last of it has left */
    size_t body_len;
    const struct secret *key;
    const char *ca_file; /* certificates to verify by; NULL: the system's */
    int64_t timeout_ms;
    int64_t not_after_ms; /* monotonic: nothing of it leaves after that; 0: at any time */
    void *tag;            /* handed back */
};
/* The body is taken over by a start that fails, too. */
bool http_start(struct http *h, const struct http_request *r, struct err *e) MUST_CHECK;
/* Moves what is in flight as far as it goes without waiting. */
bool http_go_on(struct http *h, struct err *e) MUST_CHECK;
size_t http_in_flight(const struct http *h);

enum http_end {
    HTTP_ANSWERED, /* a whole answer */
    HTTP_NOT_SENT, /* no name, no connection, no TLS: the server cannot have seen it */
    HTTP_LOST,     /* anything later: time-out, reset, half a body, more than 32 MiB */
};
struct http_response {
    void *tag;
    enum http_end end;
    int status;        /* 0 unless a status line came */
    char failure[256]; /* what curl said, when not answered; no secret in it */
    char *body;        /* NUL-terminated, never NULL */
    size_t body_len;
    int64_t started_ms, ended_ms; /* monotonic */
};
/* A response header by its lower-case name; NULL when absent. The last one wins. */
const char *http_header(const struct http_response *r, const char *name);

/* Something else that ends the wait. */
struct http_wait_fd {
    int fd;
    bool ready; /* filled: readable */
};
/* Waits until a response has ended, one of the fds is readable, or the time is over (-1: no limit).
 * Works with nothing in flight too: this is the agent's one wait. */
bool http_wait(struct http *h, int64_t timeout_ms, struct http_wait_fd *fds, size_t n,
               struct err *e) MUST_CHECK;
/* The next ended response, or NULL; the caller frees it before the http itself. */
struct http_response *http_next(struct http *h);
void http_response_free(struct http_response *r);

#endif
