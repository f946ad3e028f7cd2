/* What a listing says of creates whose answers were lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine/settle.h"

#define NO_TITLE (JOB_ALL & ~(1u << JOB_TITLE))

static struct settle_content content(const char *title, const char *description)
{
    const struct job job = {.field = {[JOB_TITLE] = text_of(title),
                                      [JOB_DESCRIPTION] = text_of(description),
                                      [JOB_CITY] = text_of("Riyadh")}};
    struct settle_content c;
    job_hash(&job, &c.hash);
    job_words(&job, &c.words);
    return c;
}

static struct settle_attempt attempt(const char *title, const char *description)
{
    return (struct settle_attempt){.payload = content(title, description)};
}

static void test_equal_attempts_take_equal_jobs_and_never_the_same_one(void **state)
{
    (void)state;
    struct settle_attempt a[] = {attempt("Cook", "x"), attempt("Cook", "x"), attempt("Cook", "x")};
    const struct settle_content jobs[] = {content("Cook", "x"), content("Nurse", "x"),
                                          content("Cook", "x")};
    settle_match(a, 3, jobs, 3, JOB_ALL, JOB_ALL);
    assert_int_equal(a[0].match, 0);
    assert_int_equal(a[0].tier, SETTLE_SAME);
    assert_int_equal(a[1].match, 2);
    assert_int_equal(a[2].match, SETTLE_NONE);
}

static void test_a_text_that_came_back_changed_is_known_by_its_words(void **state)
{
    (void)state;
    struct settle_attempt a[] = {attempt("Cook", "Two  blanks, __bold__"),
                                 attempt("Nurse  (night)", "<p>Ill &amp; well</p>")};
    const struct settle_content jobs[] = {content("Nurse (night)", "Ill & well"),
                                          content("Cook", "Two blanks, **bold**")};
    settle_match(a, 2, jobs, 2, JOB_ALL, JOB_ALL); /* although all has come back as sent before */
    assert_int_equal(a[0].match, 1);
    assert_int_equal(a[0].tier, SETTLE_SAME_WORDS);
    assert_int_equal(a[1].match, 0);
    assert_int_equal(a[1].tier, SETTLE_SAME_WORDS);
}

static void test_equal_attempts_take_jobs_of_the_same_words(void **state)
{
    (void)state;
    struct settle_attempt a[] = {attempt("Cook", "a  b"), attempt("Cook", "a  b")};
    const struct settle_content jobs[] = {content("Cook", "a b"), content("Cook", "a b")};
    settle_match(a, 2, jobs, 2, JOB_ALL, JOB_ALL);
    assert_int_equal(a[0].match, 0);
    assert_int_equal(a[1].match, 1);
}

static void test_a_job_that_is_just_what_was_sent_is_not_asked_about(void **state)
{
    (void)state;
    struct settle_attempt a[] = {attempt("Cook", "a b"), attempt("Cook", "a  b")};
    const struct settle_content jobs[] = {content("Cook", "a b")};
    settle_match(a, 2, jobs, 1, JOB_ALL, JOB_ALL);
    assert_int_equal(a[0].match, 0);
    assert_int_equal(a[1].match, SETTLE_NONE);
}

static void test_rows_that_the_words_cannot_tell_apart_are_left_to_a_person(void **state)
{
    (void)state;
    struct settle_attempt a[] = {attempt("Cook", "a  b"), attempt("Cook", "a, b")};
    const struct settle_content jobs[] = {content("Cook", "a b")};
    settle_match(a, 2, jobs, 1, JOB_ALL, JOB_ALL);
    assert_int_equal(a[0].match, SETTLE_AMBIGUOUS);
    assert_int_equal(a[1].match, SETTLE_AMBIGUOUS);
}

static void test_a_description_in_other_words_does_not_make_a_create_not_applied(void **state)
{
    (void)state;
    struct settle_attempt a[] = {attempt("Cook", "x"), attempt("Nurse", "y")};
    const struct settle_content jobs[] = {content("Nurse", "yy"), content("Cook", "xx")};
    settle_match(a, 2, jobs, 2, JOB_ALL, 0);
    assert_int_equal(a[0].match, 1);
    assert_int_equal(a[0].tier, SETTLE_SAME_TITLE);
    assert_int_equal(a[1].match, 0);
}

static void test_a_description_that_always_came_back_as_sent_and_did_not_is_a_question(void **state)
{
    (void)state;
    struct settle_attempt a[] = {attempt("Cook", "x")};
    const struct settle_content jobs[] = {content("Cook", "y")};
    settle_match(a, 1, jobs, 1, JOB_ALL, JOB_ALL);
    assert_int_equal(a[0].match, SETTLE_AMBIGUOUS);
}

