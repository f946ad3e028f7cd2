/* yaml: the typed getters, the keys that are known, and what they say of all else. */
#include "yaml_text.h"

static void test_keys_that_are_unknown_find_their_neighbour(void **state)
{
    static const char *const known[] = {"column", "sql", "transform"};

    (void)state;
    yaml_check_keys(&problems, read_any("colum: x\nsql: y\nelse: z\n"), "a field", known, 3);
    assert_string_equal(told(), "f.yaml:1:1: unknown key \"colum\" in a field\n"
                                "    1 | colum: x\n"
                                "      | ^^^^^\n"
                                "      hint: did you mean \"column\"?\n"
                                "f.yaml:3:1: unknown key \"else\" in a field\n"
                                "    3 | else: z\n"
                                "      | ^^^^\n"
                                "      hint: known here: column, sql or transform\n");
    problems_init(&problems, &arena);
    yaml_check_keys(&problems, NULL, "a field", known, 3);
    assert_int_equal(problems.errors, 0);
    yaml_check_keys(&problems, read_any("[x]"), "a field", known, 3);
    assert_problem(1, 1, "expected a map, found a list");
}

static void test_typed_getters_take_what_fits(void **state)
{
    static const char *const plans[] = {"free", "growth", "scale"};
    const struct yaml_node *n =
        read_good("i: -12\nb: true\nd: 1m30s\nc: growth\nt: text\nq: \"8\"\n")->first;
    const char *text;
    int64_t i;
    bool b;
    int c;

    (void)state;
    assert_true(yaml_int(&problems, n, -12, 12, &i));
    assert_int_equal(i, -12);
    assert_true(yaml_bool(&problems, n = n->next, &b));
    assert_true(b);
    assert_true(yaml_duration(&problems, n = n->next, 0, 90000, &i));
    assert_int_equal(i, 90000);
    assert_true(yaml_choice(&problems, n = n->next, plans, 3, &c));
    assert_int_equal(c, 1);
    assert_true(yaml_text(&problems, n = n->next, &text));
    assert_string_equal(text, "text");
    assert_true(yaml_int(&problems, n->next, INT64_MIN, INT64_MAX, &i));
    assert_int_equal(i, 8);
    assert_int_equal(problems.errors, 0);
}

static void test_typed_getters_say_what_they_expected(void **state)
{
    static const char *const plans[] = {"free", "growth", "scale"};
    const struct yaml_node *n =
        read_any("a: 13\nb: yes\nc: 30\nd: 1d\ne: grwoth\nf: [x]\ng:\nh: 1x\n"
                 "i: 99999999999999999999\nj: {x: y}\n")
            ->first;
    const char *text;
    int64_t i;
    bool b;
    int c;

    (void)state;
    assert_false(yaml_int(&problems, n, 1, 12, &i));
    assert_false(yaml_bool(&problems, n = n->next, &b));
    assert_false(yaml_duration(&problems, n = n->next, 0, 1000, &i));
    assert_false(yaml_duration(&problems, n = n->next, 1000, 90000, &i));
    assert_false(yaml_choice(&problems, n = n->next, plans, 3, &c));
    assert_false(yaml_text(&problems, n = n->next, &text));
    assert_false(yaml_text(&problems, n = n->next, &text));
    assert_false(yaml_int(&problems, n = n->next, 1, 12, &i));
    assert_false(yaml_int(&problems, n = n->next, INT64_MIN, INT64_MAX, &i));
    assert_false(yaml_choice(&problems, n->next, plans, 3, &c));
    static const char *const messages[] = {
        "expected a whole number from 1 to 12, found \"13\"",
        "expected true or false, found \"yes\"",
        "expected a duration, found \"30\"",
        "expected a duration from 1s to 1m30s, found \"1d\"",
        "expected free, growth or scale, found \"grwoth\"",
        "expected text, found a list",
        "expected text, found nothing",
        "expected a whole number from 1 to 12, found \"1x\"",
        "expected a whole number from -9223372036854775808 to 9223372036854775807, found "
        "\"99999999999999999999\"",
        "expected free, growth or scale, found a map",
    };
    const struct problem *p = problems.first;
    for (size_t m = 0; m < ARRAY_LEN(messages); m++, p = p->next)
        assert_string_equal(p->message, messages[m]);
    assert_null(p);
}

static void test_a_secret_in_the_wrong_place_is_not_told(void **state)
{
    int64_t i;

    (void)state;
    assert_false(yaml_int(&problems, read_good("a: ${KEY}\n")->first, 0, 9, &i));
    assert_problem(1, 4, "expected a whole number from 0 to 9, found \"${KEY}\"");
    assert_null(strstr(told(), "s3cret"));
}

static void test_warnings_are_no_errors(void **state)
{
    (void)state;
    yaml_warning(&problems, read_good("a: 1\n")->first, NULL, "%s", "odd");
    assert_int_equal(problems.errors, 0);
    assert_int_equal(problems.warnings, 1);
    assert_string_equal(told(), "f.yaml:1:4: warning: odd\n    1 | a: 1\n      |    ^\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        YAML_TEST(test_keys_that_are_unknown_find_their_neighbour),
        YAML_TEST(test_typed_getters_take_what_fits),
        YAML_TEST(test_typed_getters_say_what_they_expected),
        YAML_TEST(test_a_secret_in_the_wrong_place_is_not_told),
        YAML_TEST(test_warnings_are_no_errors),
    };
    return cmocka_run_group_tests_name("yaml_getters", tests, NULL, NULL);
}
