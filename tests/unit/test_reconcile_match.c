/* reconcile_match: which unowned job is which row's, from a perfect match to an honest doubt. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "engine/reconcile_match.h"

#define JOBS_MAX 16

struct fixture {
    struct arena arena;
    struct reconcile_job jobs[JOBS_MAX];
    size_t n;
    struct reconcile_pool *pool;
};

static int set_up(void **state)
{
    struct fixture *f = mem_alloc(sizeof *f);
    arena_init(&f->arena, 0);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    reconcile_pool_free(f->pool);
    arena_release(&f->arena);
    mem_free(f);
    return 0;
}

static struct reconcile_keys keys_of(struct fixture *f, const char *title, const char *description,
                                     const char *status)
{
    const struct job job = {.field = {[JOB_TITLE] = text_of(title),
                                      [JOB_DESCRIPTION] = text_of(description),
                                      [JOB_CITY] = text_of("Riyadh"),
                                      [JOB_EMPLOYMENT_TYPE] = text_of("full_time"),
                                      [JOB_SALARY_MIN] = text_of("9000"),
                                      [JOB_CURRENCY] = text_of("SAR"),
                                      [JOB_STATUS] = text_of(status)}};
    struct reconcile_keys keys;
    reconcile_keys(&job, &f->arena, &keys);
    return keys;
}

static void at_qudra(struct fixture *f, const char *title, const char *description,
                     const char *status)
{
    f->jobs[f->n] = (struct reconcile_job){.job_id = arena_printf(&f->arena, "job_%zu", f->n),
                                           .keys = keys_of(f, title, description, status)};
    f->n++;
}

static struct reconcile_match ask(struct fixture *f, enum reconcile_tier tier,
                                  const struct reconcile_keys *row)
{
    if (f->pool == NULL)
        f->pool = reconcile_pool_new(f->jobs, f->n);
    reconcile_pool_begin(f->pool, tier);
    return reconcile_pool_match(f->pool, row);
}

/* Lets rows without a job go through all tiers, as an adoption does. */
static void adopt(struct fixture *f, const struct reconcile_keys *rows, size_t n,
                  struct reconcile_match *out)
{
    f->pool = reconcile_pool_new(f->jobs, f->n);
    memset(out, 0, n * sizeof *out);
    for (enum reconcile_tier tier = RECONCILE_EXACT; tier < RECONCILE_TIERS; tier++) {
        reconcile_pool_begin(f->pool, tier);
        for (size_t i = 0; i < n; i++)
            if (out[i].fate == RECONCILE_NO_JOB || out[i].fate == RECONCILE_AMBIGUOUS)
                out[i] = reconcile_pool_match(f->pool, &rows[i]);
    }
}

static void assert_match(struct reconcile_match m, enum reconcile_fate fate, const char *job_id)
{
    assert_int_equal(m.fate, fate);
    if (job_id == NULL)
        assert_true(m.fate == RECONCILE_NO_JOB || m.fate == RECONCILE_AMBIGUOUS);
    else
        assert_string_equal(m.job->job_id, job_id);
}

/* ---- keys ------------------------------------------------------------------------------------ */

static void test_what_a_server_may_do_to_text_leaves_the_normal_key_alone(void **state)
{
    struct fixture *f = *state;
    static const char *const sent = "* Drive\n* Load  <b>and</b> __unload__\n\nCafe\u0301 ";
    static const char *const back[] = {
        "* Drive\n* Load  <b>and</b> __unload__\n\nCafe\u0301",
        "* Drive\n* Load <b>and</b> __unload__\nCafe\u0301",
        "* Drive * Load <b>and</b> __unload__ Cafe\u0301",
        "* Drive\n* Load  <b>and</b> __unload__\n\nCaf\u00e9 ",
        "- Drive\n- Load  <b>and</b> **unload**\n\nCafe\u0301 ",
        "* Drive\n* Load  and __unload__\n\nCafe\u0301 ",
    };
    struct reconcile_keys a = keys_of(f, "Driver", sent, "active");
    for (size_t i = 0; i < ARRAY_LEN(back); i++) {
        struct reconcile_keys b = keys_of(f, " Driver ", back[i], "active");
        assert_memory_equal(&a.normal, &b.normal, sizeof a.normal);
        assert_false(job_hash_equal(&a.content, &b.content));
    }
}

