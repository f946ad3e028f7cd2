/* qudra: what an answer's headers say of the limit, in milliseconds. */
#include "qudra_literals.h"

static struct limiter_headers read_headers(const char *const (*h)[2], size_t n)
{
    const struct http_response r = answered(200, "");
    struct limiter_headers l;
    headers = h;
    n_headers = n;
    qudra_headers(&r, 1000000, &l);
    return l;
}

#define HEADERS(...)                                                                               \
    read_headers((const char *const[][2]){__VA_ARGS__},                                            \
                 sizeof((const char *const[][2]){__VA_ARGS__}) / sizeof(const char *const[2]))

static void test_headers_are_read_in_milliseconds(void **state)
{
    (void)state;
    const struct limiter_headers h =
        HEADERS({"x-ratelimit-limit", "1000"}, {"x-ratelimit-remaining", "7"},
                {"x-ratelimit-reset", "1700000060"}, {"date", "Tue, 14 Nov 2023 22:13:20 GMT"});
    assert_int_equal(h.limit, 1000);
    assert_int_equal(h.remaining, 7);
    assert_int_equal(h.reset_ms, 1700000060000);
    assert_int_equal(h.date_ms, 1700000000000);
    assert_int_equal(h.retry_after_ms, -1);
}

static void test_retry_after_may_be_seconds_or_a_date(void **state)
{
    (void)state;
    assert_int_equal(HEADERS({"retry-after", "17"}).retry_after_ms, 17000);
    assert_int_equal(HEADERS({"retry-after", "1.2"}).retry_after_ms, 2000);
    assert_int_equal(HEADERS({"retry-after", "Tue, 14 Nov 2023 22:13:50 GMT"},
                             {"date", "Tue, 14 Nov 2023 22:13:20 GMT"})
                         .retry_after_ms,
                     30000);
    assert_int_equal(HEADERS({"retry-after", "Tue, 14 Nov 2023 22:13:20 GMT"},
                             {"date", "Tue, 14 Nov 2023 22:13:50 GMT"})
                         .retry_after_ms,
                     0);
}

static void test_nonsense_in_headers_is_as_if_absent(void **state)
{
    (void)state;
    const struct limiter_headers h = HEADERS(
        {"x-ratelimit-limit", "many"}, {"x-ratelimit-remaining", "-3"},
        {"x-ratelimit-reset", "99999999999999999999"}, {"date", "today"}, {"retry-after", ""});
    assert_int_equal(h.limit, -1);
    assert_int_equal(h.remaining, -1);
    assert_int_equal(h.reset_ms, -1);
    assert_int_equal(h.date_ms, -1);
    assert_int_equal(h.retry_after_ms, -1);
    assert_int_equal(HEADERS({"x-ratelimit-limit", "100, 100;w=60"}).limit, 100);
    assert_int_equal(HEADERS({"x-ratelimit-reset", "30"}).reset_ms, 1030000);
    assert_int_equal(HEADERS({"x-ratelimit-reset", "1700000060000"}).reset_ms, 1700000060000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        QUDRA_TEST(test_headers_are_read_in_milliseconds),
        QUDRA_TEST(test_retry_after_may_be_seconds_or_a_date),
        QUDRA_TEST(test_nonsense_in_headers_is_as_if_absent),
    };
    return cmocka_run_group_tests_name("qudra_headers", tests, NULL, NULL);
}
