/* job: each documented rule broken once, hashes, differences, and JSON both ways. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "rules/job.h"

static struct arena arena;

static struct job good_job(void)
{
    struct job job = {.field = {
                          [JOB_TITLE] = text_of("Backend engineer"),
                          [JOB_DESCRIPTION] = text_of("Builds *things*."),
                          [JOB_CITY] = text_of("Riyadh"),
                          [JOB_EMPLOYMENT_TYPE] = text_of("full_time"),
                          [JOB_SALARY_MIN] = text_of("9000"),
                          [JOB_SALARY_MAX] = text_of("12000"),
                          [JOB_CURRENCY] = text_of("SAR"),
                          [JOB_STATUS] = text_of("active"),
                      }};
    return job;
}

static struct job with(enum job_field f, const char *value)
{
    struct job job = good_job();
    job.field[f] = text_of(value);
    return job;
}

/* The rule that the job breaks: "" for none, "many" for more than one. */
static const char *broken(struct job job)
{
    struct refusal out[JOB_MAX_REFUSALS];
    size_t n = job_validate(&arena, &job, out, JOB_MAX_REFUSALS);
    for (size_t i = 0; i < n; i++) {
        assert_true(strlen(out[i].message) > 10);
        assert_true(text_is_mostly_arabic(text_of(out[i].message_ar)) ||
                    out[i].field == JOB_STATUS || out[i].field == JOB_EMPLOYMENT_TYPE ||
                    out[i].field == JOB_SALARY_MIN);
        assert_true(strlen(out[i].message_ar) > 10);
        assert_memory_equal(out[i].rule, job_fields[out[i].field].name,
                            strlen(job_fields[out[i].field].name));
    }
    return n == 0 ? "" : n == 1 ? out[0].rule : "many";
}

static const char *repeated(const char *piece, size_t times)
{
    struct buf b = BUF_INIT(1 << 20);
    for (size_t i = 0; i < times; i++)
        buf_addstr(&b, piece);
    const char *s = arena_strdup(&arena, buf_str(&b));
    buf_release(&b);
    return s;
}

static void test_a_job_that_breaks_no_rule_has_no_refusal(void **state)
{
    (void)state;
    assert_string_equal(broken(good_job()), "");
}

static void test_each_broken_rule_is_named(void **state)
{
    (void)state;
    const struct {
        enum job_field field;
        const char *value, *rule;
    } cases[] = {
        {JOB_TITLE, NULL, "title.required"},
        {JOB_TITLE, "", "title.required"},
        {JOB_TITLE, " \t ", "title.required"},
        {JOB_TITLE, "ab", "title.too_short"},
        {JOB_TITLE, " ab ", "title.too_short"},
        {JOB_TITLE, "abc", ""},
        {JOB_TITLE, "مهندس", ""},
        {JOB_TITLE, repeated("م", 200), ""},
        {JOB_TITLE, repeated("م", 201), "title.too_long"},
        {JOB_DESCRIPTION, NULL, ""},
        {JOB_DESCRIPTION, "", ""},
        {JOB_DESCRIPTION, repeated("م", 20000), ""},
        {JOB_DESCRIPTION, repeated("x", 20001), "description.too_long"},
        {JOB_CITY, NULL, "city.required"},
        {JOB_CITY, "", "city.required"},
        {JOB_CITY, "الرياض", "city.not_english"},
        {JOB_CITY, "Riyadh الرياض", "city.not_english"},
        {JOB_CITY, "NEOM", ""},
        {JOB_EMPLOYMENT_TYPE, NULL, "employment_type.required"},
        {JOB_EMPLOYMENT_TYPE, "permanent", "employment_type.unknown"},
        {JOB_EMPLOYMENT_TYPE, "Full_time", "employment_type.unknown"},
        {JOB_EMPLOYMENT_TYPE, "internship", ""},
        {JOB_SALARY_MIN, NULL, "salary_min.required"},
        {JOB_SALARY_MIN, "0", "salary_min.not_positive"},
        {JOB_SALARY_MIN, "-5", "salary_min.not_positive"},
        {JOB_SALARY_MIN, "9000.5", "salary_min.not_integer"},
        {JOB_SALARY_MIN, "", "salary_min.not_integer"},
        {JOB_SALARY_MIN, "0900", "salary_min.not_integer"},
        {JOB_SALARY_MIN, "99999999999999999999", "salary_min.not_integer"},
        {JOB_SALARY_MAX, NULL, ""},
        {JOB_SALARY_MAX, "9000", ""},
        {JOB_SALARY_MAX, "8999", "salary_max.below_min"},
        {JOB_SALARY_MAX, "much", "salary_max.not_integer"},
        {JOB_CURRENCY, NULL, "currency.required"},
        {JOB_CURRENCY, "USD", "currency.unknown"},
        {JOB_STATUS, NULL, "status.required"},
        {JOB_STATUS, "open", "status.unknown"},
        {JOB_STATUS, "paused", ""},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_string_equal(broken(with(cases[i].field, cases[i].value)), cases[i].rule);
}

static void test_a_salary_is_required_by_two_types_alone(void **state)
{
    (void)state;
    static const char *const types[] = {"full_time", "contract", "part_time", "internship"};
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        struct job job = with(JOB_EMPLOYMENT_TYPE, types[i]);
        job.field[JOB_SALARY_MIN] = job.field[JOB_SALARY_MAX] = TEXT_NONE;
        assert_string_equal(broken(job), i < 2 ? "salary_min.required" : "");
    }
}

