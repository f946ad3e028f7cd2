/* clock: durations, timestamps and the turn of a month, at their edges. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"

static struct arena arena;

static void test_durations_are_read(void **state)
{
    static const struct {
        const char *text;
        int64_t ms;
    } cases[] = {
        {"0s", 0},
        {"250ms", 250},
        {"30s", 30000},
        {"2m", 120000},
        {"6h", 21600000},
        {"1d", 86400000},
        {"1h30m", 5400000},
        {"1m30s", 90000},
        {"90s", 90000},
        {"1d2h3m4s5ms", 93784005},
        {"9223372036854775807ms", INT64_MAX},
    };
    struct err e = ERR_INIT;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int64_t ms = -1;

        assert_true(clock_parse_duration(cases[i].text, &ms, &e));
        assert_int_equal(ms, cases[i].ms);
    }
}

static void test_what_is_no_duration_is_refused(void **state)
{
    static const char *const cases[] = {
        "",
        "30",
        "s",
        "30 s",
        "30x",
        "-1s",
        "1.5h",
        "1m1h",
        "1s1s",
        "1h30",
        "1S",
        "1sec",
        "1hm",
        " 1s",
        "9223372036854775808ms",
        "106751991168d",
        "9223372036854775807ms1ms",
        "106751991167d23h59m59s999999999ms",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct err e = ERR_INIT;
        int64_t ms;

        if (clock_parse_duration(cases[i], &ms, &e))
            fail_msg("\"%s\" was read as %lld", cases[i], (long long)ms);
        assert_int_equal(e.kind, ERR_CONFIG);
        assert_string_not_equal(e.hint, "");
    }
}

static void test_a_printed_duration_reads_back(void **state)
{
    static const int64_t cases[] = {0, 1, 999, 1000, 90000, 3600000, 86400000, 93784005, INT64_MAX};
    struct err e = ERR_INIT;

    (void)state;
    assert_string_equal(clock_print_duration(&arena, 90000), "1m30s");
    assert_string_equal(clock_print_duration(&arena, 0), "0s");
    assert_string_equal(clock_print_duration(&arena, 86400000), "1d");
    assert_string_equal(clock_print_duration(&arena, -90000), "-1m30s");
    assert_string_equal(clock_print_duration(&arena, INT64_MIN), "-106751991167d7h12m55s808ms");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int64_t ms;

        assert_true(clock_parse_duration(clock_print_duration(&arena, cases[i]), &ms, &e));
        assert_int_equal(ms, cases[i]);
    }
}

static void test_rough_durations_suit_people(void **state)
{
    static const struct {
        int64_t ms;
        const char *text;
    } cases[] = {
        {-5, "0 s"},
        {0, "0 s"},
        {12000, "12 s"},
        {59499, "59 s"},
        {59700, "1 min"},
        {180000, "3 min"},
        {3599000, "1 h 00 min"},
        {7500000, "2 h 05 min"},
        {86399000, "1 d 0 h"},
        {4 * 86400000LL + 6 * 3600000LL, "4 d 6 h"},
        {INT64_MAX, "106751991167 d 7 h"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_string_equal(clock_print_roughly(&arena, cases[i].ms), cases[i].text);
}

static void test_rfc3339_is_read(void **state)
{
    static const struct {
        const char *text;
        int64_t ms;
    } cases[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"2026-01-31T09:30:00.123Z", 1769851800123},
        {"2026-01-31T12:30:00.123+03:00", 1769851800123},
        {"2026-01-31 09:30:00.1239999z", 1769851800123},
        {"2026-01-31T09:30:00.1-00:30", 1769853600100},
        {"2024-02-29T23:59:60Z", 1709251200000},
        {"1969-12-31T23:59:59.999Z", -1},
        {"0000-01-01T00:00:00Z", -62167219200000},
        {"9999-12-31T23:59:59.999Z", 253402300799999},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int64_t ms = 42;

        assert_true(clock_parse_rfc3339(cases[i].text, &ms));
        assert_int_equal(ms, cases[i].ms);
    }
}

static void test_what_is_no_rfc3339_is_refused(void **state)
{
    static const char *const cases[] = {
        "",
        "2026-01-31",
        "2026-01-31T09:30:00",
        "2026-02-29T00:00:00Z",
        "1900-02-29T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "2026-01-32T00:00:00Z",
        "2026-01-00T00:00:00Z",
        "2026-01-31T24:00:00Z",
        "2026-01-31T09:60:00Z",
        "2026-01-31T09:30:61Z",
        "2026-01-31T09:30:00.Z",
        "2026-01-31T09:30:00+0300",
        "2026-01-31T09:30:00+24:00",
        "2026-01-31T09:30:00Zx",
        "26-01-31T09:30:00Z",
        " 2026-01-31T09:30:00Z",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int64_t ms;

        if (clock_parse_rfc3339(cases[i], &ms))
            fail_msg("\"%s\" was read as %lld", cases[i], (long long)ms);
    }
}

static void test_rfc3339_is_printed_in_utc(void **state)
{
    (void)state;
    assert_string_equal(clock_print_rfc3339(&arena, 0), "1970-01-01T00:00:00.000Z");
    assert_string_equal(clock_print_rfc3339(&arena, 1769851800123), "2026-01-31T09:30:00.123Z");
    assert_string_equal(clock_print_rfc3339(&arena, -1), "1969-12-31T23:59:59.999Z");
    assert_string_equal(clock_print_rfc3339(&arena, 951782400000), "2000-02-29T00:00:00.000Z");
    assert_string_equal(clock_print_rfc3339(&arena, INT64_MAX), "292278994-08-17T07:12:55.807Z");
    assert_string_equal(clock_print_rfc3339(&arena, INT64_MIN), "-292275055-05-16T16:47:04.192Z");
}

static void test_every_day_of_800_years_reads_back(void **state)
{
    (void)state;
    for (int64_t day = -400 * 365; day < 400 * 365; day++) {
        int64_t ms;

        assert_true(clock_parse_rfc3339(clock_print_rfc3339(&arena, day * 86400000), &ms));
        assert_int_equal(ms, day * 86400000);
        arena_clear(&arena);
    }
}

static void test_all_three_http_dates_are_read(void **state)
{
    static const char *const cases[] = {
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
    };
    int64_t ms;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        ms = 0;
        assert_true(clock_parse_http_date(cases[i], &ms));
        assert_int_equal(ms, 784111777000);
    }
    assert_true(clock_parse_http_date("Wed Nov 16 08:49:37 1994", &ms));
    assert_int_equal(ms, 784111777000 + 10 * 86400000LL);
}

static void test_what_is_no_http_date_is_refused(void **state)
{
    static const char *const cases[] = {
        "",
        "120",
        ",",
        "Sun, 06 Nov 1994 08:49:37",
        "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun, 31 Nov 1994 08:49:37 GMT",
        "Son, 06 Nov 1994 08:49:37 GMT",
        "Sun, 06 Foo 1994 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994 GMT",
        "Sun, 06 Nov 1994 08:49:37 GMT ",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int64_t ms;

        assert_false(clock_parse_http_date(cases[i], &ms));
    }
}

static void test_the_quota_turns_at_the_utc_month(void **state)
{
    (void)state;
    assert_int_equal(clock_next_month_ms(0), 31 * 86400000LL);
    assert_int_equal(clock_next_month_ms(31 * 86400000LL - 1), 31 * 86400000LL);
    assert_int_equal(clock_next_month_ms(31 * 86400000LL), 59 * 86400000LL);
    assert_int_equal(clock_next_month_ms(-1), 0);
    assert_int_equal(clock_next_month_ms(INT64_MAX), INT64_MAX);
}

static void test_the_clocks_run(void **state)
{
    int64_t before = clock_mono_ms();

    (void)state;
    assert_true(clock_mono_ms() >= before);
    assert_true(clock_wall_ms() > 1700000000000);
}

static int set_up(void **state)
{
    (void)state;
    arena_init(&arena, 0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_durations_are_read),
        cmocka_unit_test(test_what_is_no_duration_is_refused),
        cmocka_unit_test(test_a_printed_duration_reads_back),
        cmocka_unit_test(test_rough_durations_suit_people),
        cmocka_unit_test(test_rfc3339_is_read),
        cmocka_unit_test(test_what_is_no_rfc3339_is_refused),
        cmocka_unit_test(test_rfc3339_is_printed_in_utc),
        cmocka_unit_test(test_every_day_of_800_years_reads_back),
        cmocka_unit_test(test_all_three_http_dates_are_read),
        cmocka_unit_test(test_what_is_no_http_date_is_refused),
        cmocka_unit_test(test_the_quota_turns_at_the_utc_month),
        cmocka_unit_test(test_the_clocks_run),
    };

    return cmocka_run_group_tests_name("clock", tests, set_up, tear_down);
}
