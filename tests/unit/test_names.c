/* names: slips find their name, other words find none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/names.h"

static const char *const known[] = {
    "html_to_markdown",        "truncate", "ksa_city", "column", "const", "map",
    "\xd8\xac\xd8\xaf\xd8\xa9"};

static const char *nearest(const char *name)
{
    return names_nearest(name, known, ARRAY_LEN(known));
}

static void test_a_slip_finds_its_name(void **state)
{
    (void)state;
    assert_string_equal(nearest("html_to_markdwon"), "html_to_markdown");
    assert_string_equal(nearest("colum"), "column");
    assert_string_equal(nearest("columnn"), "column");
    assert_string_equal(nearest("KSA_City"), "ksa_city");
    assert_string_equal(nearest("mpa"), "map");
    assert_string_equal(nearest("truncat"), "truncate");
}

static void test_arabic_is_compared_by_letters(void **state)
{
    (void)state;
    assert_string_equal(nearest("\xd8\xac\xd8\xaf\xd9\x87"), "\xd8\xac\xd8\xaf\xd8\xa9");
    assert_null(nearest("\xd9\x85\xd9\x87\xd9\x87"));
}

static void test_another_word_finds_nothing(void **state)
{
    (void)state;
    assert_null(nearest("salary"));
    assert_null(nearest("x"));
    assert_null(nearest(""));
    assert_null(names_nearest("map", known, 0));
}

static void test_very_long_names_are_harmless(void **state)
{
    char name[5000];

    (void)state;
    memset(name, 'a', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    assert_null(nearest(name));
}

static void test_a_list_reads_like_a_sentence(void **state)
{
    static const char *const names[] = {"a", "b", "c"};
    struct arena a;

    (void)state;
    arena_init(&a, 0);
    assert_string_equal(names_list(&a, names, 3), "a, b or c");
    assert_string_equal(names_list(&a, names, 2), "a or b");
    assert_string_equal(names_list(&a, names, 1), "a");
    assert_string_equal(names_list(&a, names, 0), "");
    arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_slip_finds_its_name),
        cmocka_unit_test(test_arabic_is_compared_by_letters),
        cmocka_unit_test(test_another_word_finds_nothing),
        cmocka_unit_test(test_very_long_names_are_harmless),
        cmocka_unit_test(test_a_list_reads_like_a_sentence),
    };

    return cmocka_run_group_tests_name("names", tests, NULL, NULL);
}
