/* json: canonical text from values. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <math.h>

#include "formats/json.h"

static void test_commas_fall_into_place(void **state)
{
    struct buf out = BUF_INIT(1024);
    struct json_writer w;

    (void)state;
    json_writer_init(&w, &out);
    json_open_object(&w);
    json_key(&w, "a");
    json_write_int(&w, INT64_MIN);
    json_key(&w, "b");
    json_open_array(&w);
    json_write_bool(&w, true);
    json_write_bool(&w, false);
    json_write_null(&w);
    json_open_object(&w);
    json_close_object(&w);
    json_open_array(&w);
    json_close_array(&w);
    json_write_str(&w, NULL);
    json_close_array(&w);
    json_key(&w, "c");
    json_write_raw(&w, "{\"x\":1}", 7);
    json_key(&w, "d\n");
    json_write_strn(&w, "xyz", 2);
    json_close_object(&w);
    assert_string_equal(buf_str(&out), "{\"a\":-9223372036854775808,\"b\":[true,false,null,{},[],"
                                       "null],\"c\":{\"x\":1},\"d\\n\":\"xy\"}");
    buf_release(&out);
}

static const char *written(struct buf *out, const char *s, size_t len)
{
    struct json_writer w;

    buf_clear(out);
    json_writer_init(&w, out);
    json_write_strn(&w, s, len);
    return buf_str(out);
}

static void test_only_what_must_be_is_escaped(void **state)
{
    struct buf out = BUF_INIT(1024);

    (void)state;
    assert_string_equal(written(&out, "", 0), "\"\"");
    assert_string_equal(written(&out, "a\"b\\c/d", 7), "\"a\\\"b\\\\c/d\"");
    assert_string_equal(written(&out, "\b\f\n\r\t\x01\x1f\x7f", 8),
                        "\"\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\"");
    assert_string_equal(written(&out, "\0", 1), "\"\\u0000\"");
    assert_string_equal(written(&out, "\xd8\xb4\xf0\x9f\x98\x80", 6),
                        "\"\xd8\xb4\xf0\x9f\x98\x80\"");
    buf_release(&out);
}

static void test_doubles_take_their_shortest_form(void **state)
{
    static const struct {
        double d;
        const char *text;
    } cases[] = {
        {0.1, "0.1"},      {12, "12"},    {-2.5, "-2.5"},    {1.0 / 3, "0.3333333333333333"},
        {1e300, "1e+300"}, {NAN, "null"}, {INFINITY, "null"}};
    struct buf out = BUF_INIT(1024);
    struct json_writer w;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        buf_clear(&out);
        json_writer_init(&w, &out);
        json_write_double(&w, cases[i].d);
        assert_string_equal(buf_str(&out), cases[i].text);
    }
    buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_commas_fall_into_place),
        cmocka_unit_test(test_only_what_must_be_is_escaped),
        cmocka_unit_test(test_doubles_take_their_shortest_form),
    };

    return cmocka_run_group_tests_name("json_write", tests, NULL, NULL);
}