static void test_filled_in_defaults_leave_the_normal_key_alone(void **state)
{
    struct fixture *f = *state;
    struct job sent = {.field = {[JOB_TITLE] = text_of("Driver"),
                                 [JOB_SALARY_MIN] = text_of("9000"),
                                 [JOB_CURRENCY] = text_of("SAR")}};
    struct job shown = sent;
    shown.field[JOB_DESCRIPTION] = text_of("");
    shown.field[JOB_SALARY_MAX] = text_of("9000");
    struct reconcile_keys a, b;
    reconcile_keys(&sent, &f->arena, &a);
    reconcile_keys(&shown, &f->arena, &b);
    assert_memory_equal(&a.normal, &b.normal, sizeof a.normal);
    shown.field[JOB_SALARY_MAX] = text_of("9001");
    reconcile_keys(&shown, &f->arena, &b);
    assert_memory_not_equal(&a.normal, &b.normal, sizeof a.normal);
    assert_memory_not_equal(&a.identity, &b.identity, sizeof a.identity);
}

static void test_punctuation_parts_normal_keys_and_not_letters(void **state)
{
    struct fixture *f = *state;
    struct reconcile_keys a = keys_of(f, "Driver", "Night shift!", "active");
    struct reconcile_keys b = keys_of(f, "DRIVER", "Night-shift.", "active");
    assert_memory_not_equal(&a.normal, &b.normal, sizeof a.normal);
    assert_memory_equal(&a.letters, &b.letters, sizeof a.letters);
}

static void test_languages_of_one_letter_stay_apart(void **state)
{
    struct fixture *f = *state;
    static const char *const titles[] = {"C Developer", "C++ Developer", "C# Developer"};
    for (size_t i = 0; i < ARRAY_LEN(titles); i++)
        for (size_t k = 0; k < i; k++) {
            struct reconcile_keys a = keys_of(f, titles[i], "Code", "active");
            struct reconcile_keys b = keys_of(f, titles[k], "Code", "active");
            assert_memory_not_equal(&a.letters, &b.letters, sizeof a.letters);
        }
}

static void test_a_letter_cannot_move_from_one_text_to_the_next(void **state)
{
    struct fixture *f = *state;
    const struct job one = {.field = {[JOB_TITLE] = text_of("ab"), [JOB_CITY] = text_of("c")}};
    const struct job other = {.field = {[JOB_TITLE] = text_of("a"), [JOB_CITY] = text_of("bc")}};
    struct reconcile_keys a, b;
    reconcile_keys(&one, &f->arena, &a);
    reconcile_keys(&other, &f->arena, &b);
    assert_memory_not_equal(&a.normal, &b.normal, sizeof a.normal);
    assert_memory_not_equal(&a.identity, &b.identity, sizeof a.identity);
}

/* ---- tiers ----------------------------------------------------------------------------------- */

static void test_equal_rows_take_equal_jobs_one_each(void **state)
{
    struct fixture *f = *state;
    at_qudra(f, "Driver", "Drives", "active");
    at_qudra(f, "Driver", "Drives", "active");
    struct reconcile_keys row = keys_of(f, "Driver", "Drives", "active");
    assert_match(ask(f, RECONCILE_EXACT, &row), RECONCILE_SAME, "job_0");
    assert_match(reconcile_pool_match(f->pool, &row), RECONCILE_SAME, "job_1");
    assert_match(reconcile_pool_match(f->pool, &row), RECONCILE_NO_JOB, NULL);
    assert_int_equal(reconcile_pool_left(f->pool), 0);
}

