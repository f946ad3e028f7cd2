/*
 * table and output: what fits, what wraps, what is cut, and that no text does anything to a
 * terminal.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/utf8.h"
#include "commands/table.h"

static struct arena a;
static struct buf out;

static int set_up(void **state)
{
    (void)state;
    arena_init(&a, 0);
    buf_init(&out, 1 << 20);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_release(&a);
    buf_release(&out);
    return 0;
}

static const struct table_column columns[] = {
    {"key", TABLE_WORD}, {"rows", TABLE_NUMBER}, {"message", TABLE_TEXT}};

static void add(struct table *t, const char *key, const char *rows, const char *message)
{
    table_add_row(t);
    table_set(t, 0, key, STYLE_PLAIN);
    table_set(t, 1, rows, STYLE_PLAIN);
    table_set(t, 2, message, STYLE_BAD);
}

static const char *written(const struct table *t, size_t width, bool terminal)
{
    const struct output o = {.terminal = terminal, .colour = terminal, .width = width};
    buf_clear(&out);
    table_write(t, &o, 0, &out);
    return buf_str(&out);
}

static void assert_fits(const char *text, size_t width)
{
    assert_int_equal(utf8_valid(text, strlen(text)), strlen(text));
    for (const char *end; (end = strchr(text, '\n')) != NULL; text = end + 1)
        if (output_columns(text, (size_t)(end - text)) > width)
            fail_msg("wider than %zu: %.*s", width, (int)(end - text), text);
}

/* ---- tables ---------------------------------------------------------------------------------- */

static void test_columns_are_as_wide_as_what_they_hold(void **state)
{
    (void)state;
    struct table t;
    table_init(&t, &a, columns, 3);
    add(&t, "a-12", "1,234", "short");
    add(&t, "b", "7", "x");
    assert_string_equal(written(&t, 0, false), "key    rows  message\n"
                                               "a-12  1,234  short\n"
                                               "b         7  x\n");
}

static void test_a_column_that_holds_nothing_is_left_out(void **state)
{
    (void)state;
    struct table t;
    table_init(&t, &a, columns, 3);
    add(&t, "k", NULL, "m");
    assert_string_equal(written(&t, 0, false), "key  message\nk    m\n");
}

static void test_no_line_ends_in_blanks(void **state)
{
    (void)state;
    struct table t;
    table_init(&t, &a, columns, 3);
    add(&t, "k", "1", "message");
    add(&t, "k", NULL, NULL);
    assert_null(strstr(written(&t, 0, false), " \n"));
}

static void test_the_text_column_wraps_at_blanks(void **state)
{
    (void)state;
    struct table t;
    table_init(&t, &a, columns, 3);
    add(&t, "key-1", "1", "the title has two characters, at least three are needed");
    assert_string_equal(written(&t, 40, false), "key    rows  message\n"
                                                "key-1     1  the title has two\n"
                                                "             characters, at least three\n"
                                                "             are needed\n");
}

static void test_without_a_limit_lines_stay_whole(void **state)
{
    (void)state;
    struct table t;
    char message[2001];
    memset(message, 'm', sizeof message - 1);
    message[sizeof message - 1] = '\0';
    table_init(&t, &a, columns, 3);
    add(&t, "k", "1", message);
    assert_non_null(strstr(written(&t, 0, false), message));
}

static void test_arabic_wide_and_marked_text_fits_at_any_width(void **state)
{
    (void)state;
    struct table t;
    table_init(&t, &a, columns, 3);
    add(&t, "مُهَنْدِسٌ", "1", "العنوان قصير جدًا: حرفان فقط، والمطلوب ثلاثة أحرف على الأقل");
    add(&t, "日本語のキー", "22", "漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字");
    add(&t, "e\xcc\x81\xcc\x82x", "333", "🏗️ emoji 👷🏽‍♀️ and e\xcc\x81 marks");
    for (size_t width = 24; width < 120; width++)
        assert_fits(written(&t, width, false), width);
}

static void test_a_word_is_cut_with_an_ellipsis_when_nothing_else_helps(void **state)
{
    (void)state;
    struct table t;
    table_init(&t, &a, columns, 3);
    add(&t, "0123456789012345678901234567890123456789", "1", "m");
    const char *text = written(&t, 30, false);
    assert_fits(text, 30);
    assert_non_null(strstr(text, "…"));
}

