/* err: filling, prefixing, cutting, and the exit status of each kind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"

static void test_an_err_is_filled_and_replaced(void **state)
{
    struct err e = ERR_INIT;

    (void)state;
    assert_false(err_set(&e, ERR_AWAY, "first %d", 1));
    err_hint(&e, "Do %s.", "this");
    memcpy(e.sqlstate, "57P01", 6);
    assert_int_equal(e.kind, ERR_AWAY);
    assert_string_equal(e.message, "first 1");
    assert_string_equal(e.hint, "Do this.");
    err_set(&e, ERR_CONFIG, "second");
    assert_int_equal(e.kind, ERR_CONFIG);
    assert_string_equal(e.hint, "");
    assert_string_equal(e.sqlstate, "");
}

static void test_a_prefix_stands_before_the_message(void **state)
{
    struct err e = ERR_INIT;

    (void)state;
    err_set(&e, ERR_CONFIG, "no key");
    err_hint(&e, "Add one.");
    assert_false(err_prefix(&e, "mapping \"%s\": ", "jobs"));
    assert_string_equal(e.message, "mapping \"jobs\": no key");
    assert_string_equal(e.hint, "Add one.");
    assert_int_equal(e.kind, ERR_CONFIG);
}

static void test_an_argument_may_point_into_the_err(void **state)
{
    struct err e = ERR_INIT;

    (void)state;
    err_set(&e, ERR_AWAY, "inner");
    err_set(&e, ERR_CONFIG, "outer: %s", e.message);
    assert_string_equal(e.message, "outer: inner");
    err_prefix(&e, "%s / ", e.message);
    assert_string_equal(e.message, "outer: inner / outer: inner");
}

static void test_a_long_text_is_cut_at_a_character(void **state)
{
    struct err e = ERR_INIT;
    char text[3001];

    (void)state;
    for (int i = 0; i < 1000; i++)
        memcpy(text + 3 * i, "\xe2\x82\xac", 3);
    text[3000] = '\0';
    err_set(&e, ERR_AWAY, "xx%s", text);
    assert_int_equal(strlen(e.message), 2 + 3 * 340);
    err_prefix(&e, "%s", "abcd");
    assert_int_equal(strlen(e.message), 4 + 2 + 3 * 339);
    err_prefix(&e, "%s", text);
    assert_int_equal(strlen(e.message), 3 * 341);
    err_hint(&e, "x%s", text);
    assert_int_equal(strlen(e.hint), 1 + 3 * 170);
}

static void test_kinds_have_the_exit_status_of_the_design(void **state)
{
    (void)state;
    assert_int_equal(err_exit_status(ERR_NONE), 0);
    assert_int_equal(err_exit_status(ERR_STOPPED), 0);
    assert_int_equal(err_exit_status(ERR_USAGE), 64);
    assert_int_equal(err_exit_status(ERR_AWAY), 69);
    assert_int_equal(err_exit_status(ERR_INTERNAL), 70);
    assert_int_equal(err_exit_status(ERR_LOCKED), 75);
    assert_int_equal(err_exit_status(ERR_FENCED), 75);
    assert_int_equal(err_exit_status(ERR_KEY), 77);
    assert_int_equal(err_exit_status(ERR_CONFIG), 78);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_err_is_filled_and_replaced),
        cmocka_unit_test(test_a_prefix_stands_before_the_message),
        cmocka_unit_test(test_an_argument_may_point_into_the_err),
        cmocka_unit_test(test_a_long_text_is_cut_at_a_character),
        cmocka_unit_test(test_kinds_have_the_exit_status_of_the_design),
    };

    return cmocka_run_group_tests_name("err", tests, NULL, NULL);
}