static void test_a_perfect_match_comes_before_a_similar_one(void **state)
{
    struct fixture *f = *state;
    at_qudra(f, "Driver", "Drives", "active");
    struct reconcile_keys rows[] = {keys_of(f, "Driver ", "Drives", "active"),
                                    keys_of(f, "Driver", "Drives", "active")};
    struct reconcile_match m[2];
    adopt(f, rows, 2, m);
    assert_match(m[0], RECONCILE_NO_JOB, NULL);
    assert_match(m[1], RECONCILE_SAME, "job_0");
}

static void test_normalised_text_counts_as_what_was_sent(void **state)
{
    struct fixture *f = *state;
    at_qudra(f, "Driver", "- Drives", "active");
    struct reconcile_keys row = keys_of(f, " Driver", "*  Drives", "active");
    struct reconcile_match m;
    adopt(f, &row, 1, &m);
    assert_match(m, RECONCILE_SAME, "job_0");
}

static void test_another_status_is_bound_and_updated(void **state)
{
    struct fixture *f = *state;
    at_qudra(f, "Driver", "Drives", "active");
    struct reconcile_keys row = keys_of(f, "Driver", "Drives", "closed");
    struct reconcile_match m;
    adopt(f, &row, 1, &m);
    assert_match(m, RECONCILE_SIMILAR, "job_0");
}

static void test_an_open_row_takes_an_open_job_before_a_closed_one(void **state)
{
    struct fixture *f = *state;
    at_qudra(f, "Driver", "Drives", "closed");
    at_qudra(f, "Driver ", "Drives", "active");
    struct reconcile_keys row = keys_of(f, "Driver", " Drives", "active");
    struct reconcile_match m;
    adopt(f, &row, 1, &m);
    assert_match(m, RECONCILE_SAME, "job_1");
}

static void test_equal_letters_are_bound_and_updated(void **state)
{
    struct fixture *f = *state;
    at_qudra(f, "Driver (m/f)", "He drives.", "active");
    struct reconcile_keys row = keys_of(f, "driver M/F", "he drives", "active");
    struct reconcile_match m;
    adopt(f, &row, 1, &m);
    assert_match(m, RECONCILE_SIMILAR, "job_0");
}

static void test_an_archive_of_closed_jobs_puts_no_open_row_in_doubt(void **state)
{
    struct fixture *f = *state;
    at_qudra(f, "Driver", "Drove a van", "closed");
    at_qudra(f, "Driver", "Drove a bus", "closed");
    struct reconcile_keys row = keys_of(f, "Driver", "Drives a taxi", "active");
    struct reconcile_match m;
    adopt(f, &row, 1, &m);
    assert_match(m, RECONCILE_NO_JOB, NULL);
}

static void test_one_row_and_one_job_of_an_identity_belong_together(void **state)
{
    struct fixture *f = *state;
    at_qudra(f, "Driver", "An old text", "active");
    struct reconcile_keys row = keys_of(f, "Driver", "A new text", "active");
    struct reconcile_match m;
    adopt(f, &row, 1, &m);
    assert_match(m, RECONCILE_SIMILAR, "job_0");
}

static void test_the_last_pair_of_an_identity_is_found_by_elimination(void **state)
{
    struct fixture *f = *state;
    at_qudra(f, "Driver", "A van.", "active");
    at_qudra(f, "Driver", "An old text", "active");
    struct reconcile_keys rows[] = {keys_of(f, "Driver", "A new text", "active"),
                                    keys_of(f, "Driver", "A van", "active")};
    struct reconcile_match m[2];
    adopt(f, rows, 2, m);
    assert_match(m[0], RECONCILE_SIMILAR, "job_1");
    assert_match(m[1], RECONCILE_SIMILAR, "job_0");
}

