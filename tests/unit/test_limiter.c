#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rules/limiter.h"

#define DATE 1700000000000 /* the server's clock when ours says 0, give or take a second */

static const struct limiter_options options = {
    .requests = 100, .window_ms = 60000, .headroom_percent = true, .headroom = 0, .concurrency = 8};

static struct limiter_headers headers(int64_t remaining, int64_t reset_s, int64_t date_s)
{
    return (struct limiter_headers){.limit = 100,
                                    .remaining = remaining,
                                    .reset_ms = DATE + reset_s * 1000,
                                    .date_ms = DATE + date_s * 1000,
                                    .retry_after_ms = -1};
}

static const struct limiter_headers none = {-1, -1, -1, -1, -1};

/* A limiter that has had one answer: `remaining` of 100, reset in 60 s. */
static struct limiter *learned(int64_t remaining)
{
    struct limiter *l = limiter_new(&options, 0);
    const uint64_t ticket = limiter_sent(l, 0);
    const struct limiter_headers h = headers(remaining, 60, 0);
    limiter_answered(l, ticket, 10, 201, &h, 0.5);
    return l;
}

static void answer(struct limiter *l, int64_t sent, int64_t now, int status,
                   struct limiter_headers h)
{
    const uint64_t ticket = limiter_sent(l, sent);
    limiter_answered(l, ticket, now, status, &h, 0.5);
}

static void test_plans_are_found_by_name(void **state)
{
    (void)state;
    assert_int_equal(plan_find("growth")->requests, 1000);
    assert_int_equal(plan_find("free")->bulk, 0);
    assert_int_equal(plan_find("scale")->quota, -1);
    assert_null(plan_find("gold"));
}

static void test_one_request_leaves_before_anything_is_known(void **state)
{
    (void)state;
    struct limiter *l = limiter_new(&options, 0);
    assert_int_equal(limiter_wait_ms(l, 0), 0);
    limiter_sent(l, 0);
    assert_true(limiter_wait_ms(l, 1) == LIMITER_ASK_AGAIN);
    limiter_free(l);
}

static void test_the_headers_are_the_truth(void **state)
{
    (void)state;
    struct limiter *l = learned(40);
    struct limiter_view v;
    limiter_view(l, 10, &v);
    assert_true(v.learned);
    assert_int_equal(v.limit, 100);
    assert_int_equal(v.used, 60);
    assert_int_equal(v.left, 40);
    limiter_free(l);
}

static void test_an_empty_window_waits_until_its_edge_is_certain(void **state)
{
    (void)state;
    struct limiter *l = learned(0);
    /* The reset may have been rounded down by a second, the Date may be a second older. */
    const int64_t wait = limiter_wait_ms(l, 10);
    assert_true(wait >= 60000 && wait <= 61010);
    assert_int_equal(limiter_wait_ms(l, 10 + wait), 0);
    limiter_free(l);
}

/* Others that used their parts have told nobody how much of theirs is left. */
static void test_a_share_that_grows_holds_from_the_next_window_on(void **state)
{
    (void)state;
    struct limiter *l = learned(99);
    limiter_set_share(l, 0.25);
    for (int i = 1; i < 25; i++)
        answer(l, 10 + i, 11 + i, 201, headers(99 - i, 60, 0));
    const int64_t wait = limiter_wait_ms(l, 100);
    assert_true(wait > 59000);
    limiter_set_share(l, 1);
    assert_int_equal(limiter_wait_ms(l, 100), wait);
    struct limiter_view v;
    limiter_view(l, 100 + wait, &v);
    assert_true(v.left > 25);
    limiter_set_share(l, 0.25);
    limiter_view(l, 100 + wait, &v);
    assert_true(v.left <= 25);
    limiter_free(l);
}

static void test_requests_in_flight_count_as_used(void **state)
{
    (void)state;
    struct limiter *l = learned(2);
    limiter_sent(l, 11);
    struct limiter_view v;
    limiter_view(l, 11, &v);
    assert_int_equal(v.left, 1);
    limiter_free(l);
}

static void test_a_fresh_window_seen_in_an_answer_is_used_at_once(void **state)
{
    (void)state;
    struct limiter *l = learned(1);
    answer(l, 59500, 59520, 201, headers(99, 120, 59));
    assert_int_equal(limiter_wait_ms(l, 59520), 0);
    struct limiter_view v;
    limiter_view(l, 59520, &v);
    assert_int_equal(v.left, 99);
    limiter_free(l);
}

static void test_a_late_answer_of_the_old_window_takes_nothing_from_the_new(void **state)
{
    (void)state;
    struct limiter *l = learned(10);
    const uint64_t late = limiter_sent(l, 59000);
    answer(l, 60500, 60520, 201, headers(99, 120, 60));
    const struct limiter_headers old = headers(0, 60, 59);
    limiter_answered(l, late, 60600, 201, &old, 0.5);
    struct limiter_view v;
    limiter_view(l, 60600, &v);
    assert_int_equal(v.left, 99);
    limiter_free(l);
}

