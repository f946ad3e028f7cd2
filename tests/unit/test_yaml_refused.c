/* yaml: what is refused, and where in the file it stands. */
#include "yaml_text.h"

static void test_a_billion_laughs_are_not_funny(void **state)
{
    struct buf text = BUF_INIT(100000);

    (void)state;
    buf_addstr(&text, "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for (int i = 1; i < 20; i++) {
        buf_printf(&text, "a%d: &a%d [", i, i);
        for (int j = 0; j < 10; j++)
            buf_printf(&text, "%s*a%d", j ? ", " : "", i - 1);
        buf_addstr(&text, "]\n");
    }
    assert_null(read_any(buf_str(&text)));
    assert_int_equal(problems.errors, 1);
    assert_string_equal(problems.first->message, "the file holds too many values");
    buf_release(&text);
}

static void test_a_node_cannot_contain_itself(void **state)
{
    (void)state;
    assert_null(read_any("a: &x [1, *x]\n"));
    assert_problem(1, 11, "unknown anchor \"x\"");
}

static void test_depth_is_limited(void **state)
{
    static char text[1001];

    (void)state;
    memset(text, '[', 1000);
    assert_null(read_any(text));
    assert_problem(1, 65, "nested too deeply");
}

static void test_a_key_given_twice_is_told_with_both_places(void **state)
{
    (void)state;
    assert_non_null(read_any("a: 1\nb: 2\n\"a\": 3\n"));
    assert_string_equal(told(), "f.yaml:3:1: key \"a\" is given twice\n"
                                "    3 | \"a\": 3\n"
                                "      | ^^^\n"
                                "      hint: it stands first on line 1\n");
}

static void test_all_mistakes_are_told_at_once(void **state)
{
    (void)state;
    assert_non_null(read_any("a: !!str 1\n<<: {b: 2}\n[x]: 3\nc: ${NONE}\nc: 4\n"));
    assert_int_equal(problems.errors, 5);
    assert_string_equal(problems.first->message, "tags are not understood");
    assert_string_equal(problems.first->next->message, "merge keys are not understood");
    assert_string_equal(problems.first->next->next->message, "a key must be plain text");
}

static void test_what_cannot_be_parsed_is_told_with_its_place(void **state)
{
    static const struct {
        const char *text;
        int line, column;
        const char *message;
    } cases[] = {
        {"a:\n\tb: 1\n", 2, 1, "a tab is used for indentation"},
        {"a: b: c\n", 1, 5, "a \":\" stands where no key can be"},
        {"a: 1\nb\nc: 2\n", 3, 1, "a key without its \":\""},
        {"x: 1\na: \"abc\n", 2, 4, "the file ends inside a quoted value"},
        {"a: \"\\q\"\n", 1, 5, "unknown escape after \"\\\" in double quotes"},
        {"a: {u: ${KEY}}\n", 1, 9, "\"${\" inside { } or [ ] must be quoted"},
        {"a: @x\n", 1, 4, "a value cannot begin with this character"},
        {"a: 1\n---\nb: 2\n", 2, 1, "a second document begins here"},
        {"a: x\xff\n", 1, 5, "the file is not UTF-8"},
        {"\xd8\xb4: 1\nb: \x01\n", 2, 4, "control characters are not allowed"},
        {"a: \"x\\0y\"\n", 1, 4, "the value holds a NUL character"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        problems_init(&problems, &arena);
        assert_null(read_any(cases[i].text));
        assert_problem(cases[i].line, cases[i].column, cases[i].message);
        assert_int_equal(problems.errors, 1);
    }
}

static void test_every_torn_file_is_read_or_told(void **state)
{
    static const char text[] =
        "a: &x {k: [1, 'it''s', \"\\u0634${KEY}\"]}\nb: |2-\n   text\nc: *x\n"
        "\xd8\xb4: >\n  folded\n  text\n";

    (void)state;
    for (size_t len = 0; len < sizeof(text); len++)
        read_bytes(text, len);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        YAML_TEST(test_a_billion_laughs_are_not_funny),
        YAML_TEST(test_a_node_cannot_contain_itself),
        YAML_TEST(test_depth_is_limited),
        YAML_TEST(test_a_key_given_twice_is_told_with_both_places),
        YAML_TEST(test_all_mistakes_are_told_at_once),
        YAML_TEST(test_what_cannot_be_parsed_is_told_with_its_place),
        YAML_TEST(test_every_torn_file_is_read_or_told),
    };
    return cmocka_run_group_tests_name("yaml_refused", tests, NULL, NULL);
}
