/*
 * Alone on its key: whatever the seed chooses, no window is exceeded and no allowed request is left
 * unused while work waits.
 */
#include "limiter_world.h"

static void test_every_allowed_request_is_used_and_none_refused(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= seeds(); seed++) {
        struct world w = ordinary(seed);
        w.limit = w.new_limit = 100 + (int64_t)(seed * 37 % 400);
        check(&w, 0.98, 0);
    }
}

static void test_the_edge_is_learned_to_a_fraction_of_a_second(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= seeds(); seed++) {
        struct world w = ordinary(seed);
        w.latency_hi = 20;
        const struct world_count c = world_run(&w);
        if (c.idle_most_ms > 250)
            fail_msg("seed %llu: idle for %lld ms", (unsigned long long)seed,
                     (long long)c.idle_most_ms);
    }
}

static void test_slow_answers_cost_nothing(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= seeds(); seed++) {
        struct world w = ordinary(seed);
        w.window_ms = 60000;
        w.limit = w.new_limit = 300;
        w.latency_hi = 2000;
        check(&w, 0.98, 0);
    }
}

static void test_the_largest_plan_is_filled_at_a_quarter_of_a_second(void **state)
{
    (void)state;
    struct world w = ordinary(1);
    w.window_ms = 60000;
    w.limit = w.new_limit = 10000;
    w.latency_lo = 240;
    w.latency_hi = 260;
    w.windows = 6;
    check(&w, 0.98, 0);
}

static void test_windows_of_a_few_seconds_are_filled_too(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= seeds(); seed++) {
        struct world w = ordinary(seed);
        w.window_ms = 2000 + (int64_t)(seed % 3) * 1000;
        w.first_edge_ms %= w.window_ms;
        w.first_edge_ms++;
        w.latency_hi = 20;
        check(&w, 0.98, 0);
    }
}

static void test_without_a_date_the_edges_are_learned_from_the_answers(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= seeds(); seed++) {
        struct world w = ordinary(seed);
        w.no_date = true;
        w.window_ms = 60000;
        check(&w, 0.98, 0);
    }
}

static void test_lost_requests_never_lead_over_the_limit(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= seeds(); seed++) {
        struct world w = ordinary(seed);
        w.window_ms = 60000;
        w.limit = w.new_limit = 400;
        w.lost = 0.02;
        w.broken = 0.02;
        check(&w, 0.97, 0);
    }
}

static void test_answers_without_headers_are_counted(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= seeds(); seed++) {
        struct world w = ordinary(seed);
        w.limit = w.new_limit = 300;
        w.mute = 0.3;
        check(&w, 0.98, 0);
    }
}

static void test_a_plan_upgrade_is_used_at_once(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= seeds(); seed++) {
        struct world w = ordinary(seed);
        w.limit = 100;
        w.new_limit = 400;
        check(&w, 0.97, 0);
    }
}

static void test_windows_that_begin_with_the_first_request(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= seeds(); seed++) {
        struct world w = ordinary(seed);
        w.lazy = true;
        check(&w, 0.98, 4); /* what it costs to see that these edges wander */
    }
}

static void test_without_any_header_the_plan_is_kept_evenly(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= seeds(); seed++) {
        struct world w = ordinary(seed);
        w.no_headers = true;
        check(&w, 0.90, 0);
    }
}

static void test_a_plan_downgrade_is_noticed_by_the_first_answer(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= seeds(); seed++) {
        struct world w = ordinary(seed);
        w.limit = 400;
        w.new_limit = 100;
        check(&w, 0.97, w.concurrency); /* those that were under way */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_allowed_request_is_used_and_none_refused),
        cmocka_unit_test(test_the_edge_is_learned_to_a_fraction_of_a_second),
        cmocka_unit_test(test_slow_answers_cost_nothing),
        cmocka_unit_test(test_the_largest_plan_is_filled_at_a_quarter_of_a_second),
        cmocka_unit_test(test_windows_of_a_few_seconds_are_filled_too),
        cmocka_unit_test(test_without_a_date_the_edges_are_learned_from_the_answers),
        cmocka_unit_test(test_lost_requests_never_lead_over_the_limit),
        cmocka_unit_test(test_answers_without_headers_are_counted),
        cmocka_unit_test(test_a_plan_upgrade_is_used_at_once),
        cmocka_unit_test(test_windows_that_begin_with_the_first_request),
        cmocka_unit_test(test_without_any_header_the_plan_is_kept_evenly),
        cmocka_unit_test(test_a_plan_downgrade_is_noticed_by_the_first_answer),
    };
    return cmocka_run_group_tests_name("limiter_world", tests, NULL, NULL);
}
