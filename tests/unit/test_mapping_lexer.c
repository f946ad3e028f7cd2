/* mapping_lexer: partner SQL that stays inside its brackets, and names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "rules/mapping_internal.h"

static struct arena arena;

static void test_sql_that_is_whole_passes(void **state)
{
    static const char *const good[] = {
        "a",
        "a = ')' AND b = '(' || 'it''s'",
        "E'\\'' || '\\'",
        "e'\\\\' || (a)",
        "\"odd )\"\"\" || b",
        "$$ ); $$ || $q$ $$ ; ( $q$",
        "a /* ; ( /* nested ' */ \" */ + 1",
        "a -- ; ' ( to the end",
        "a -- one\n + (b)",
        "x[1] || (ARRAY[1, 2])[1]",
        "data ->> 'name'",
        "price$1 + a$b$c",
        "5 - -1 * 2 / 3",
        "note = 'نص؛ (عربي)'",
    };
    struct sql_fault fault;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(good); i++)
        if (!mapping_check_sql(good[i], &fault))
            fail_msg("%s: %s at %d", good[i], fault.message, fault.position);
}

static void test_sql_that_would_escape_is_refused_where_it_does(void **state)
{
    static const struct {
        const char *sql;
        int position;
    } bad[] = {
        {"a; DROP", 2},      {"a) OR (b", 2},  {"(a", 1},        {"((a)", 1},    {"(a]", 3},
        {"'open", 1},        {"a = E'\\'", 6}, {"\"open", 1},    {"$$ open", 1}, {"$a$ x $b$", 1},
        {"a /* /* */ b", 3}, {"أب = $1", 6},   {"a -- x\n;", 8}, {"'a''", 1},
    };
    struct sql_fault fault;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        if (mapping_check_sql(bad[i].sql, &fault))
            fail_msg("%s passes", bad[i].sql);
        if (fault.position != bad[i].position)
            fail_msg("%s: at %d instead of %d", bad[i].sql, fault.position, bad[i].position);
    }
}

static void test_brackets_deeper_than_the_limit_are_refused(void **state)
{
    char deep[1001];
    struct sql_fault fault;

    (void)state;
    memset(deep, '(', 500);
    memset(deep + 500, ')', 500);
    deep[1000] = '\0';
    assert_false(mapping_check_sql(deep, &fault));
}

static void test_names_split_at_dots_outside_quotes(void **state)
{
    static const char *const wrong[] = {"",     "a.",     ".a", "a.b.c", "a b",   "a;",
                                        "\"\"", "\"open", "1a", "a..b",  "\"a\"b"};
    const char *parts[MAPPING_MAX_PARTS];

    (void)state;
    assert_int_equal(mapping_split_name(&arena, "public.jobs", parts), 2);
    assert_string_equal(parts[0], "public");
    assert_string_equal(parts[1], "jobs");
    assert_int_equal(mapping_split_name(&arena, "\"a.b\".\"c\"\"d\"", parts), 2);
    assert_string_equal(parts[0], "a.b");
    assert_string_equal(parts[1], "c\"d");
    assert_int_equal(mapping_split_name(&arena, "وظائف", parts), 1);
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
        if (mapping_split_name(&arena, wrong[i], parts) != 0)
            fail_msg("\"%s\" passes for a name", wrong[i]);
}

static void test_the_direction_is_parsed_off_a_priority(void **state)
{
    bool desc;

    (void)state;
    assert_int_equal(mapping_priority_length("posted_at DESC", &desc), strlen("posted_at "));
    assert_true(desc);
    assert_int_equal(mapping_priority_length("posted_at asc \n", &desc), strlen("posted_at "));
    assert_false(desc);
    assert_int_equal(mapping_priority_length("is_desc", &desc), strlen("is_desc"));
    assert_false(desc);
    assert_int_equal(mapping_priority_length("(a)DESC", &desc), strlen("(a)"));
    assert_true(desc);
    assert_int_equal(mapping_priority_length("desc", &desc), strlen("desc"));
    assert_false(desc);
}

static void test_quoting_doubles_the_mark(void **state)
{
    struct buf out = BUF_INIT(1024);

    (void)state;
    mapping_quote_name(&out, "a\"b");
    mapping_quote_literal(&out, "it's");
    assert_string_equal(buf_str(&out), "\"a\"\"b\"'it''s'");
    buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sql_that_is_whole_passes),
        cmocka_unit_test(test_sql_that_would_escape_is_refused_where_it_does),
        cmocka_unit_test(test_brackets_deeper_than_the_limit_are_refused),
        cmocka_unit_test(test_names_split_at_dots_outside_quotes),
        cmocka_unit_test(test_the_direction_is_parsed_off_a_priority),
        cmocka_unit_test(test_quoting_doubles_the_mark),
    };
    int failed;

    arena_init(&arena, 0);
    failed = cmocka_run_group_tests_name("mapping_lexer", tests, NULL, NULL);
    arena_release(&arena);
    return failed;
}