static void test_a_mark_stays_with_its_letter(void **state)
{
    (void)state;
    const char *next;
    assert_int_equal(output_line("e\xcc\x81"
                                 "f",
                                 1, &next),
                     3);
    assert_string_equal(next, "f");
}

/* ---- terminals ------------------------------------------------------------------------------- */

static void test_arabic_is_isolated_on_a_terminal_only(void **state)
{
    (void)state;
    struct table t;
    table_init(&t, &a, columns, 3);
    add(&t, "وظيفة", "1", "m");
    assert_non_null(strstr(written(&t, 60, true), "\xe2\x81\xa8وظيفة\xe2\x81\xa9"));
    assert_null(strstr(written(&t, 60, false), "\xe2\x81\xa8"));
}

static void test_colours_only_where_they_are_asked_for(void **state)
{
    (void)state;
    struct table t;
    table_init(&t, &a, columns, 3);
    add(&t, "k", "1", "m");
    assert_non_null(strstr(written(&t, 60, true), "\033[1;31mm\033[0m"));
    assert_null(strchr(written(&t, 60, false), '\033'));
}

static void test_text_cannot_reach_the_terminal(void **state)
{
    (void)state;
    assert_string_equal(output_clean(&a, "a\033[2Jb\rc\nd\te\x7f\xff\xc2\x9b"), "a?[2Jb c d e???");
    assert_string_equal(output_clean(&a, "x\xe2\x80\xaetxt.exe"), "x?txt.exe");
    assert_string_equal(output_clean(&a, NULL), "");
}

static void test_further_lines_stand_under_the_first(void **state)
{
    (void)state;
    const struct output o = {.width = 24};
    output_wrapped(&o, &out, STYLE_PLAIN, "one two three four five six", 4);
    assert_string_equal(buf_str(&out), "one two three four\n    five six\n");
}

/* ---- values ---------------------------------------------------------------------------------- */

static void test_counts_have_their_thousands_marked(void **state)
{
    (void)state;
    assert_string_equal(output_count(&a, 0), "0");
    assert_string_equal(output_count(&a, 999), "999");
    assert_string_equal(output_count(&a, 1000), "1,000");
    assert_string_equal(output_count(&a, -1234567), "-1,234,567");
}

static void test_times_are_told_from_now_on_the_walls_of_the_zone(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    const struct zone *zone = zone_load(&a, "Asia/Riyadh", &e);
    const int64_t now = INT64_C(1769851800000); /* 2026-01-31T09:30:00Z */
    assert_string_equal(output_ago(&a, "2026-01-31T09:29:48.000Z", now), "12 s ago");
    assert_string_equal(output_ago(&a, "2026-01-31T09:35:00.000Z", now), "in 5 min");
    assert_string_equal(output_when(&a, "2026-01-31T22:30:00.000Z", zone, now),
                        "2026-02-01 01:30:00 (in 13 h 00 min)");
    assert_null(output_ago(&a, NULL, now));
    assert_null(output_when(&a, "yesterday", zone, now));
}

static void test_columns_in_the_environment_say_the_width(void **state)
{
    (void)state;
    struct output o;
    setenv("COLUMNS", "132", 1);
    output_init(&o);
    assert_int_equal(o.width, 132);
    setenv("COLUMNS", "many", 1);
    output_init(&o);
    assert_int_equal(o.width, o.terminal ? o.width : 0);
    unsetenv("COLUMNS");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_columns_are_as_wide_as_what_they_hold),
        TEST(test_a_column_that_holds_nothing_is_left_out),
        TEST(test_no_line_ends_in_blanks),
        TEST(test_the_text_column_wraps_at_blanks),
        TEST(test_without_a_limit_lines_stay_whole),
        TEST(test_arabic_wide_and_marked_text_fits_at_any_width),
        TEST(test_a_word_is_cut_with_an_ellipsis_when_nothing_else_helps),
        TEST(test_a_mark_stays_with_its_letter),
        TEST(test_arabic_is_isolated_on_a_terminal_only),
        TEST(test_colours_only_where_they_are_asked_for),
        TEST(test_text_cannot_reach_the_terminal),
        TEST(test_further_lines_stand_under_the_first),
        TEST(test_counts_have_their_thousands_marked),
        TEST(test_times_are_told_from_now_on_the_walls_of_the_zone),
        TEST(test_columns_in_the_environment_say_the_width),
    };
    return cmocka_run_group_tests_name("table", tests, NULL, NULL);
}
