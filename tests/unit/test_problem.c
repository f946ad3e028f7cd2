/* problem: the order of the list, and the very text that people see. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <stdio.h>

#include "formats/problem.h"

static struct arena arena;
static struct problems problems;

static void add(const char *file, int line, int column, const char *message)
{
    problems_add(&problems, &(struct problem){
                                .file = file, .line = line, .column = column, .message = message});
}

static const char *printed(bool colour)
{
    static char text[4096];
    FILE *f = fmemopen(text, sizeof(text), "w");

    problems_print(&problems, f, colour);
    fclose(f);
    return text;
}

static void test_the_list_follows_files_and_lines(void **state)
{
    (void)state;
    add("b", 9, 1, "3");
    add("a", 5, 1, "6");
    add("b", 2, 7, "2");
    add("b", 2, 3, "1");
    add("a", 0, 0, "4");
    add("a", 1, 1, "5");
    add("b", 9, 1, "3 again");
    assert_string_equal(printed(false), "b:2:3: 1\nb:2:7: 2\nb:9:1: 3\nb:9:1: 3 again\n"
                                        "a: 4\na:1:1: 5\na:5:1: 6\n");
    assert_int_equal(problems.errors, 7);
}

static void test_a_problem_is_shown_with_line_underline_and_hint(void **state)
{
    (void)state;
    problems_add(
        &problems,
        &(struct problem){.file = "mappings/jobs.yaml",
                          .line = 12,
                          .column = 42,
                          .width = 16,
                          .source = "  description: {column: body, transform: [html_to_markdwon]}",
                          .message = "unknown transform \"html_to_markdwon\"",
                          .hint = "did you mean \"html_to_markdown\"?"});
    assert_string_equal(printed(false),
                        "mappings/jobs.yaml:12:42: unknown transform \"html_to_markdwon\"\n"
                        "   12 |   description: {column: body, transform: [html_to_markdwon]}\n"
                        "      |                                          ^^^^^^^^^^^^^^^^\n"
                        "      hint: did you mean \"html_to_markdown\"?\n");
}

static void test_zero_width_marks_take_no_column(void **state)
{
    (void)state;
    problems_add(&problems, &(struct problem){.file = "f",
                                              .line = 1,
                                              .column = 4,
                                              .width = 3,
                                              .source = "\xd8\xaf\xd9\x8e: x\xd8\xaf\xd9\x8e",
                                              .message = "m"});
    assert_string_equal(printed(false), "f:1:4: m\n"
                                        "    1 | \xd8\xaf\xd9\x8e: x\xd8\xaf\xd9\x8e\n"
                                        "      |   ^^^\n");
}

static void test_nothing_of_a_file_commands_the_terminal(void **state)
{
    (void)state;
    problems_add(&problems, &(struct problem){.file = "f",
                                              .line = 1,
                                              .column = 3,
                                              .width = 1,
                                              .source = "\t\x1b[31m\xc2\x9b\xff",
                                              .message = "a\nb\x07",
                                              .hint = "\x1b"});
    assert_string_equal(printed(false), "f:1:3: a?b?\n    1 |  ?[31m??\n      |   ^\n"
                                        "      hint: ?\n");
}

static void test_colour_comes_only_when_asked(void **state)
{
    (void)state;
    problems_add(&problems, &(struct problem){.file = "f",
                                              .line = 1,
                                              .column = 1,
                                              .width = 1,
                                              .source = "x",
                                              .message = "m",
                                              .warning = true});
    assert_string_equal(printed(true), "\033[1mf:1:1:\033[0m warning: m\n    1 | x\n"
                                       "      | \033[31m^\033[0m\n");
    assert_null(strchr(printed(false), '\033'));
}

static void test_an_underline_past_the_line_still_shows(void **state)
{
    (void)state;
    problems_add(
        &problems,
        &(struct problem){
            .file = "f", .line = 1, .column = 5, .width = 9, .source = "abcd", .message = "m"});
    assert_string_equal(printed(false), "f:1:5: m\n    1 | abcd\n      |     ^\n");
}

static void test_the_first_error_becomes_an_err(void **state)
{
    struct err e = ERR_INIT;

    (void)state;
    problems_add(&problems, &(struct problem){.file = "f", .message = "w", .warning = true});
    assert_true(problems_to_err(&problems, &e));
    problems_add(&problems, &(struct problem){
                                .file = "f", .line = 3, .column = 4, .message = "m", .hint = "h"});
    assert_false(problems_to_err(&problems, &e));
    assert_int_equal(e.kind, ERR_CONFIG);
    assert_string_equal(e.message, "f:3:4: m");
    assert_string_equal(e.hint, "h");
    add("f", 5, 1, "n");
    add("g", 0, 0, "o");
    assert_false(problems_to_err(&problems, &e));
    assert_string_equal(e.message, "f:3:4: m (and 2 more)");
    assert_string_equal(e.hint, "h");
    assert_int_equal(problems.warnings, 1);
}

static int set_up(void **state)
{
    (void)state;
    arena_init(&arena, 0);
    problems_init(&problems, &arena);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_the_list_follows_files_and_lines),
        CASE(test_a_problem_is_shown_with_line_underline_and_hint),
        CASE(test_zero_width_marks_take_no_column),
        CASE(test_nothing_of_a_file_commands_the_terminal),
        CASE(test_colour_comes_only_when_asked),
        CASE(test_an_underline_past_the_line_still_shows),
        CASE(test_the_first_error_becomes_an_err),
    };

    return cmocka_run_group_tests_name("problem", tests, NULL, NULL);
}
