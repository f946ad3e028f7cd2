/*
 * metrics: what Prometheus reads, the bound on label sets, and the server on a socket of its own,
 * asked by a client of ours in the same thread.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "edges/metrics.h"

#define LABELS(...) ((const char *const[]){__VA_ARGS__, NULL})

static struct metrics *m;
static struct buf out;

static int set_up(void **state)
{
    (void)state;
    m = metrics_new();
    buf_init(&out, 8 * 1024 * 1024);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    metrics_free(m);
    buf_release(&out);
    return 0;
}

static const char *page(void)
{
    buf_clear(&out);
    metrics_write(m, &out);
    return buf_str(&out);
}

#define assert_says(text, part)                                                                    \
    do {                                                                                           \
        if (strstr((text), (part)) == NULL)                                                        \
            fail_msg("\"%s\" is not in:\n%s", (part), (text));                                     \
    } while (0)

/* ---- values ---------------------------------------------------------------------------------- */

static void test_a_counter_grows_by_label_set(void **state)
{
    (void)state;
    metrics_add(m, METRIC_REQUESTS, 1, LABELS("acme", "create", "201"));
    metrics_add(m, METRIC_REQUESTS, 2, LABELS("acme", "create", "201"));
    metrics_add(m, METRIC_REQUESTS, 1, LABELS("acme", "close", "200"));
    const char *text = page();
    assert_says(text, "# TYPE qudra_sync_requests_total counter\n");
    assert_says(
        text,
        "qudra_sync_requests_total{account=\"acme\",operation=\"create\",status=\"201\"} 3\n");
    assert_says(
        text, "qudra_sync_requests_total{account=\"acme\",operation=\"close\",status=\"200\"} 1\n");
}

static void test_label_values_are_escaped(void **state)
{
    (void)state;
    metrics_set(m, METRIC_QUOTA_USED, 7, LABELS("a\"b\\c\nد"));
    assert_says(page(), "qudra_sync_quota_jobs_used{account=\"a\\\"b\\\\c\\nد\"} 7\n");
}

static void test_a_histogram_sums_its_buckets_up(void **state)
{
    (void)state;
    metrics_observe(m, METRIC_CLOSE_SECONDS, 0.5, LABELS("acme"));
    metrics_observe(m, METRIC_CLOSE_SECONDS, 4, LABELS("acme"));
    metrics_observe(m, METRIC_CLOSE_SECONDS, 1e6, LABELS("acme"));
    const char *text = page();
    assert_says(text, "qudra_sync_close_latency_seconds_bucket{account=\"acme\",le=\"0.5\"} 1\n");
    assert_says(text, "qudra_sync_close_latency_seconds_bucket{account=\"acme\",le=\"2.5\"} 1\n");
    assert_says(text, "qudra_sync_close_latency_seconds_bucket{account=\"acme\",le=\"5\"} 2\n");
    assert_says(text, "qudra_sync_close_latency_seconds_bucket{account=\"acme\",le=\"3600\"} 2\n");
    assert_says(text, "qudra_sync_close_latency_seconds_bucket{account=\"acme\",le=\"+Inf\"} 3\n");
    assert_says(text, "qudra_sync_close_latency_seconds_sum{account=\"acme\"} 1000004.5\n");
    assert_says(text, "qudra_sync_close_latency_seconds_count{account=\"acme\"} 3\n");
}

static void test_a_time_keeps_its_digits(void **state)
{
    (void)state;
    metrics_set(m, METRIC_LAST_PASS, 1769851800.123, NULL);
    assert_says(page(), "qudra_sync_last_pass_timestamp_seconds 1769851800.123\n");
}

static void test_what_was_never_set_is_absent(void **state)
{
    (void)state;
    assert_null(strstr(page(), "qudra_sync_quota_jobs_limit"));
    assert_says(page(), "qudra_sync_build_info{version=\"");
}

static void test_forgotten_gauges_are_gone(void **state)
{
    (void)state;
    metrics_set(m, METRIC_TROUBLE, 1, LABELS("acme", "key refused"));
    metrics_forget(m, METRIC_TROUBLE);
    assert_null(strstr(page(), "qudra_sync_trouble"));
}

static size_t count(const char *text, const char *part)
{
    size_t n = 0;
    for (; (text = strstr(text, part)) != NULL; text++)
        n++;
    return n;
}

static void test_too_many_accounts_become_other(void **state)
{
    (void)state;
    char name[24];
    for (int i = 0; i < 1000; i++) {
        snprintf(name, sizeof name, "account-%d", i);
        metrics_add(m, METRIC_RATE_LIMITED, 1, LABELS(name));
    }
    const char *text = page();
    assert_int_equal(count(text, "qudra_sync_rate_limited_total{"), 101);
    assert_says(text, "qudra_sync_rate_limited_total{account=\"other\"} 900\n");
}