static void test_remaining_that_goes_up_again_is_an_answer_overtaken(void **state)
{
    (void)state;
    struct limiter *l = learned(50);
    const uint64_t first = limiter_sent(l, 20), second = limiter_sent(l, 20);
    const struct limiter_headers less = headers(48, 60, 0), more = headers(49, 60, 0);
    limiter_answered(l, second, 40, 201, &less, 0.5);
    limiter_answered(l, first, 50, 201, &more, 0.5);
    struct limiter_view v;
    limiter_view(l, 50, &v);
    assert_int_equal(v.left, 48);
    limiter_free(l);
}

static void test_a_lost_request_is_given_back_by_a_later_answer(void **state)
{
    (void)state;
    struct limiter *l = learned(50);
    limiter_lost(l, limiter_sent(l, 20), 30, true, 0.5);
    struct limiter_view v;
    limiter_view(l, 30, &v);
    assert_int_equal(v.left, 49);
    answer(l, 40, 50, 201, headers(49, 60, 0)); /* it never arrived */
    limiter_view(l, 50, &v);
    assert_int_equal(v.left, 49);
    limiter_free(l);
}

static void test_a_request_that_never_left_is_not_counted(void **state)
{
    (void)state;
    struct limiter *l = learned(50);
    limiter_lost(l, limiter_sent(l, 20), 30, false, 0.5);
    struct limiter_view v;
    limiter_view(l, 30, &v);
    assert_int_equal(v.left, 50);
    limiter_free(l);
}

static void test_retry_after_is_honoured_even_when_the_window_turns(void **state)
{
    (void)state;
    struct limiter *l = learned(50);
    struct limiter_headers h = headers(0, 60, 0);
    h.retry_after_ms = 90000;
    answer(l, 20, 30, 429, h);
    assert_int_equal(limiter_wait_ms(l, 30), 90000);
    assert_int_equal(limiter_wait_ms(l, 90029), 1);
    assert_int_equal(limiter_wait_ms(l, 90030), 0);
    limiter_free(l);
}

static void test_a_quota_refusal_does_not_hold_back_the_rest(void **state)
{
    (void)state;
    struct limiter *l = learned(50);
    struct limiter_headers h = headers(49, 60, 0);
    h.retry_after_ms = 864000000; /* ten days, until the month turns */
    answer(l, 20, 30, 429, h);
    assert_int_equal(limiter_wait_ms(l, 30), 0);
    struct limiter_view v;
    limiter_view(l, 30, &v);
    assert_int_equal(v.left, 49);
    limiter_free(l);
}

static void test_a_new_plan_in_the_middle_of_a_window_is_used(void **state)
{
    (void)state;
    struct limiter *l = learned(0);
    struct limiter_headers h = headers(900, 60, 1);
    h.limit = 1000;
    answer(l, 1000, 1010, 200, h);
    struct limiter_view v;
    limiter_view(l, 1010, &v);
    assert_int_equal(v.limit, 1000);
    assert_int_equal(v.left, 900);
    limiter_free(l);
}

static void
test_a_reset_that_was_wrong_is_forgotten_when_a_newer_answer_says_otherwise(void **state)
{
    (void)state;
    struct limiter *l = learned(50);
    answer(l, 100, 110, 201, headers(0, 3000, 0));
    answer(l, 200, 210, 201, headers(48, 60, 0));
    struct limiter_view v;
    limiter_view(l, 210, &v);
    assert_int_equal(v.left, 48);
    assert_true(v.resets_in_ms < 63000);
    limiter_free(l);
}

static void test_a_reset_that_is_nonsense_is_not_believed_however_often_it_comes(void **state)
{
    (void)state;
    struct limiter *l = learned(50);
    for (int i = 0; i < 4; i++) {
        answer(l, 1000 * i + 100, 1000 * i + 110, 201, headers(0, 900000, i));
        answer(l, 1000 * i + 200, 1000 * i + 210, 201, headers(48 - 2 * i, 60, i));
    }
    struct limiter_view v;
    limiter_view(l, 4000, &v);
    assert_int_equal(v.left, 42);
    assert_true(v.resets_in_ms < 60000);
    limiter_free(l);
}

static void test_nonsense_in_headers_does_no_harm(void **state)
{
    (void)state;
    static const int64_t odd[] = {-1, 0, 1, 99, INT64_MAX / 4, DATE, DATE + 60000, 60};
    struct limiter *l = limiter_new(&options, 0);
    int64_t now = 0;
    for (unsigned i = 0; i < 8 * 8 * 8 * 8; i++, now += 500) {
        const struct limiter_headers h = {.limit = odd[i % 8],
                                          .remaining = odd[i / 8 % 8],
                                          .reset_ms = odd[i / 64 % 8],
                                          .date_ms = odd[i / 512 % 8],
                                          .retry_after_ms = -1};
        limiter_answered(l, limiter_sent(l, now), now + 20, 200, &h, 0.5);
        struct limiter_view v;
        limiter_view(l, now + 20, &v);
        assert_true(v.left >= 0 && v.concurrency >= 1);
    }
    limiter_free(l);
}