static void test_all_broken_rules_come_in_field_order_up_to_the_room(void **state)
{
    (void)state;
    struct job empty = {0};
    struct refusal out[JOB_MAX_REFUSALS];
    assert_int_equal(job_validate(&arena, &empty, out, JOB_MAX_REFUSALS), 5);
    assert_string_equal(out[0].rule, "title.required");
    assert_string_equal(out[4].rule, "status.required");
    assert_int_equal(job_validate(&arena, &empty, out, 2), 2);
}

static void test_messages_say_what_was_found_and_what_is_expected(void **state)
{
    (void)state;
    struct refusal out[2];
    struct job job = with(JOB_STATUS, "open");
    assert_int_equal(job_validate(&arena, &job, out, 2), 1);
    assert_string_equal(out[0].message, "status is \"open\"; expected active, paused or closed");
    assert_string_equal(
        out[0].message_ar,
        "القيمة «open» غير مقبولة في حقل «حالة الوظيفة»، والمقبول: active أو paused أو closed");
    job = with(JOB_STATUS, repeated("very long ", 100));
    assert_int_equal(job_validate(&arena, &job, out, 2), 1);
    assert_true(strlen(out[0].message) < 200);
}

static void test_text_cannot_move_between_fields_unseen(void **state)
{
    (void)state;
    struct job a = {0}, b = {0};
    struct job_hash x, y;
    a.field[JOB_TITLE] = text_of("ab");
    a.field[JOB_DESCRIPTION] = text_of("c");
    b.field[JOB_TITLE] = text_of("a");
    b.field[JOB_DESCRIPTION] = text_of("bc");
    job_hash(&a, &x);
    job_hash(&b, &y);
    assert_false(job_hash_equal(&x, &y));
    assert_int_equal(job_changed(&x, &y), 1u << JOB_TITLE | 1u << JOB_DESCRIPTION);
}

static void test_missing_is_not_empty(void **state)
{
    (void)state;
    struct job_hash none, empty;
    struct job job = with(JOB_DESCRIPTION, NULL);
    job_hash(&job, &none);
    job = with(JOB_DESCRIPTION, "");
    job_hash(&job, &empty);
    assert_int_equal(none.field[JOB_DESCRIPTION], 0);
    assert_int_not_equal(empty.field[JOB_DESCRIPTION], 0);
    assert_int_equal(job_changed(&none, &empty), 1u << JOB_DESCRIPTION);
}

static void test_a_hash_is_the_same_on_every_machine_and_day(void **state)
{
    (void)state;
    struct job_hash x, y;
    struct job job = good_job();
    job_hash(&job, &x);
    job_hash(&job, &y);
    assert_true(job_hash_equal(&x, &y));
    assert_int_equal(job_changed(&x, &y), 0);
    assert_int_equal(x.field[JOB_CURRENCY], UINT64_C(0x876cebaed5ab)); /* stored: must not change */
}

static void test_hashes_that_differ_in_sum_alone_change_all_fields(void **state)
{
    (void)state;
    struct job_hash x, y;
    struct job job = good_job();
    job_hash(&job, &x);
    y = x;
    y.all[5] ^= 1;
    assert_int_equal(job_changed(&x, &y), JOB_ALL);
}

