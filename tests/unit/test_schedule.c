/* schedule and zone: reading five fields, the next time, and clocks that change. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "rules/schedule.h"

static struct arena arena;

static const struct zone *zone_of(const char *name)
{
    struct err e = ERR_INIT;
    const struct zone *z = zone_load(&arena, name, &e);
    if (!z)
        fail_msg("%s", e.message);
    return z;
}

static int64_t at(const char *rfc3339)
{
    int64_t ms;
    assert_true(clock_parse_rfc3339(rfc3339, &ms));
    return ms;
}

static void assert_next(const char *schedule, const char *zone, const char *after, const char *due)
{
    struct schedule s;
    struct err e = ERR_INIT;
    if (!schedule_parse(schedule, &s, &e))
        fail_msg("%s", e.message);
    int64_t next = schedule_next(&s, at(after), zone_of(zone));
    assert_string_equal(clock_print_rfc3339(&arena, next), clock_print_rfc3339(&arena, at(due)));
}

static void test_the_next_time_is_after_and_never_now(void **state)
{
    (void)state;
    assert_next("* * * * *", "UTC", "2026-01-31T09:30:00.000Z", "2026-01-31T09:31:00Z");
    assert_next("* * * * *", "UTC", "2026-01-31T09:30:59.999Z", "2026-01-31T09:31:00Z");
    assert_next("0 0 1 1 *", "UTC", "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z");
}

static void test_ranges_steps_and_lists_are_understood(void **state)
{
    (void)state;
    assert_next("*/15 * * * *", "UTC", "2026-01-31T09:31:00Z", "2026-01-31T09:45:00Z");
    assert_next("5,50 7-9 * * *", "UTC", "2026-01-31T07:51:00Z", "2026-01-31T08:05:00Z");
    assert_next("10-40/20 3 * * *", "UTC", "2026-01-31T03:11:00Z", "2026-01-31T03:30:00Z");
    assert_next("0 22-23,4 * * *", "UTC", "2026-01-31T23:00:00Z", "2026-02-01T04:00:00Z");
}

static void test_names_of_months_and_weekdays_are_understood(void **state)
{
    (void)state;
    assert_next("0 9 * mar *", "UTC", "2026-01-31T09:00:00Z", "2026-03-01T09:00:00Z");
    assert_next("0 9 * * Sun-Thu", "UTC", "2026-01-29T09:00:00Z", "2026-02-01T09:00:00Z");
    assert_next("0 9 * JAN,dec FRI", "UTC", "2026-01-30T09:00:00Z", "2026-12-04T09:00:00Z");
}

static void test_sunday_is_zero_and_seven(void **state)
{
    (void)state;
    assert_next("0 0 * * 0", "UTC", "2026-01-30T00:00:00Z", "2026-02-01T00:00:00Z");
    assert_next("0 0 * * 7", "UTC", "2026-01-30T00:00:00Z", "2026-02-01T00:00:00Z");
    assert_next("0 0 * * 5-7", "UTC", "2026-01-31T00:00:00Z", "2026-02-01T00:00:00Z");
}

static void test_a_day_fits_by_month_or_by_week_when_both_are_given(void **state)
{
    (void)state;
    assert_next("0 0 13 * 5", "UTC", "2026-01-01T12:00:00Z", "2026-01-02T00:00:00Z"); /* Friday */
    assert_next("0 0 13 * 5", "UTC", "2026-01-09T12:00:00Z", "2026-01-13T00:00:00Z"); /* 13th */
    assert_next("0 0 13 * *", "UTC", "2026-01-09T12:00:00Z", "2026-01-13T00:00:00Z");
    assert_next("0 0 * * 5", "UTC", "2026-01-09T12:00:00Z", "2026-01-16T00:00:00Z");
    assert_next("0 0 */2 * 5", "UTC", "2026-01-02T12:00:00Z", "2026-01-09T00:00:00Z"); /* both */
}

static void test_leap_days_are_waited_for(void **state)
{
    (void)state;
    assert_next("0 0 29 2 *", "UTC", "2026-01-01T00:00:00Z", "2028-02-29T00:00:00Z");
    assert_next("0 0 29 2 *", "UTC", "2097-01-01T00:00:00Z", "2104-02-29T00:00:00Z");
}

