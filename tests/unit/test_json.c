/* json: trees from good text, errors from bad text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <stdio.h>

#include "formats/json.h"

static struct arena arena;

static struct json *read_text(const char *text)
{
    struct err e = ERR_INIT;
    struct json *v = json_read(&arena, text, strlen(text), &e);

    if (!v)
        fail_msg("%s: %s", text, e.message);
    return v;
}

static void assert_refused(const char *text, size_t len, const char *why)
{
    struct err e = ERR_INIT;

    if (json_read(&arena, text, len, &e))
        fail_msg("%.*s was read", (int)len, text);
    assert_int_equal(e.kind, ERR_INTERNAL);
    if (!strstr(e.message, why))
        fail_msg("%.*s: %s", (int)len, text, e.message);
}

static void test_a_document_becomes_a_tree(void **state)
{
    const struct json *v =
        read_text("{\"id\":\"job_1\",\"n\":12,\"list\":[true,null,[],{}],\"o\":{\"x\":"
                  "\"y\"},\"last\":false}");
    const struct json *list = json_get(v, "list");

    (void)state;
    assert_int_equal(v->type, JSON_OBJECT);
    assert_int_equal(v->count, 5);
    assert_string_equal(json_string(json_get(v, "id")), "job_1");
    assert_string_equal(json_get(v, "n")->text, "12");
    assert_int_equal(list->count, 4);
    assert_true(json_bool(list->first, false));
    assert_null(list->first->key);
    assert_int_equal(list->first->next->type, JSON_NULL);
    assert_int_equal(list->first->next->next->count, 0);
    assert_string_equal(json_string(json_get(json_get(v, "o"), "x")), "y");
    assert_false(json_bool(json_get(v, "last"), true));
    assert_null(json_get(v, "last")->next);
}

static void test_getters_take_anything_calmly(void **state)
{
    const struct json *list = read_text("[\"a\"]");
    int64_t n;

    (void)state;
    assert_null(json_get(NULL, "x"));
    assert_null(json_get(list, "x"));
    assert_null(json_get(read_text("{}"), "x"));
    assert_null(json_string(NULL));
    assert_null(json_string(list));
    assert_false(json_int(NULL, &n));
    assert_false(json_int(list->first, &n));
    assert_true(json_bool(NULL, true));
    assert_true(json_bool(list, true));
}

static void test_escapes_become_characters(void **state)
{
    (void)state;
    assert_string_equal(json_string(read_text("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0634\"")),
                        "\"\\/\b\f\n\r\t\xd8\xb4");
    assert_string_equal(json_string(read_text("\"\\ud83d\\ude00\"")), "\xf0\x9f\x98\x80");
    assert_string_equal(json_string(read_text("\"\\\\ud800\"")), "\\ud800");
}

static void test_an_escape_without_a_character_reads_as_its_replacement(void **state)
{
    static const struct {
        const char *text, *value;
    } cases[] = {
        {"\"a\\ud800b\"", "a\xef\xbf\xbd"
                          "b"},
        {"\"\\udc00\"", "\xef\xbf\xbd"},
        {"\"\\ud83d\\u0041\"", "\xef\xbf\xbd"
                               "A"},
        {"\"\\ud83d\\ud83d\\ude00\"", "\xef\xbf\xbd\xf0\x9f\x98\x80"},
        {"\"job_1\\u0000x\"", "job_1\xef\xbf\xbdx"},
        {"\"\\uD800\"", "\xef\xbf\xbd"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct json *v = read_text(cases[i].text);

        assert_string_equal(json_string(v), cases[i].value);
        assert_int_equal(v->len, strlen(cases[i].value));
    }
    assert_non_null(json_get(read_text("{\"k\\u0000\":1}"), "k\xef\xbf\xbd"));
}

/* Long strings are read and written in steps, which must not show. */
static void test_what_is_escaped_is_found_wherever_it_stands(void **state)
{
    static const char odd[] = "\"\\\n\x01";
    char value[50];
    struct buf out = BUF_INIT(1024);
    struct json_writer w;

    (void)state;
    for (size_t len = 1; len <= sizeof value; len++)
        for (size_t at = 0; at < len; at++) {
            memset(value, 'x', len);
            value[at] = odd[(at + len) % (sizeof odd - 1)];
            buf_clear(&out);
            json_writer_init(&w, &out);
            json_write_strn(&w, value, len);
            const struct json *v = read_text(buf_str(&out));
            assert_int_equal(v->len, len);
            assert_memory_equal(v->text, value, len);
        }
    buf_release(&out);
}

