/* utf8: strict decoding, and cuts that split no character. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/utf8.h"

static void test_characters_of_each_length_are_read(void **state)
{
    static const struct {
        const char *text;
        size_t bytes;
        uint32_t point;
    } cases[] = {
        {"A", 1, 'A'},
        {"\xc2\x80", 2, 0x80},
        {"\xd8\xb4", 2, 0x634},
        {"\xe2\x82\xac", 3, 0x20ac},
        {"\xef\xbf\xbf", 3, 0xffff},
        {"\xf0\x9f\x98\x80", 4, 0x1f600},
        {"\xf4\x8f\xbf\xbf", 4, 0x10ffff},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        uint32_t point = 0;

        assert_int_equal(utf8_next(cases[i].text, strlen(cases[i].text), &point), cases[i].bytes);
        assert_int_equal(point, cases[i].point);
    }
}

static void test_every_character_is_written_as_it_is_read(void **state)
{
    char bytes[4];
    uint32_t point;

    (void)state;
    for (uint32_t c = 0; c <= 0x10ffff; c = c == 0xd7ff ? 0xe000 : c + 1) {
        size_t n = utf8_put(bytes, c);

        assert_int_equal(utf8_next(bytes, n, &point), n);
        assert_int_equal(point, c);
    }
}

static void test_broken_forms_are_refused(void **state)
{
    static const char *const cases[] = {
        "",
        "\x80",
        "\xc0\x80",
        "\xc1\xbf",
        "\xe0\x80\x80",
        "\xed\xa0\x80",
        "\xe2\x82",
        "\xe2\x28",
        "\xf0\x80\x80\x80",
        "\xf4\x90\x80\x80",
        "\xf5\x80",
        "\xff",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_int_equal(utf8_next(cases[i], strlen(cases[i]), NULL), 0);
}

static void test_the_valid_beginning_is_measured(void **state)
{
    (void)state;
    assert_int_equal(utf8_valid("ab\xd8\xb4", 4), 4);
    assert_int_equal(utf8_valid("ab\xd8\xb4", 3), 2);
    assert_int_equal(utf8_valid("ab\xff", 3), 2);
}

/* Long text is measured in steps, which must not show: wherever a byte is wrong, it is found. */
static void test_a_wrong_byte_is_found_wherever_it_stands(void **state)
{
    static const char text[] = "a text that begins with much that is plain \xd8\xb4\xd9\x85 then "
                               "\xe2\x82\xac and \xd9\x81\xd9\x8a "
                               "\xd8\xa7\xd9\x84\xd8\xb1\xd9\x8a\xd8\xa7\xd8\xb6 as before";
    static const char wrong[] = "\xff\x80\xd8\xe2\xc1";

    (void)state;
    for (size_t i = 0; i < sizeof text - 1; i++)
        for (const char *w = wrong; *w; w++) {
            char *copy = mem_strdup(text); /* its end is guarded */
            size_t len = strlen(copy), at = 0;

            copy[i] = *w;
            for (size_t n; at < len && (n = utf8_next(copy + at, len - at, NULL)) > 0; at += n)
                ;
            assert_int_equal(utf8_valid(copy, len), at);
            mem_free(copy);
        }
}

static void test_a_cut_splits_no_character(void **state)
{
    (void)state;
    assert_int_equal(utf8_cut("a\xe2\x82\xac", 4, 3), 1);
    assert_int_equal(utf8_cut("a\xe2\x82\xac", 4, 4), 4);
    assert_int_equal(utf8_cut("abc", 3, 2), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_characters_of_each_length_are_read),
        cmocka_unit_test(test_every_character_is_written_as_it_is_read),
        cmocka_unit_test(test_broken_forms_are_refused),
        cmocka_unit_test(test_the_valid_beginning_is_measured),
        cmocka_unit_test(test_a_wrong_byte_is_found_wherever_it_stands),
        cmocka_unit_test(test_a_cut_splits_no_character),
    };

    return cmocka_run_group_tests_name("utf8", tests, NULL, NULL);
}