static void test_who_has_a_name_keeps_it_in_every_metric(void **state)
{
    (void)state;
    metrics_limit_accounts(m, 2);
    metrics_add(m, METRIC_RATE_LIMITED, 1, LABELS("najd"));
    metrics_add(m, METRIC_QUOTA_USED, 1, LABELS("acme"));
    metrics_add(m, METRIC_RATE_LIMITED, 1, LABELS("rawda"));
    for (int scrape = 0; scrape < 2; scrape++) {
        metrics_forget(m, METRIC_QUOTA_USED);
        metrics_add(m, METRIC_QUOTA_USED, 3, LABELS("rawda"));
        metrics_add(m, METRIC_QUOTA_USED, 5, LABELS("zahra"));
        metrics_add(m, METRIC_QUOTA_USED, 7, LABELS("najd"));
    }
    const char *text = page();
    assert_says(text, "qudra_sync_quota_jobs_used{account=\"najd\"} 7\n");
    assert_says(text, "qudra_sync_quota_jobs_used{account=\"other\"} 8\n");
    assert_says(text, "qudra_sync_rate_limited_total{account=\"other\"} 1\n");
    assert_null(strstr(text, "rawda"));
}

static void test_no_account_may_have_a_name(void **state)
{
    (void)state;
    metrics_limit_accounts(m, 0);
    metrics_add(m, METRIC_REQUESTS, 1, LABELS("acme", "create", "201"));
    metrics_add(m, METRIC_PASSES, 1, LABELS("whole"));
    assert_says(page(), "{account=\"other\",operation=\"create\",status=\"201\"} 1\n");
    assert_says(page(), "qudra_sync_passes_total{outcome=\"whole\"} 1\n");
}

static void test_without_metrics_every_call_is_quiet(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    metrics_add(NULL, METRIC_PASSES, 1, LABELS("whole"));
    metrics_set(NULL, METRIC_LAST_PASS, 1, NULL);
    metrics_observe(NULL, METRIC_PASS_SECONDS, 1, NULL);
    metrics_forget(NULL, METRIC_ROWS);
    metrics_alive(NULL, 0);
    metrics_ready(NULL, true, NULL);
    assert_true(metrics_listen(NULL, "127.0.0.1:1", &e));
    metrics_serve(NULL);
    assert_int_equal(metrics_fd(NULL), -1);
    assert_int_equal(metrics_wait_ms(NULL), -1);
    metrics_free(NULL);
}

static void test_the_reference_names_every_metric(void **state)
{
    (void)state;
    metrics_write_reference(&out);
    assert_int_equal(count(buf_str(&out), "\n"), 2 + METRICS + 2);
    assert_says(buf_str(&out), "| `qudra_sync_rows` | gauge | `account`, `state` |");
}

/* ---- the server ------------------------------------------------------------------------------ */

static int free_port(int family)
{
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    struct sockaddr_in four = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_storage got;
    socklen_t len = sizeof got;
    int fd = socket(family, SOCK_STREAM, 0);
    int bound = family == AF_INET6 ? bind(fd, (struct sockaddr *)&six, sizeof six)
                                   : bind(fd, (struct sockaddr *)&four, sizeof four);
    if (bound != 0) {
        close(fd);
        return -1;
    }
    getsockname(fd, (struct sockaddr *)&got, &len);
    close(fd);
    return ntohs(((struct sockaddr_in *)&got)->sin_port); /* at the same place in both */
}

static int call(int family, int port)
{
    struct sockaddr_in6 six = {.sin6_family = AF_INET6,
                               .sin6_addr = IN6ADDR_LOOPBACK_INIT,
                               .sin6_port = htons((uint16_t)port)};
    struct sockaddr_in four = {.sin_family = AF_INET,
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                               .sin_port = htons((uint16_t)port)};
    int fd = socket(family, SOCK_STREAM, 0);
    int called = family == AF_INET6 ? connect(fd, (struct sockaddr *)&six, sizeof six)
                                    : connect(fd, (struct sockaddr *)&four, sizeof four);
    assert_int_equal(called, 0);
    return fd;
}

/* Asks and turns the agent's loop until the answer has ended. */
static const char *ask(int family, int port, const char *request)
{
    char part[4096];
    int fd = call(family, port);
    assert_int_equal(send(fd, request, strlen(request), 0), strlen(request));
    buf_clear(&out);
    int64_t until = clock_mono_ms() + 5000;
    for (;;) {
        struct pollfd fds[2] = {{.fd = metrics_fd(m), .events = POLLIN},
                                {.fd = fd, .events = POLLIN}};
        int64_t wait = metrics_wait_ms(m);
        assert_true(clock_mono_ms() < until);
        poll(fds, 2, wait < 0 || wait > 1000 ? 1000 : (int)wait);
        metrics_serve(m);
        ssize_t got = recv(fd, part, sizeof part, MSG_DONTWAIT);
        if (got > 0)
            buf_add(&out, part, (size_t)got);
        else if (got == 0 || (errno != EAGAIN && errno != EWOULDBLOCK))
            break;
    }
    close(fd);
    return buf_str(&out);
}

