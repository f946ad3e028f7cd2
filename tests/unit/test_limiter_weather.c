/*
 * Alone on its key, in any weather: plans that change, clocks that jump, headers that are missing
 * or nonsense, refusals for no reason, answers that are lost, each by itself and all at once.
 */
#include "limiter_world.h"

static void check_weather(const struct world *w, double least)
{
    const struct world_count c = world_run(w);
    const double used = (double)c.used / (double)c.allowed;
    /* What is under way when a plan shrinks comes too late, and nobody can help it. A clock that
     * jumps while answers overtake each other may cost one or two. */
    const int64_t unavoidable = c.downgrades * w->concurrency + c.jumps * 2;
    if (c.refused > unavoidable || used < least || c.impatient > 0)
        fail_msg("seed %llu: refused %lld of at most %lld, impatient %lld, used %lld of %lld "
                 "(%.2f%%), window %lld latency %lld..%lld",
                 (unsigned long long)w->seed, (long long)c.refused, (long long)unavoidable,
                 (long long)c.impatient, (long long)c.used, (long long)c.allowed, 100 * used,
                 (long long)w->window_ms, (long long)w->latency_lo, (long long)w->latency_hi);
}

static void test_plans_that_change_at_any_time(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= seeds(); seed++) {
        struct world w = ordinary(seed);
        w.limit = 100;
        w.new_limit = 400;
        w.changes = 6;
        w.windows = 48;
        check_weather(&w, 0.97);
    }
}

static void test_clocks_that_jump_by_minutes(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= seeds(); seed++) {
        struct world w = ordinary(seed);
        w.steps = true;
        w.windows = 48;
        check_weather(&w, 0.95);
    }
}

static void test_a_date_from_another_clock(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= seeds(); seed++) {
        uint64_t x = seed;
        struct world w = ordinary(seed);
        w.window_ms = 60000;
        w.date_offset_ms = 90000 + (int64_t)(world_random(&x) * 900000);
        if (seed % 2 == 0)
            w.date_offset_ms *= -1;
        check_weather(&w, 0.95);
    }
}

static void test_headers_that_are_nonsense(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= seeds(); seed++) {
        struct world w = ordinary(seed);
        w.limit = w.new_limit = 300;
        w.wrong = 0.02;
        check_weather(&w, 0.95);
    }
}

static void test_a_refusal_for_no_reason_is_waited_for_as_it_says(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= seeds(); seed++) {
        struct world w = ordinary(seed);
        w.limit = w.new_limit = 300;
        w.sulks = 0.002;
        check_weather(&w, 0.95);
    }
}

static void test_all_of_it_at_once(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= seeds(); seed++) {
        uint64_t x = seed * 7919 + 3;
        struct world w = ordinary(seed);
        w.limit = 100 + (int64_t)(world_random(&x) * 300);
        w.new_limit = 100 + (int64_t)(world_random(&x) * 900);
        w.changes = (int)(world_random(&x) * 6);
        /* Without a Date nothing tells how long a window is, or that a clock jumped. */
        w.no_date = w.window_ms == 60000 && world_random(&x) < 0.4;
        w.steps = !w.no_date && world_random(&x) < 0.3;
        w.wrong = world_random(&x) * 0.02;
        w.mute = world_random(&x) * 0.2;
        w.lost = world_random(&x) * 0.01;
        w.broken = world_random(&x) * 0.01;
        w.sulks = world_random(&x) * 0.001;
        w.windows = 48;
        check_weather(&w, 0.8);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plans_that_change_at_any_time),
        cmocka_unit_test(test_clocks_that_jump_by_minutes),
        cmocka_unit_test(test_a_date_from_another_clock),
        cmocka_unit_test(test_headers_that_are_nonsense),
        cmocka_unit_test(test_a_refusal_for_no_reason_is_waited_for_as_it_says),
        cmocka_unit_test(test_all_of_it_at_once),
    };
    return cmocka_run_group_tests_name("limiter_weather", tests, NULL, NULL);
}
