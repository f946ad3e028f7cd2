/* What of a text a server leaves alone that hands it back changed. */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "rules/job.h"

static uint64_t words(const char *text)
{
    const struct job job = {.field = {[JOB_DESCRIPTION] = text_of(text)}};
    struct job_words w;
    job_words(&job, &w);
    return w.description;
}

static void test_what_a_server_may_change_does_not_count(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"Two  blanks ", "Two blanks"},
        {"* one\n* two", "- one\n- two"},
        {"__Bold__", "**Bold**"},
        {"<p>Bold <b>face</b></p>", "Bold face"},
        {"Ill &amp; well", "Ill & well"},
        {"a\xc2\xa0z", "a z"},
        {"\xd9\x85\xd9\x8f\xd9\x87\xd9\x86\xd8\xaf\xd8\xb3",
         "\xd9\x85\xd9\x87\xd9\x86\xd8\xaf\xd8\xb3"},
        {"Cooks \xd8\xb7\xd8\xa8\xd8\xae and \xd8\x9cothers\xd8\x9c", /* U+061C shows nothing */
         "Cooks \xd8\xb7\xd8\xa8\xd8\xae and others"},
        {"\xe2\x80\x9cquoted\xe2\x80\x9d", "\"quoted\""},
        {NULL, ""},
    };
    for (size_t i = 0; i < ARRAY_LEN(pairs); i++)
        if (words(pairs[i][0]) != words(pairs[i][1]))
            fail_msg("\"%s\" and \"%s\"", pairs[i][0], pairs[i][1]);
}

static void test_other_words_count(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"Cook", "Cooks"},
        {"Room 1", "Room 2"},
        {"Room 12", "Room 21"},
        {"A cook and a nurse", "A nurse and a cook"},
        {"a < b", "a"},
        {"\xd9\x85\xd9\x87\xd9\x86\xd8\xaf\xd8\xb3", "\xd9\x85\xd9\x87\xd9\x86\xd8\xaf"},
        {"x", ""},
    };
    for (size_t i = 0; i < ARRAY_LEN(pairs); i++)
        if (words(pairs[i][0]) == words(pairs[i][1]))
            fail_msg("\"%s\" and \"%s\"", pairs[i][0], pairs[i][1]);
}

static const char mixed[] =
    "Project engineer, Riyadh: \xd9\x85\xd9\x87\xd9\x86\xd8\xaf\xd8\xb3 "
    "\xd9\x85\xd8\xb4\xd8\xa7\xd8\xb1\xd9\x8a\xd8\xb9 and caf\xc3\xa9 staff, from 9 to 17 h";

static void test_what_does_not_count_may_stand_anywhere(void **state)
{
    static const char *const idle[] = {" ",        "<b>",     "&nbsp;", "\xe2\x80\x93",
                                       "\xd9\x8f", "\xd8\x9c"};
    (void)state;
    for (size_t at = 0; at < sizeof mixed; at++)
        for (size_t i = 0; i < ARRAY_LEN(idle); i++) {
            char text[2 * sizeof mixed];
            if (((unsigned char)mixed[at] & 0xC0) == 0x80)
                continue;
            snprintf(text, sizeof text, "%.*s%s%s", (int)at, mixed, idle[i], mixed + at);
            if (words(text) != words(mixed))
                fail_msg("\"%s\" and \"%s\"", text, mixed);
        }
}

/* Sixteen bytes at once say of any character what a closer look says, which a "&" brings about. */
static void test_a_closer_look_sees_the_same(void **state)
{
    static const char before[] = "sixteen letters ";
    (void)state;
    for (unsigned c = 0x80; c < 0x800; c++)
        for (size_t from = 0; from < sizeof before; from++) {
            char quick[64], close[64];
            int high = (int)(0xC0 | c >> 6), low = (int)(0x80 | (c & 0x3F));
            snprintf(quick, sizeof quick, "%s%c%c and some more of it", before + from, high, low);
            snprintf(close, sizeof close, "%s& %c%c and some more of it", before + from, high, low);
            if (words(quick) != words(close))
                fail_msg("U+%04X behind \"%s\"", c, before + from);
        }
}

static void test_the_order_counts(void **state)
{
    (void)state;
    for (size_t a = 0; a < sizeof mixed - 1; a++)
        for (size_t b = a + 1; b < sizeof mixed - 1; b++) {
            char text[sizeof mixed];
            if (!isalnum((unsigned char)mixed[a]) || !isalnum((unsigned char)mixed[b]) ||
                mixed[a] == mixed[b])
                continue;
            memcpy(text, mixed, sizeof text);
            text[a] = mixed[b];
            text[b] = mixed[a];
            assert_true(words(text) != words(mixed));
        }
}

static void test_long_texts_differ_at_any_place(void **state)
{
    (void)state;
    char a[2000], b[2000];
    memset(a, 'x', sizeof a - 1);
    a[sizeof a - 1] = '\0';
    for (size_t at = 0; at < sizeof a - 1; at += 100) {
        memcpy(b, a, sizeof b);
        b[at] = 'y';
        assert_true(words(a) != words(b));
        b[at] = ' ';
        assert_true(words(a) != words(b));
    }
    assert_true(words(a) != 0 && words("") != 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_a_server_may_change_does_not_count),
        cmocka_unit_test(test_other_words_count),
        cmocka_unit_test(test_what_does_not_count_may_stand_anywhere),
        cmocka_unit_test(test_a_closer_look_sees_the_same),
        cmocka_unit_test(test_the_order_counts),
        cmocka_unit_test(test_long_texts_differ_at_any_place),
    };
    return cmocka_run_group_tests_name("job_words", tests, NULL, NULL);
}