/* The same for reading alone: yajl is not shown strings that are long or have escapes. */
static void test_a_string_is_read_whatever_its_length_and_its_neighbours(void **state)
{
    enum { MOST = 200 };
    static const struct {
        const char *text, *value;
    } pieces[] = {{"", ""},       {"\\n", "\n"},
                  {"\\\"", "\""}, {"\\u0634", "\xd8\xb4"},
                  {"\\\\", "\\"}, {"\\ud83d\\ude00", "\xf0\x9f\x98\x80"}};
    char text[4 * MOST], value[2 * MOST];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(pieces); i++)
        for (int before = 0; before < MOST / 2; before++)
            for (int after = before % 3; after < MOST / 2; after += 7) {
                snprintf(value, sizeof value, "%0*d%s%0*d", before + 1, 0, pieces[i].value,
                         after + 1, 0);
                snprintf(text, sizeof text, "[{\"%0*d%s%0*d\":\"%0*d%s%0*d\"},\"\",1,\"x\"]",
                         before + 1, 0, pieces[i].text, after + 1, 0, before + 1, 0, pieces[i].text,
                         after + 1, 0);
                const struct json *v = read_text(text);
                assert_int_equal(v->count, 4);
                assert_string_equal(v->first->first->key, value);
                assert_string_equal(json_string(v->first->first), value);
                assert_int_equal(v->first->first->len, strlen(value));
                assert_string_equal(json_string(v->first->next), "");
                assert_string_equal(json_string(v->first->next->next->next), "x");
            }
}

static void test_what_is_long_between_strings_is_read(void **state)
{
    char text[300];

    (void)state;
    snprintf(text, sizeof text, "[\"a\",1%0200d,\"b\"]", 0);
    const struct json *v = read_text(text);
    assert_int_equal(v->count, 3);
    assert_int_equal(v->first->next->len, 201);
    assert_string_equal(json_string(v->first->next->next), "b");
}

/* Where nothing is shown to yajl, nothing may get past it. */
static void test_what_no_string_may_have_is_found_in_a_long_one(void **state)
{
    static const char *const odd[] = {"\x01", "\n", "\\x", "\\u12 ", "\\u12g4"};
    char text[200];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(odd); i++)
        for (int at = 0; at < 100; at++) {
            int len =
                snprintf(text, sizeof text, "[\"%0*d%s%0*d\"]", at + 1, 0, odd[i], 100 - at, 0);
            assert_refused(text, (size_t)len, "not JSON at byte");
        }
}

static void test_text_is_read_where_it_stands_or_left_as_it_is(void **state)
{
    static const char text[] = "{\"short\":\"a\",\"escaped\":\"a\\nb\"}";
    char copy[sizeof text], *end = copy + sizeof text;
    struct err e = ERR_INIT;

    (void)state;
    memcpy(copy, text, sizeof text);
    assert_non_null(json_read(&arena, copy, sizeof text - 1, &e));
    assert_memory_equal(copy, text, sizeof text);
    const struct json *v = json_read_in_place(&arena, copy, sizeof text - 1, &e);
    assert_string_equal(json_string(json_get(v, "escaped")), "a\nb");
    for (const struct json *m = v->first; m; m = m->next) {
        assert_in_range((uintptr_t)m->key, (uintptr_t)copy, (uintptr_t)end);
        assert_in_range((uintptr_t)m->text, (uintptr_t)copy, (uintptr_t)end);
    }
}

