/*
 * The client against a little server on a socket that says, byte by byte, what the test wants. Each
 * test gives it a script: what to do with the first request, the second, and so on.
 */
#include <arpa/inet.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "edges/http.h"

/* ---- the server --------------------------------------------------------------------------------
 */

struct act {
    const char *say; /* sent as it is; NULL: nothing */
    size_t flood;    /* then so many more bytes */
    bool close;      /* then the connection ends */
    bool reset;      /* then it is torn down by RST */
    bool wait;       /* first: until the test says go */
};

struct server {
    int listener;
    int port;
    pthread_t thread;
    const struct act *acts;
    size_t n;
    atomic_int requests, connections;
    int go[2];
    char last[8192]; /* the last request, head and body */
};

#define OK_HEAD "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"
#define OK      OK_HEAD "\r\n{}"

/* Reads one request whole; false: the connection ended before. */
static bool read_request(struct server *s, int fd)
{
    size_t len = 0;
    for (;;) {
        const ssize_t got = recv(fd, s->last + len, sizeof s->last - 1 - len, 0);
        if (got <= 0)
            return false;
        len += (size_t)got;
        s->last[len] = '\0';
        const char *end = strstr(s->last, "\r\n\r\n");
        if (!end)
            continue;
        const char *length = strcasestr(s->last, "content-length:");
        const size_t body = length && length < end ? strtoul(length + 15, NULL, 10) : 0;
        if (len >= (size_t)(end + 4 - s->last) + body)
            return true;
    }
}

static void send_all(int fd, const char *data, size_t len)
{
    for (size_t at = 0; at < len;) {
        const ssize_t put = send(fd, data + at, len - at, MSG_NOSIGNAL);
        if (put <= 0)
            return;
        at += (size_t)put;
    }
}

/* True when the connection goes on. */
static bool perform(struct server *s, int fd, const struct act *act)
{
    static const char filler[4096];
    char go;
    if (act->wait && read(s->go[0], &go, 1) != 1)
        return false;
    if (act->say)
        send_all(fd, act->say, strlen(act->say));
    for (size_t left = act->flood; left > 0; left -= left < sizeof filler ? left : sizeof filler)
        send_all(fd, filler, left < sizeof filler ? left : sizeof filler);
    if (act->reset)
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &(struct linger){.l_onoff = 1},
                   sizeof(struct linger));
    return !act->close && !act->reset;
}

static void *serve(void *arg)
{
    struct server *s = arg;
    for (;;) {
        const int fd = accept(s->listener, NULL, NULL);
        if (fd < 0)
            return NULL;
        s->connections++;
        for (bool on = true; on && read_request(s, fd);) {
            const size_t i = (size_t)s->requests++;
            on = i < s->n && perform(s, fd, &s->acts[i]);
        }
        close(fd);
    }
}

static void start_server(struct server *s, const struct act *acts, size_t n)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    *s = (struct server){.acts = acts, .n = n, .listener = socket(AF_INET, SOCK_STREAM, 0)};
    assert_int_equal(bind(s->listener, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(s->listener, 16), 0);
    getsockname(s->listener, (struct sockaddr *)&at, &size);
    s->port = ntohs(at.sin_port);
    assert_int_equal(pipe(s->go), 0);
    assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
}

/* After the client has gone, so that no connection holds the thread. */
static void stop_server(struct server *s)
{
    shutdown(s->listener, SHUT_RDWR);
    close(s->go[1]);
    pthread_join(s->thread, NULL);
    close(s->listener);
    close(s->go[0]);
}

/* ---- the client --------------------------------------------------------------------------------
 */

struct bench {
    struct server server;
    struct http *http;
    struct secret *key;
    char url[64];
};

static void open_bench(struct bench *b, const struct act *acts, size_t n)
{
    struct err e = ERR_INIT;
    char text[] = "qk_test_made_up";
    start_server(&b->server, acts, n);
    snprintf(b->url, sizeof b->url, "http://127.0.0.1:%d/v1/partner/jobs", b->server.port);
    b->key = secret_take(text, &e);
    assert_non_null(b->key);
    assert_true(http_new(&b->http, &e));
}