static int listen_on(int family)
{
    struct err e = ERR_INIT;
    char address[32];
    int port = free_port(family);
    if (port < 0)
        skip();
    snprintf(address, sizeof address, family == AF_INET6 ? "[::1]:%d" : "127.0.0.1:%d", port);
    if (!metrics_listen(m, address, &e))
        fail_msg("%s", e.message);
    return port;
}

#define GET(path) "GET " path " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

static void test_a_scrape_gets_the_text(void **state)
{
    (void)state;
    int port = listen_on(AF_INET);
    metrics_add(m, METRIC_PASSES, 1, LABELS("whole"));
    const char *answer = ask(AF_INET, port, GET("/metrics"));
    assert_says(answer, "HTTP/1.1 200");
    assert_says(answer, "Content-Type: text/plain; version=0.0.4; charset=utf-8");
    assert_says(answer, "qudra_sync_passes_total{outcome=\"whole\"} 1\n");
}

static void test_ipv6_is_listened_on_in_brackets(void **state)
{
    (void)state;
    assert_says(ask(AF_INET6, listen_on(AF_INET6), GET("/healthz")), "HTTP/1.1 200");
}

static void test_ready_only_after_the_first_pass(void **state)
{
    (void)state;
    int port = listen_on(AF_INET);
    const char *answer = ask(AF_INET, port, GET("/readyz"));
    assert_says(answer, "HTTP/1.1 503");
    assert_says(answer, "the first pass has not ended yet");
    metrics_ready(m, true, NULL);
    assert_says(ask(AF_INET, port, GET("/readyz")), "HTTP/1.1 200");
    metrics_ready(m, false, "the database is away");
    assert_says(ask(AF_INET, port, GET("/readyz")), "the database is away");
}

static void test_a_loop_that_stands_still_is_not_healthy(void **state)
{
    (void)state;
    int port = listen_on(AF_INET);
    metrics_alive(m, clock_mono_ms() - 119000);
    assert_says(ask(AF_INET, port, GET("/healthz")), "HTTP/1.1 200");
    metrics_alive(m, clock_mono_ms() - 125000);
    assert_says(ask(AF_INET, port, GET("/healthz")), "HTTP/1.1 503");
}

static void test_other_paths_and_methods_are_refused(void **state)
{
    (void)state;
    int port = listen_on(AF_INET);
    assert_says(ask(AF_INET, port, GET("/etc/passwd")), "HTTP/1.1 404");
    assert_says(ask(AF_INET, port,
                    "POST /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                    "Content-Length: 5\r\n\r\nhello"),
                "HTTP/1.1 405");
}

static void test_a_taken_port_is_said_so(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    char address[32];
    snprintf(address, sizeof address, "127.0.0.1:%d", listen_on(AF_INET));
    struct metrics *second = metrics_new();
    assert_false(metrics_listen(second, address, &e));
    assert_int_equal(e.kind, ERR_CONFIG);
    assert_says(e.message, "Address already in use");
    assert_says(e.hint, "metrics.listen");
    metrics_free(second);
}

static void test_an_address_without_a_port_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {"9464", "127.0.0.1", "127.0.0.1:", ":9464", "host:port"};
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        struct err e = ERR_INIT;
        assert_false(metrics_listen(m, wrong[i], &e));
        assert_int_equal(e.kind, ERR_CONFIG);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_a_counter_grows_by_label_set),
        TEST(test_label_values_are_escaped),
        TEST(test_a_histogram_sums_its_buckets_up),
        TEST(test_a_time_keeps_its_digits),
        TEST(test_what_was_never_set_is_absent),
        TEST(test_forgotten_gauges_are_gone),
        TEST(test_too_many_accounts_become_other),
        TEST(test_who_has_a_name_keeps_it_in_every_metric),
        TEST(test_no_account_may_have_a_name),
        TEST(test_without_metrics_every_call_is_quiet),
        TEST(test_the_reference_names_every_metric),
        TEST(test_a_scrape_gets_the_text),
        TEST(test_ipv6_is_listened_on_in_brackets),
        TEST(test_ready_only_after_the_first_pass),
        TEST(test_a_loop_that_stands_still_is_not_healthy),
        TEST(test_other_paths_and_methods_are_refused),
        TEST(test_a_taken_port_is_said_so),
        TEST(test_an_address_without_a_port_is_refused),
    };
    return cmocka_run_group_tests_name("metrics", tests, NULL, NULL);
}
