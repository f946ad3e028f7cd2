/* What of a text a server leaves alone that hands it back changed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
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
        {"a < b", "a"},
        {"\xd9\x85\xd9\x87\xd9\x86\xd8\xaf\xd8\xb3", "\xd9\x85\xd9\x87\xd9\x86\xd8\xaf"},
        {"x", ""},
    };
    for (size_t i = 0; i < ARRAY_LEN(pairs); i++)
        if (words(pairs[i][0]) == words(pairs[i][1]))
            fail_msg("\"%s\" and \"%s\"", pairs[i][0], pairs[i][1]);
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
        cmocka_unit_test(test_long_texts_differ_at_any_place),
    };
    return cmocka_run_group_tests_name("job_words", tests, NULL, NULL);
}