static void close_bench(struct bench *b)
{
    http_free(b->http);
    secret_free(b->key);
    stop_server(&b->server);
}

static void start_until(struct bench *b, const char *method, const char *body, int64_t timeout_ms,
                        int64_t not_after_ms)
{
    struct err e = ERR_INIT;
    const struct http_request r = {.method = method,
                                   .url = b->url,
                                   .idempotency_key = body ? "idem-1" : NULL,
                                   .body = body ? mem_strdup(body) : NULL,
                                   .body_len = body ? strlen(body) : 0,
                                   .key = b->key,
                                   .timeout_ms = timeout_ms,
                                   .not_after_ms = not_after_ms,
                                   .tag = b};
    assert_true(http_start(b->http, &r, &e));
}

static void start(struct bench *b, const char *method, const char *body, int64_t timeout_ms)
{
    start_until(b, method, body, timeout_ms, 0);
}

/* As of all tests: stretched where a program runs under another. */
static int64_t patience_ms(void)
{
    const char *seconds = getenv("QS_DEADLINE_S");
    return seconds != NULL ? strtoll(seconds, NULL, 10) * 1000 : 10000;
}

static struct http_response *await(struct bench *b)
{
    struct err e = ERR_INIT;
    assert_true(http_wait(b->http, patience_ms(), NULL, 0, &e));
    struct http_response *r = http_next(b->http);
    assert_non_null(r);
    assert_ptr_equal(r->tag, b);
    return r;
}

static struct http_response *ask(struct bench *b, const char *method, const char *body)
{
    start(b, method, body, 5000);
    return await(b);
}

#define OPEN(b, ...)                                                                               \
    struct bench b;                                                                                \
    const struct act acts[] = {__VA_ARGS__};                                                       \
    open_bench(&b, acts, sizeof acts / sizeof acts[0])

/* ---- tests -------------------------------------------------------------------------------------
 */

static void test_a_request_carries_key_body_and_headers(void **state)
{
    (void)state;
    OPEN(b, {.say = OK});
    struct http_response *r = ask(&b, "PATCH", "{\"title\":\"x\"}");
    assert_int_equal(r->end, HTTP_ANSWERED);
    assert_int_equal(r->status, 200);
    assert_string_equal(r->body, "{}");
    assert_true(r->ended_ms >= r->started_ms);
    const char *sent = b.server.last;
    assert_memory_equal(sent, "PATCH /v1/partner/jobs HTTP/1.1\r\n", 33);
    assert_non_null(strstr(sent, "\r\nAuthorization: Bearer qk_test_made_up\r\n"));
    assert_non_null(strstr(sent, "\r\nIdempotency-Key: idem-1\r\n"));
    assert_non_null(strstr(sent, "\r\nContent-Type: application/json\r\n"));
    assert_non_null(strstr(sent, "\r\nUser-Agent: qudra-sync/"));
    assert_non_null(strstr(sent, "\r\n\r\n{\"title\":\"x\"}"));
    assert_null(strcasestr(sent, "expect:"));
    http_response_free(r);
    close_bench(&b);
}

static void test_connections_are_kept(void **state)
{
    (void)state;
    OPEN(b, {.say = OK}, {.say = OK}, {.say = OK});
    for (int i = 0; i < 3; i++)
        http_response_free(ask(&b, i == 1 ? "DELETE" : "POST", i == 1 ? NULL : "{}"));
    assert_int_equal(b.server.requests, 3);
    assert_int_equal(b.server.connections, 1);
    close_bench(&b);
}

static void test_a_create_is_never_sent_again_when_a_kept_connection_dies(void **state)
{
    (void)state;
    OPEN(b, {.say = OK}, {.close = true}, {.say = OK});
    http_response_free(ask(&b, "POST", "{\"n\":1}"));
    struct http_response *r = ask(&b, "POST", "{\"n\":2}");
    assert_int_equal(r->end, HTTP_LOST);
    assert_int_equal(r->status, 0);
    assert_int_equal(b.server.requests, 2);
    http_response_free(r);
    close_bench(&b);
}