static void test_refusals_never_hash_like_a_job(void **state)
{
    (void)state;
    struct job_hash job_sum, none, one, two;
    struct job job = {0};
    const struct refusal refusals[] = {{0, "title.required", "title is missing", "عنوان"},
                                       {2, "city.required", "city is missing", "مدينة"}};
    job_hash(&job, &job_sum);
    job_hash_refusals(refusals, 0, &none);
    job_hash_refusals(refusals, 1, &one);
    job_hash_refusals(refusals, 2, &two);
    assert_int_equal(job_sum.all[0] & 0x80, 0);
    assert_int_equal(none.all[0] & 0x80, 0x80);
    assert_false(job_hash_equal(&none, &one));
    assert_false(job_hash_equal(&one, &two));
}

static const char *written(const struct job *job, unsigned mask, bool nulls)
{
    struct buf b = BUF_INIT(1 << 20);
    struct json_writer w;
    json_writer_init(&w, &b);
    job_write(&w, job, mask, nulls);
    const char *s = arena_strdup(&arena, buf_str(&b));
    buf_release(&b);
    return s;
}

static void test_a_job_is_written_in_order_with_integers(void **state)
{
    (void)state;
    struct job job = with(JOB_SALARY_MAX, NULL);
    assert_string_equal(written(&job, JOB_ALL, false),
                        "{\"title\":\"Backend engineer\",\"description\":\"Builds *things*.\","
                        "\"city\":\"Riyadh\",\"employment_type\":\"full_time\",\"salary_min\":9000,"
                        "\"currency\":\"SAR\",\"status\":\"active\"}");
}

static void test_an_update_takes_back_what_is_no_longer_given(void **state)
{
    (void)state;
    struct job job = with(JOB_SALARY_MAX, NULL);
    unsigned mask = 1u << JOB_SALARY_MAX | 1u << JOB_STATUS;
    assert_string_equal(written(&job, mask, true), "{\"salary_max\":null,\"status\":\"active\"}");
    assert_string_equal(written(&job, mask, false), "{\"status\":\"active\"}");
}

static void test_a_job_of_qudras_is_read_tolerantly(void **state)
{
    (void)state;
    static const char text[] =
        "{\"id\":\"job_1\",\"title\":\"T\",\"salary_min\":9000.00,\"salary_max\":"
        "\"12000\",\"city\":null,\"status\":7,\"description\":{\"x\":1}}";
    struct err e = ERR_INIT;
    struct json *tree = json_read(&arena, text, sizeof text - 1, &e);
    assert_non_null(tree);
    struct job job;
    job_read(tree, &job);
    assert_int_equal(job.field[JOB_SALARY_MIN].len, 4);
    assert_memory_equal(job.field[JOB_SALARY_MIN].data, "9000", 4);
    assert_string_equal(job.field[JOB_SALARY_MAX].data, "12000");
    assert_string_equal(job.field[JOB_STATUS].data, "7");
    assert_null(job.field[JOB_CITY].data);
    assert_null(job.field[JOB_DESCRIPTION].data);
    job_read(NULL, &job);
    assert_null(job.field[JOB_TITLE].data);
}

static void test_fields_are_found_by_name(void **state)
{
    (void)state;
    for (enum job_field f = 0; f < JOB_FIELDS; f++) {
        assert_int_equal(job_field_find(job_fields[f].name), f);
        assert_non_null(job_fields[f].label_ar);
        assert_non_null(job_fields[f].help);
    }
    assert_int_equal(job_field_find("titel"), JOB_FIELDS);
}

static int release(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

int main(void)
{
    arena_init(&arena, 0);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_job_that_breaks_no_rule_has_no_refusal),
        cmocka_unit_test(test_each_broken_rule_is_named),
        cmocka_unit_test(test_a_salary_is_required_by_two_types_alone),
        cmocka_unit_test(test_all_broken_rules_come_in_field_order_up_to_the_room),
        cmocka_unit_test(test_messages_say_what_was_found_and_what_is_expected),
        cmocka_unit_test(test_text_cannot_move_between_fields_unseen),
        cmocka_unit_test(test_missing_is_not_empty),
        cmocka_unit_test(test_a_hash_is_the_same_on_every_machine_and_day),
        cmocka_unit_test(test_hashes_that_differ_in_sum_alone_change_all_fields),
        cmocka_unit_test(test_refusals_never_hash_like_a_job),
        cmocka_unit_test(test_a_job_is_written_in_order_with_integers),
        cmocka_unit_test(test_an_update_takes_back_what_is_no_longer_given),
        cmocka_unit_test(test_a_job_of_qudras_is_read_tolerantly),
        cmocka_unit_test(test_fields_are_found_by_name),
    };
    return cmocka_run_group_tests_name("job", tests, NULL, release);
}