static void test_riyadh_is_three_hours_east(void **state)
{
    (void)state;
    assert_next("*/15 7-19 * * 0-4", "Asia/Riyadh", "2026-01-31T20:00:00Z", "2026-02-01T04:00:00Z");
    assert_int_equal(zone_offset(zone_of("Asia/Riyadh"), 1767225600), 10800);
    assert_int_equal(zone_offset(zone_of("UTC"), 1767225600), 0);
}

static void test_a_skipped_time_is_due_right_after_and_a_double_one_once(void **state)
{
    (void)state;
    /* New York 2026: 8 March 02:00 -> 03:00, 1 November 02:00 -> 01:00. */
    assert_next("30 2 * * *", "America/New_York", "2026-03-08T05:00:00Z", "2026-03-08T07:30:00Z");
    assert_next("30 1 * * *", "America/New_York", "2026-11-01T04:00:00Z", "2026-11-01T05:30:00Z");
    assert_next("30 1 * * *", "America/New_York", "2026-11-01T05:30:00Z", "2026-11-02T06:30:00Z");
    assert_next("0 2 * * *", "America/New_York", "2026-11-01T06:15:00Z", "2026-11-01T07:00:00Z");
}

static void test_the_rule_serves_years_beyond_the_table(void **state)
{
    (void)state;
    const struct zone *north = zone_of("Europe/Berlin"), *south = zone_of("Australia/Sydney");
    assert_int_equal(zone_offset(north, at("2060-07-01T00:00:00Z") / 1000), 7200);
    assert_int_equal(zone_offset(north, at("2060-12-01T00:00:00Z") / 1000), 3600);
    assert_int_equal(zone_offset(south, at("2060-07-01T00:00:00Z") / 1000), 36000);
    assert_int_equal(zone_offset(south, at("2060-12-31T23:00:00Z") / 1000), 39600);
}

static void test_wrong_schedules_are_refused_and_say_where(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "* * * *",
                                      "* * * * * *",
                                      "60 * * * *",
                                      "* 24 * * *",
                                      "* * 0 * *",
                                      "* * * 13 *",
                                      "* * * * 8",
                                      "5-1 * * * *",
                                      "*/0 * * * *",
                                      "5/2 * * * *",
                                      "a * * * *",
                                      "1,,2 * * * *",
                                      "* * 31 2 *",
                                      "* * 31 4,6 *",
                                      "@daily",
                                      "*/99 * * * *",
                                      "-1 * * * *"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct schedule s;
        struct err e = ERR_INIT;
        if (schedule_parse(bad[i], &s, &e))
            fail_msg("\"%s\" was taken", bad[i]);
        assert_int_equal(e.kind, ERR_CONFIG);
    }
    struct schedule s;
    struct err e = ERR_INIT;
    assert_false(schedule_parse("0 25 * * *", &s, &e));
    assert_string_equal(e.message, "schedule \"0 25 * * *\" is wrong at its hour");
}

static void test_unknown_zones_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"",     "Asia/Riad", "../zoneinfo/UTC", "/etc/passwd",
                                      "Asia", "tzdata.zi"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct err e = ERR_INIT;
        assert_null(zone_load(&arena, bad[i], &e));
        assert_int_equal(e.kind, ERR_CONFIG);
    }
}

static void test_a_torn_zone_file_is_refused(void **state)
{
    (void)state;
    unsigned char data[44] = "TZif2";
    for (size_t len = 0; len <= sizeof data; len++)
        assert_null(zone_read(&arena, data, len));
    memset(data + 20, 0xff, 24);
    assert_null(zone_read(&arena, data, sizeof data));
}

static int release(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

int main(void)
{
    arena_init(&arena, 0);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_next_time_is_after_and_never_now),
        cmocka_unit_test(test_ranges_steps_and_lists_are_understood),
        cmocka_unit_test(test_names_of_months_and_weekdays_are_understood),
        cmocka_unit_test(test_sunday_is_zero_and_seven),
        cmocka_unit_test(test_a_day_fits_by_month_or_by_week_when_both_are_given),
        cmocka_unit_test(test_leap_days_are_waited_for),
        cmocka_unit_test(test_riyadh_is_three_hours_east),
        cmocka_unit_test(test_a_skipped_time_is_due_right_after_and_a_double_one_once),
        cmocka_unit_test(test_the_rule_serves_years_beyond_the_table),
        cmocka_unit_test(test_wrong_schedules_are_refused_and_say_where),
        cmocka_unit_test(test_unknown_zones_are_refused),
        cmocka_unit_test(test_a_torn_zone_file_is_refused),
    };
    return cmocka_run_group_tests_name("schedule", tests, NULL, release);
}