static void test_two_rows_that_one_job_may_belong_to_are_in_doubt(void **state)
{
    struct fixture *f = *state;
    at_qudra(f, "Driver", "An old text", "active");
    struct reconcile_keys rows[] = {keys_of(f, "Driver", "Van", "active"),
                                    keys_of(f, "Driver", "Bus", "active")};
    struct reconcile_match m[2];
    adopt(f, rows, 2, m);
    assert_int_equal(m[0].fate, RECONCILE_AMBIGUOUS);
    assert_int_equal(m[1].fate, RECONCILE_AMBIGUOUS);
    assert_string_equal(m[0].job->job_id, "job_0");
    assert_int_equal(m[0].candidates, 1);
    assert_int_equal(reconcile_pool_left(f->pool), 1);
}

static void test_rows_and_jobs_that_differ_in_the_same_letters_are_in_doubt(void **state)
{
    struct fixture *f = *state;
    at_qudra(f, "Driver", "Day. Shift", "active");
    at_qudra(f, "Driver", "Day, shift", "active");
    struct reconcile_keys rows[] = {keys_of(f, "Driver", "Day; shift", "active"),
                                    keys_of(f, "Driver", "Day: shift", "active")};
    struct reconcile_match m[2];
    adopt(f, rows, 2, m);
    assert_int_equal(m[0].fate, RECONCILE_AMBIGUOUS);
    assert_int_equal(m[0].candidates, 2);
    assert_int_equal(m[1].fate, RECONCILE_AMBIGUOUS);
}

static void test_rows_that_differ_take_jobs_that_are_alike(void **state)
{
    struct fixture *f = *state;
    at_qudra(f, "Driver", "day shift", "active");
    at_qudra(f, "Driver", "day shift", "active");
    struct reconcile_keys rows[] = {keys_of(f, "Driver", "Day; shift", "active"),
                                    keys_of(f, "Driver", "Day: shift", "active")};
    struct reconcile_match m[2];
    adopt(f, rows, 2, m);
    assert_match(m[0], RECONCILE_SIMILAR, "job_0");
    assert_match(m[1], RECONCILE_SIMILAR, "job_1");
}

static void test_a_row_beyond_the_jobs_is_in_no_doubt(void **state)
{
    struct fixture *f = *state;
    at_qudra(f, "Driver", "Drives!", "active");
    struct reconcile_keys rows[] = {keys_of(f, "Driver", "Drives", "active"),
                                    keys_of(f, "Driver", "Drives", "active"),
                                    keys_of(f, "Nurse", "Nurses", "active")};
    struct reconcile_match m[3];
    adopt(f, rows, 3, m);
    assert_match(m[0], RECONCILE_SIMILAR, "job_0");
    assert_match(m[1], RECONCILE_NO_JOB, NULL);
    assert_match(m[2], RECONCILE_NO_JOB, NULL);
}

static void test_a_job_given_back_is_found_by_the_next_tier(void **state)
{
    struct fixture *f = *state;
    at_qudra(f, "Driver", "Drives", "active");
    struct reconcile_keys row = keys_of(f, "Driver", "Drives", "active");
    struct reconcile_match m = ask(f, RECONCILE_EXACT, &row);
    reconcile_pool_give_back(f->pool, m.job);
    assert_int_equal(reconcile_pool_left(f->pool), 1);
    assert_match(ask(f, RECONCILE_NORMAL, &row), RECONCILE_SAME, "job_0");
}

/* ---- drift ----------------------------------------------------------------------------------- */

static struct bound bound_to(const struct reconcile_keys *sent, enum row_state state,
                             const char *job_status)
{
    return (struct bound){.mapping = "jobs",
                          .key = "1",
                          .recorded = {.exists = true,
                                       .state = state,
                                       .job_status = job_status,
                                       .has_synced = true,
                                       .synced = sent->content}};
}

static void test_an_edit_is_told_by_its_fields(void **state)
{
    struct fixture *f = *state;
    struct reconcile_keys sent = keys_of(f, "Driver", "Drives", "active");
    struct reconcile_keys now = keys_of(f, "Chauffeur", "Drives", "paused");
    struct bound row = bound_to(&sent, ROW_SYNCED, "active");
    assert_int_equal(reconcile_edited(&row, &sent, "active", 0), 0);
    assert_int_equal(reconcile_edited(&row, &now, "paused", 0), 1u << JOB_TITLE | 1u << JOB_STATUS);
    assert_int_equal(reconcile_edited(&row, &now, "paused", 1u << JOB_TITLE), 1u << JOB_STATUS);
}