static void test_failures_in_a_row_open_the_circuit_and_an_answer_closes_it(void **state)
{
    (void)state;
    struct limiter *l = learned(90);
    for (int i = 0; i < 3; i++)
        limiter_lost(l, limiter_sent(l, 100 + i), 100 + i, false, 0.5);
    assert_int_equal(limiter_wait_ms(l, 102), 1000); /* half of two seconds */
    assert_int_equal(limiter_wait_ms(l, 1102), 0);
    const uint64_t probe = limiter_sent(l, 1102);
    assert_true(limiter_wait_ms(l, 1102) == LIMITER_ASK_AGAIN);
    limiter_answered(l, probe, 1200, 503, &none, 0.5);
    assert_int_equal(limiter_wait_ms(l, 1200), 2000); /* half of four */
    answer(l, 3300, 3310, 201, headers(88, 60, 3));
    assert_int_equal(limiter_wait_ms(l, 3310), 0);
    limiter_free(l);
}

static void test_failures_of_one_volley_count_once(void **state)
{
    (void)state;
    struct limiter *l = learned(90);
    uint64_t tickets[8];
    for (int i = 0; i < 8; i++)
        tickets[i] = limiter_sent(l, 100);
    for (int i = 0; i < 8; i++)
        limiter_lost(l, tickets[i], 200, true, 0.99);
    assert_true(limiter_wait_ms(l, 200) <= 2000);
    limiter_free(l);
}

static void test_back_off_is_never_longer_than_a_minute(void **state)
{
    (void)state;
    struct limiter *l = learned(90);
    int64_t now = 100;
    for (int i = 0; i < 40; i++) {
        const int64_t wait = limiter_wait_ms(l, now);
        assert_true(wait <= 60000);
        now += wait;
        limiter_lost(l, limiter_sent(l, now), now, false, 0.999);
    }
    limiter_free(l);
}

static void test_concurrency_is_what_the_window_needs_and_no_more(void **state)
{
    (void)state;
    struct limiter *l = limiter_new(
        &(struct limiter_options){.requests = 100, .window_ms = 60000, .concurrency = 64}, 0);
    struct limiter_view v;
    const int softly[] = {4, 6, 8};
    for (int i = 0; i < 10; i++) {
        struct limiter_headers h = headers(1000 - i, 60, 0);
        h.limit = 1000;
        limiter_answered(l, limiter_sent(l, 250 * i), 250 * (i + 1), 200, &h, 0.5);
        limiter_view(l, 250 * (i + 1), &v);
        if (i < 3) /* others may be about: it does not begin with all that it may */
            assert_int_equal(v.concurrency, softly[i]);
    }
    assert_in_range(v.concurrency, 8, 12); /* 1000 × 0.25 s in half of a minute: 8.3 */
    limiter_free(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plans_are_found_by_name),
        cmocka_unit_test(test_one_request_leaves_before_anything_is_known),
        cmocka_unit_test(test_the_headers_are_the_truth),
        cmocka_unit_test(test_an_empty_window_waits_until_its_edge_is_certain),
        cmocka_unit_test(test_a_share_that_grows_holds_from_the_next_window_on),
        cmocka_unit_test(test_requests_in_flight_count_as_used),
        cmocka_unit_test(test_a_fresh_window_seen_in_an_answer_is_used_at_once),
        cmocka_unit_test(test_a_late_answer_of_the_old_window_takes_nothing_from_the_new),
        cmocka_unit_test(test_remaining_that_goes_up_again_is_an_answer_overtaken),
        cmocka_unit_test(test_a_lost_request_is_given_back_by_a_later_answer),
        cmocka_unit_test(test_a_request_that_never_left_is_not_counted),
        cmocka_unit_test(test_retry_after_is_honoured_even_when_the_window_turns),
        cmocka_unit_test(test_a_quota_refusal_does_not_hold_back_the_rest),
        cmocka_unit_test(test_a_new_plan_in_the_middle_of_a_window_is_used),
        cmocka_unit_test(
            test_a_reset_that_was_wrong_is_forgotten_when_a_newer_answer_says_otherwise),
        cmocka_unit_test(test_a_reset_that_is_nonsense_is_not_believed_however_often_it_comes),
        cmocka_unit_test(test_nonsense_in_headers_does_no_harm),
        cmocka_unit_test(test_failures_in_a_row_open_the_circuit_and_an_answer_closes_it),
        cmocka_unit_test(test_failures_of_one_volley_count_once),
        cmocka_unit_test(test_back_off_is_never_longer_than_a_minute),
        cmocka_unit_test(test_concurrency_is_what_the_window_needs_and_no_more),
    };
    return cmocka_run_group_tests_name("limiter", tests, NULL, NULL);
}