static void test_a_create_is_never_sent_again_after_a_reset(void **state)
{
    (void)state;
    OPEN(b, {.say = OK}, {.reset = true}, {.say = OK});
    http_response_free(ask(&b, "POST", "{\"n\":1}"));
    struct http_response *r = ask(&b, "POST", "{\"n\":2}");
    assert_int_equal(r->end, HTTP_LOST);
    assert_int_equal(b.server.requests, 2);
    http_response_free(r);
    close_bench(&b);
}

static void test_a_connection_closed_while_idle_costs_nothing(void **state)
{
    (void)state;
    OPEN(b, {.say = OK, .close = true}, {.say = OK});
    http_response_free(ask(&b, "POST", "{\"n\":1}"));
    struct err e = ERR_INIT;
    assert_true(http_wait(b.http, 50, NULL, 0, &e)); /* the end of the connection arrives */
    struct http_response *r = ask(&b, "POST", "{\"n\":2}");
    assert_int_equal(r->end, HTTP_ANSWERED);
    assert_int_equal(b.server.requests, 2);
    http_response_free(r);
    close_bench(&b);
}

static void test_a_torn_body_is_lost_but_its_status_is_kept(void **state)
{
    (void)state;
    OPEN(b, {.say = "HTTP/1.1 201 Created\r\nContent-Length: 99\r\n\r\n{\"id\":", .close = true});
    struct http_response *r = ask(&b, "POST", "{}");
    assert_int_equal(r->end, HTTP_LOST);
    assert_int_equal(r->status, 201);
    assert_string_equal(r->body, "{\"id\":");
    assert_true(r->failure[0] != '\0');
    http_response_free(r);
    close_bench(&b);
}

static void test_a_slow_answer_is_lost_after_its_time(void **state)
{
    (void)state;
    OPEN(b, {.wait = true, .close = true});
    start(&b, "POST", "{}", 100);
    struct http_response *r = await(&b);
    assert_int_equal(r->end, HTTP_LOST);
    assert_in_range(r->ended_ms - r->started_ms, 90, 2000);
    http_response_free(r);
    close_bench(&b);
}

static void test_an_answer_over_32_mib_is_given_up(void **state)
{
    (void)state;
    OPEN(b, {.say = "HTTP/1.1 200 OK\r\n\r\n", .flood = (size_t)33 << 20, .close = true});
    struct http_response *r = ask(&b, "GET", NULL);
    assert_int_equal(r->end, HTTP_LOST);
    assert_string_equal(r->failure, "the answer is longer than 32 MiB");
    http_response_free(r);
    close_bench(&b);
}

static void test_nobody_listening_means_not_sent(void **state)
{
    (void)state;
    OPEN(b, {.say = OK});
    const int port = b.server.port;
    snprintf(b.url, sizeof b.url, "http://127.0.0.1:1/");
    struct http_response *r = ask(&b, "POST", "{}");
    assert_int_equal(r->end, HTTP_NOT_SENT);
    http_response_free(r);
    snprintf(b.url, sizeof b.url, "http://no-such-host.invalid/");
    r = ask(&b, "POST", "{}");
    assert_int_equal(r->end, HTTP_NOT_SENT);
    http_response_free(r);
    snprintf(b.url, sizeof b.url, "https://127.0.0.1:%d/", port); /* a server without TLS */
    r = ask(&b, "POST", "{}");
    assert_int_equal(r->end, HTTP_NOT_SENT);
    assert_int_equal(r->status, 0);
    http_response_free(r);
    close_bench(&b);
}

static void test_nothing_leaves_after_its_time(void **state)
{
    (void)state;
    OPEN(b, {.say = OK});
    start_until(&b, "POST", "{\"n\":1}", 5000, clock_mono_ms());
    struct http_response *r = await(&b);
    assert_int_equal(r->end, HTTP_NOT_SENT);
    http_response_free(r);
    start_until(&b, "DELETE", NULL, 5000, clock_mono_ms());
    r = await(&b);
    assert_int_equal(r->end, HTTP_NOT_SENT);
    assert_string_equal(b.server.last, "");
    http_response_free(r);
    start_until(&b, "POST", "{\"n\":2}", 5000, clock_mono_ms() + 60000);
    r = await(&b);
    assert_int_equal(r->end, HTTP_ANSWERED);
    http_response_free(r);
    close_bench(&b);
}