static void test_what_qudra_answered_counts_and_not_what_was_sent(void **state)
{
    struct fixture *f = *state;
    struct reconcile_keys sent = keys_of(f, "Driver ", "Drives", "active");
    struct reconcile_keys back = keys_of(f, "Driver", "Drives", "active");
    struct bound row = bound_to(&sent, ROW_SYNCED, "active");
    row.has_answered = true;
    row.answered = back.content;
    assert_int_equal(reconcile_edited(&row, &back, "active", 0), 0);
    assert_int_equal(reconcile_edited(&row, &sent, "active", 1u << JOB_TITLE), 1u << JOB_TITLE);
}

static void test_a_job_that_was_closed_is_edited_when_it_is_open(void **state)
{
    struct fixture *f = *state;
    struct reconcile_keys sent = keys_of(f, "Driver", "Drives", "active");
    struct reconcile_keys now = keys_of(f, "Chauffeur", "Drives", "closed");
    struct bound row = bound_to(&sent, ROW_REMOVED, "closed");
    assert_int_equal(reconcile_edited(&row, &now, "closed", 0), 0);
    assert_int_equal(reconcile_edited(&row, &sent, "active", 0), 1u << JOB_STATUS);
}

/* ---- the set --------------------------------------------------------------------------------- */

static void test_a_set_holds_what_was_added_and_nothing_else(void **state)
{
    (void)state;
    struct reconcile_set s = {.slot = NULL};
    char name[16];
    assert_false(reconcile_set_has(&s, 1));
    for (int i = 0; i < 5000; i++) {
        snprintf(name, sizeof name, "job_%d", i);
        assert_true(reconcile_set_add(&s, reconcile_set_hash(name)));
        assert_false(reconcile_set_add(&s, reconcile_set_hash(name)));
    }
    assert_int_equal(s.n, 5000);
    assert_true(reconcile_set_has(&s, reconcile_set_hash("job_4999")));
    assert_false(reconcile_set_has(&s, reconcile_set_hash("job_5000")));
    reconcile_set_release(&s);
}

#define T(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_what_a_server_may_do_to_text_leaves_the_normal_key_alone),
        T(test_filled_in_defaults_leave_the_normal_key_alone),
        T(test_punctuation_parts_normal_keys_and_not_letters),
        T(test_languages_of_one_letter_stay_apart),
        T(test_a_letter_cannot_move_from_one_text_to_the_next),
        T(test_equal_rows_take_equal_jobs_one_each),
        T(test_a_perfect_match_comes_before_a_similar_one),
        T(test_normalised_text_counts_as_what_was_sent),
        T(test_another_status_is_bound_and_updated),
        T(test_an_open_row_takes_an_open_job_before_a_closed_one),
        T(test_equal_letters_are_bound_and_updated),
        T(test_an_archive_of_closed_jobs_puts_no_open_row_in_doubt),
        T(test_one_row_and_one_job_of_an_identity_belong_together),
        T(test_the_last_pair_of_an_identity_is_found_by_elimination),
        T(test_two_rows_that_one_job_may_belong_to_are_in_doubt),
        T(test_rows_and_jobs_that_differ_in_the_same_letters_are_in_doubt),
        T(test_rows_that_differ_take_jobs_that_are_alike),
        T(test_a_row_beyond_the_jobs_is_in_no_doubt),
        T(test_a_job_given_back_is_found_by_the_next_tier),
        T(test_an_edit_is_told_by_its_fields),
        T(test_what_qudra_answered_counts_and_not_what_was_sent),
        T(test_a_job_that_was_closed_is_edited_when_it_is_open),
        T(test_a_set_holds_what_was_added_and_nothing_else),
    };
    return cmocka_run_group_tests_name("reconcile_match", tests, NULL, NULL);
}