static void test_bad_text_is_refused_with_its_place(void **state)
{
    static const char *const cases[] = {
        "",    "  ",   "{",    "[1",   "\"abc", "nul",    "[1,]",      "{\"a\"}", "{\"a\":}",
        "01",  "1.",   "-",    "+1",   ".5",    "NaN",    "'a'",       "[1 2]",   "\"\\x\"",
        "1 2", "{} x", "{}{}", "[1]]", "/**/1", "\"\t\"", "\"\\u12\"", "{a:1}",   "\xef\xbb\xbf{}",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_refused(cases[i], strlen(cases[i]), "not JSON at byte");
    assert_refused("[1] \0", 5, "not JSON at byte");
    assert_refused("{} x", 4, "trailing garbage");
    assert_refused("{} \"abc", 7, "not JSON at byte 3: a torn string");
    assert_refused("[1] \"", 5, "not JSON at byte 4: a torn string");
    assert_refused("[1,\"a\\\"", 7, "not JSON at byte 3: a torn string");
    assert_refused("[1 \"a", 5, "not JSON at byte 3: a torn string");
    assert_refused("[1,\"a\" \"a string with an escape \\n\"]", 36, "at byte 7");
    assert_refused("[true", 5, "at byte 5");
}

/* yajl is shown a text piece by piece, and of its strings the quotes alone. */
static void test_a_place_is_that_of_the_text_wherever_it_was_shown(void **state)
{
    static char text[8 * 1000], expected[64];

    (void)state;
    text[0] = '[';
    for (size_t n = 0, len = 1; n < 900; n++) {
        size_t item = n % 3 ? 5 : 7; /* some without a string */

        memcpy(text + len, "x,", 2);
        snprintf(expected, sizeof expected, "not JSON at byte %zu: lex", len + 1);
        assert_refused(text, len + 2, expected);
        memcpy(text + len, "\"no\"\"", 6);
        snprintf(expected, sizeof expected, "not JSON at byte %zu: a torn", len + 4);
        assert_refused(text, len + 5, expected);
        memcpy(text + len, item == 5 ? "\"no\"," : "-12.50,", item);
        len += item;
    }
}

/* Before a string, between its quotes' neighbours, at the last mark. */
static void test_a_piece_may_end_anywhere(void **state)
{
    static char text[2000];
    struct err e = ERR_INIT;

    (void)state;
    for (size_t blanks = 990; blanks < 1050; blanks++) {
        memset(text, ' ', blanks);
        strcpy(text + blanks, "[\"a\",\"bc\"]");
        const struct json *v = json_read(&arena, text, strlen(text), &e);
        assert_non_null(v);
        assert_int_equal(v->count, 2);
        assert_string_equal(v->first->text, "a");
        assert_string_equal(v->first->next->text, "bc");
    }
}

/* What yajl has not been shown yet may be wrong before the string that is torn. */
static void test_the_first_of_two_mistakes_is_told(void **state)
{
    (void)state;
    assert_refused("[x,\"a", 5, "not JSON at byte 2: lex");
}

static void test_a_small_text_takes_little_memory(void **state)
{
    static const char text[] = "{\"ar\":\"\u0645\",\"en\":\"Engineer\"}";
    struct err e = ERR_INIT;
    struct arena a;

    (void)state;
    arena_init(&a, 4096);
    assert_non_null(json_read(&a, text, sizeof(text) - 1, &e));
    assert_in_range(a.used_bytes, 1, 400);
    arena_release(&a);
}

static void test_every_torn_end_is_refused(void **state)
{
    static const char text[] = "{\"data\":[{\"id\":\"job_1\",\"n\":-1.5e3,\"t\":"
                               "\"\\u0634\xd8\xb4\"}],\"long\":\"a hundred "
                               "bytes or so, with nothing in them that is to be escaped, so that "
                               "they stay here\",\"c\":null}";
    struct err e = ERR_INIT;

    (void)state;
    assert_non_null(json_read(&arena, text, sizeof(text) - 1, &e));
    for (size_t len = 0; len < sizeof(text) - 1; len++)
        assert_refused(text, len, "not JSON at byte");
}

static void test_broken_utf8_is_refused(void **state)
{
    static const char *const cases[] = {"\"\xff\"",         "\"\xc0\x80\"", "\"\xed\xa0\x80\"",
                                        "\"\xe0\x80\x80\"", "\"\xd8\"",     "\"\xf4\x90\x80\x80\""};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_refused(cases[i], strlen(cases[i]), "byte 1: invalid UTF-8");
}

static void nest(char *text, size_t depth)
{
    memset(text, '[', depth);
    memset(text + depth, ']', depth);
    text[2 * depth] = '\0';
}

static void test_depth_is_limited(void **state)
{
    static char text[200001];

    (void)state;
    nest(text, 64);
    assert_non_null(read_text(text));
    nest(text, 65);
    assert_refused(text, 130, "nested too deeply");
    nest(text, 100000);
    assert_refused(text, 200000, "nested too deeply");
    memset(text, '{', 200000);
    assert_refused(text, 200000, "not JSON");
}

static void test_the_number_of_values_is_limited(void **state)
{
    size_t n = 1000 * 1000;
    char *text = mem_alloc(2 * n + 1);

    (void)state;
    for (size_t i = 0; i < n; i++)
        memcpy(text + 2 * i, i ? ",1" : "[1", 2);
    text[2 * n] = ']';
    assert_refused(text, 2 * n + 1, "too many values");
    mem_free(text);
}

static void test_exact_integers_are_read(void **state)
{
    static const struct {
        const char *text;
        int64_t n;
    } good[] = {
        {"0", 0},
        {"-0", 0},
        {"12", 12},
        {"12.0", 12},
        {"-7.000", -7},
        {"1e3", 1000},
        {"1.5e1", 15},
        {"1200e-2", 12},
        {"0e999999", 0},
        {"0.0", 0},
        {"9007199254740993", 9007199254740993},
        {"9223372036854775807", INT64_MAX},
        {"-9223372036854775808", INT64_MIN},
        {"1e18", 1000000000000000000},
        {"0.5e1", 5},
        {"100000000000000000000e-2", 1000000000000000000},
    };
    static const char *const bad[] = {"12.5",
                                      "1e-1",
                                      "9223372036854775808",
                                      "-9223372036854775809",
                                      "1e19",
                                      "1e999999999999999999999",
                                      "1e-400",
                                      "0.0001e3"};
    int64_t n;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        if (!json_int(read_text(good[i].text), &n))
            fail_msg("%s is an integer", good[i].text);
        assert_int_equal(n, good[i].n);
    }
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(json_int(read_text(bad[i]), &n));
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
        cmocka_unit_test(test_a_document_becomes_a_tree),
        cmocka_unit_test(test_getters_take_anything_calmly),
        cmocka_unit_test(test_escapes_become_characters),
        cmocka_unit_test(test_an_escape_without_a_character_reads_as_its_replacement),
        cmocka_unit_test(test_what_is_escaped_is_found_wherever_it_stands),
        cmocka_unit_test(test_a_string_is_read_whatever_its_length_and_its_neighbours),
        cmocka_unit_test(test_what_is_long_between_strings_is_read),
        cmocka_unit_test(test_what_no_string_may_have_is_found_in_a_long_one),
        cmocka_unit_test(test_text_is_read_where_it_stands_or_left_as_it_is),
        cmocka_unit_test(test_bad_text_is_refused_with_its_place),
        cmocka_unit_test(test_a_place_is_that_of_the_text_wherever_it_was_shown),
        cmocka_unit_test(test_a_piece_may_end_anywhere),
        cmocka_unit_test(test_the_first_of_two_mistakes_is_told),
        cmocka_unit_test(test_a_small_text_takes_little_memory),
        cmocka_unit_test(test_every_torn_end_is_refused),
        cmocka_unit_test(test_broken_utf8_is_refused),
        cmocka_unit_test(test_depth_is_limited),
        cmocka_unit_test(test_the_number_of_values_is_limited),
        cmocka_unit_test(test_exact_integers_are_read),
    };

    return cmocka_run_group_tests_name("json", tests, set_up, tear_down);
}