static void test_only_http_and_https_are_spoken(void **state)
{
    (void)state;
    OPEN(b, {.say = OK});
    snprintf(b.url, sizeof b.url, "file:///etc/hostname");
    struct http_response *r = ask(&b, "GET", NULL);
    assert_int_equal(r->end, HTTP_NOT_SENT);
    assert_int_equal(r->body_len, 0);
    http_response_free(r);
    close_bench(&b);
}

static void test_redirects_are_not_followed(void **state)
{
    (void)state;
    OPEN(b, {.say = "HTTP/1.1 307 Go\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n"},
         {.say = OK});
    struct http_response *r = ask(&b, "POST", "{}");
    assert_int_equal(r->status, 307);
    assert_int_equal(b.server.requests, 1);
    http_response_free(r);
    close_bench(&b);
}

static void test_the_last_header_of_a_name_wins_and_names_have_no_case(void **state)
{
    (void)state;
    OPEN(b, {.say = "HTTP/1.1 100 Continue\r\nX-Early: 1\r\n\r\n" OK_HEAD
                    "X-RateLimit-Limit:  100 \r\nx-ratelimit-limit:\t1000\r\nEmpty:\r\n"
                    "Odd: a: b\r\n\r\n{}"});
    struct http_response *r = ask(&b, "GET", NULL);
    assert_string_equal(http_header(r, "x-ratelimit-limit"), "1000");
    assert_string_equal(http_header(r, "empty"), "");
    assert_string_equal(http_header(r, "odd"), "a: b");
    assert_null(http_header(r, "x-early"));
    assert_null(http_header(r, "absent"));
    http_response_free(r);
    close_bench(&b);
}

static void test_the_wait_ends_when_a_descriptor_is_readable(void **state)
{
    (void)state;
    OPEN(b, {.say = OK});
    struct err e = ERR_INIT;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    struct http_wait_fd fd = {.fd = ends[0]};
    assert_true(http_wait(b.http, 20, &fd, 1, &e)); /* with nothing in flight */
    assert_false(fd.ready);
    assert_int_equal(write(ends[1], "x", 1), 1);
    assert_true(http_wait(b.http, -1, &fd, 1, &e));
    assert_true(fd.ready);
    assert_null(http_next(b.http));
    close(ends[0]);
    close(ends[1]);
    close_bench(&b);
}

static void test_what_is_in_flight_is_given_up_at_the_end(void **state)
{
    (void)state;
    OPEN(b, {.wait = true, .close = true});
    struct err e = ERR_INIT;
    start(&b, "POST", "{}", 5000);
    assert_true(http_wait(b.http, 20, NULL, 0, &e));
    assert_int_equal(http_in_flight(b.http), 1);
    close_bench(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_request_carries_key_body_and_headers),
        cmocka_unit_test(test_connections_are_kept),
        cmocka_unit_test(test_a_create_is_never_sent_again_when_a_kept_connection_dies),
        cmocka_unit_test(test_a_create_is_never_sent_again_after_a_reset),
        cmocka_unit_test(test_a_connection_closed_while_idle_costs_nothing),
        cmocka_unit_test(test_a_torn_body_is_lost_but_its_status_is_kept),
        cmocka_unit_test(test_a_slow_answer_is_lost_after_its_time),
        cmocka_unit_test(test_an_answer_over_32_mib_is_given_up),
        cmocka_unit_test(test_nobody_listening_means_not_sent),
        cmocka_unit_test(test_nothing_leaves_after_its_time),
        cmocka_unit_test(test_only_http_and_https_are_spoken),
        cmocka_unit_test(test_redirects_are_not_followed),
        cmocka_unit_test(test_the_last_header_of_a_name_wins_and_names_have_no_case),
        cmocka_unit_test(test_the_wait_ends_when_a_descriptor_is_readable),
        cmocka_unit_test(test_what_is_in_flight_is_given_up_at_the_end),
    };
    return cmocka_run_group_tests_name("http", tests, NULL, NULL);
}