static void test_rows_that_cannot_be_told_apart_are_left_to_a_person(void **state)
{
    (void)state;
    struct settle_attempt a[] = {attempt("Cook", "x"), attempt("Cook", "y")};
    const struct settle_content jobs[] = {content("Cook", "z")};
    settle_match(a, 2, jobs, 1, JOB_ALL, 0);
    assert_int_equal(a[0].match, SETTLE_AMBIGUOUS);
    assert_int_equal(a[1].match, SETTLE_AMBIGUOUS);
}

static void
test_a_title_in_other_words_is_never_bound_and_sent_again_only_if_titles_come_back(void **state)
{
    (void)state;
    struct settle_attempt a[] = {attempt("Cook", "x")};
    const struct settle_content jobs[] = {content("Chef", "x")};
    settle_match(a, 1, jobs, 1, JOB_ALL, 0);
    assert_int_equal(a[0].match, SETTLE_AMBIGUOUS);
    settle_match(a, 1, jobs, 1, NO_TITLE, JOB_ALL);
    assert_int_equal(a[0].match, SETTLE_AMBIGUOUS);
    settle_match(a, 1, jobs, 1, JOB_ALL, JOB_ALL);
    assert_int_equal(a[0].match, SETTLE_NONE);
}

static void test_titles_that_come_back_changed_still_tell_jobs_apart_by_their_words(void **state)
{
    (void)state;
    struct settle_attempt a[] = {attempt("Cook  A", "x"), attempt("Cook  B", "x")};
    const struct settle_content jobs[] = {content("Cook B", "x"), content("Cook A", "x")};
    settle_match(a, 2, jobs, 2, NO_TITLE, JOB_ALL);
    assert_int_equal(a[0].match, 1);
    assert_int_equal(a[1].match, 0);
}

static void test_a_journal_without_words_goes_by_the_texts_alone(void **state)
{
    (void)state;
    struct settle_attempt a[] = {attempt("Cook", "a  b"), attempt("Nurse", "y")};
    a[0].payload.words = a[1].payload.words = (struct job_words){0};
    const struct settle_content jobs[] = {content("Cook", "a b"), content("Nurse", "y")};
    settle_match(a, 2, jobs, 2, JOB_ALL, 0);
    assert_int_equal(a[0].match, 0);
    assert_int_equal(a[0].tier, SETTLE_SAME_TITLE);
    assert_int_equal(a[1].match, 1);
}

static void
test_a_job_that_is_equal_in_all_is_its_own_whatever_came_back_changed_before(void **state)
{
    (void)state;
    struct settle_attempt a[] = {attempt("Cook", "x"), attempt("Nurse", "x")};
    const struct settle_content jobs[] = {content("Waiter", "x"), content("Nurse", "x"),
                                          content("Cook", "x")};
    settle_match(a, 2, jobs, 3, NO_TITLE, 0);
    assert_int_equal(a[0].match, 2);
    assert_int_equal(a[1].match, 1);
}

static void test_what_was_not_sent_and_came_back_filled_in_tells_no_jobs_apart(void **state)
{
    (void)state;
    struct settle_attempt a[] = {attempt("Cook", NULL)};
    const struct job filled = {.field = {[JOB_TITLE] = text_of("Cook"),
                                         [JOB_DESCRIPTION] = text_of(""),
                                         [JOB_CITY] = text_of("Riyadh"),
                                         [JOB_SALARY_MAX] = text_of("9000")}};
    struct settle_content job;
    job_hash(&filled, &job.hash);
    job_words(&filled, &job.words);
    settle_match(a, 1, &job, 1, JOB_ALL, JOB_ALL);
    assert_int_equal(a[0].match, 0);
    assert_int_equal(a[0].tier, SETTLE_SAME_WORDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equal_attempts_take_equal_jobs_and_never_the_same_one),
        cmocka_unit_test(test_a_text_that_came_back_changed_is_known_by_its_words),
        cmocka_unit_test(test_equal_attempts_take_jobs_of_the_same_words),
        cmocka_unit_test(test_a_job_that_is_just_what_was_sent_is_not_asked_about),
        cmocka_unit_test(test_rows_that_the_words_cannot_tell_apart_are_left_to_a_person),
        cmocka_unit_test(test_a_description_in_other_words_does_not_make_a_create_not_applied),
        cmocka_unit_test(
            test_a_description_that_always_came_back_as_sent_and_did_not_is_a_question),
        cmocka_unit_test(test_rows_that_cannot_be_told_apart_are_left_to_a_person),
        cmocka_unit_test(
            test_a_title_in_other_words_is_never_bound_and_sent_again_only_if_titles_come_back),
        cmocka_unit_test(test_titles_that_come_back_changed_still_tell_jobs_apart_by_their_words),
        cmocka_unit_test(test_a_journal_without_words_goes_by_the_texts_alone),
        cmocka_unit_test(
            test_a_job_that_is_equal_in_all_is_its_own_whatever_came_back_changed_before),
        cmocka_unit_test(test_what_was_not_sent_and_came_back_filled_in_tells_no_jobs_apart),
    };
    return cmocka_run_group_tests_name("settle_match", tests, NULL, NULL);
}
