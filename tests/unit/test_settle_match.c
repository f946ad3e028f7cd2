/* What a listing says of creates whose answers were lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine/settle.h"

static struct job_hash hash(const char *title, const char *description)
{
    const struct job job = {.field = {[JOB_TITLE] = text_of(title),
                                      [JOB_DESCRIPTION] = text_of(description),
                                      [JOB_CITY] = text_of("Riyadh")}};
    struct job_hash h;
    job_hash(&job, &h);
    return h;
}

static struct settle_attempt attempt(const char *title, const char *description)
{
    return (struct settle_attempt){.payload = hash(title, description)};
}

static void test_equal_attempts_take_equal_jobs_and_never_the_same_one(void **state)
{
    (void)state;
    struct settle_attempt a[] = {attempt("Cook", "x"), attempt("Cook", "x"), attempt("Cook", "x")};
    const struct job_hash jobs[] = {hash("Cook", "x"), hash("Nurse", "x"), hash("Cook", "x")};
    settle_match(a, 3, jobs, 3, JOB_ALL, JOB_ALL);
    assert_int_equal(a[0].match, 0);
    assert_int_equal(a[1].match, 2);
    assert_int_equal(a[2].match, SETTLE_NONE);
}

static void test_a_description_in_other_words_does_not_make_a_create_not_applied(void **state)
{
    (void)state;
    struct settle_attempt a[] = {attempt("Cook", "*x*"), attempt("Nurse", "*y*")};
    const struct job_hash jobs[] = {hash("Nurse", "_y_"), hash("Cook", "_x_")};
    settle_match(a, 2, jobs, 2, JOB_ALL, 0);
    assert_int_equal(a[0].match, 1);
    assert_true(a[0].loose);
    assert_int_equal(a[1].match, 0);
}

static void test_a_description_that_is_proven_to_come_back_as_sent_tells_jobs_apart(void **state)
{
    (void)state;
    struct settle_attempt a[] = {attempt("Cook", "x")};
    const struct job_hash jobs[] = {hash("Cook", "y")};
    settle_match(a, 1, jobs, 1, JOB_ALL, JOB_ALL);
    assert_int_equal(a[0].match, SETTLE_NONE);
}

static void test_rows_that_cannot_be_told_apart_are_left_to_a_person(void **state)
{
    (void)state;
    struct settle_attempt a[] = {attempt("Cook", "x"), attempt("Cook", "y")};
    const struct job_hash jobs[] = {hash("Cook", "z")};
    settle_match(a, 2, jobs, 1, JOB_ALL, 0);
    assert_int_equal(a[0].match, SETTLE_AMBIGUOUS);
    assert_int_equal(a[1].match, SETTLE_AMBIGUOUS);
}

static void test_a_title_in_other_words_is_never_bound_but_never_sent_again_either(void **state)
{
    (void)state;
    struct settle_attempt a[] = {attempt("Cook ", "x")};
    const struct job_hash jobs[] = {hash("Cook", "x")};
    settle_match(a, 1, jobs, 1, JOB_ALL, 0);
    assert_int_equal(a[0].match, SETTLE_AMBIGUOUS);
}

static void
test_a_job_that_is_equal_in_all_is_its_own_whatever_came_back_changed_before(void **state)
{
    (void)state;
    struct settle_attempt a[] = {attempt("Cook", "x"), attempt("Nurse", "x")};
    const struct job_hash jobs[] = {hash("Waiter", "x"), hash("Nurse", "x"), hash("Cook", "x")};
    unsigned identity = JOB_ALL & ~(1u << JOB_TITLE);
    settle_match(a, 2, jobs, 3, identity, 0);
    assert_int_equal(a[0].match, 2);
    assert_int_equal(a[1].match, 1);
}

static void test_of_a_list_in_part_only_what_is_certain_is_bound(void **state)
{
    (void)state;
    struct settle_attempt a[] = {attempt("Cook", "x"), attempt("Nurse", "y")};
    const struct job_hash jobs[] = {hash("Cook", "x"), hash("Nurse", "z")};
    settle_match(a, 2, jobs, 2, JOB_ALL, JOB_ALL); /* as settle asks for after a torn list */
    assert_int_equal(a[0].match, 0);
    assert_int_equal(a[1].match, SETTLE_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equal_attempts_take_equal_jobs_and_never_the_same_one),
        cmocka_unit_test(test_a_description_in_other_words_does_not_make_a_create_not_applied),
        cmocka_unit_test(test_a_description_that_is_proven_to_come_back_as_sent_tells_jobs_apart),
        cmocka_unit_test(test_rows_that_cannot_be_told_apart_are_left_to_a_person),
        cmocka_unit_test(test_a_title_in_other_words_is_never_bound_but_never_sent_again_either),
        cmocka_unit_test(
            test_a_job_that_is_equal_in_all_is_its_own_whatever_came_back_changed_before),
        cmocka_unit_test(test_of_a_list_in_part_only_what_is_certain_is_bound),
    };
    return cmocka_run_group_tests_name("settle_match", tests, NULL, NULL);
}
