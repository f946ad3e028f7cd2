#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "rules/mapping_draft.h"

static struct arena arena;

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

/* A column whose sample is this one value, three times. */
static struct draft_column column(const char *name, const char *type, const char *value)
{
    struct text *sample = arena_alloc(&arena, 3 * sizeof *sample);
    for (size_t i = 0; i < 3; i++)
        sample[i] = text_of(value);
    return (struct draft_column){
        .name = name, .type = type, .sample = sample, .n_sample = value ? 3 : 0};
}

static void guess(const struct draft_column *columns, size_t n,
                  struct draft_guess out[DRAFT_TARGETS])
{
    static const char *const key[] = {"id"};
    const struct draft_table t = {.schema = "public",
                                  .name = "jobs",
                                  .column = columns,
                                  .n_columns = n,
                                  .key = key,
                                  .n_key = 1};
    mapping_draft_guess(&t, &arena, out);
}

static void test_a_name_and_its_values_together_are_sure(void **state)
{
    (void)state;
    struct draft_guess out[DRAFT_TARGETS];
    const struct draft_column columns[] = {
        column("id", "integer", "1"),
        column("jobTitle", "text", "Engineer"),
        column("المدينة", "text", "جدة"),
    };
    guess(columns, ARRAY_LEN(columns), out);
    assert_ptr_equal(out[JOB_TITLE].column, &columns[1]);
    assert_ptr_equal(out[JOB_CITY].column, &columns[2]);
    assert_true(out[JOB_TITLE].score >= DRAFT_SURE);
    assert_true(out[JOB_CITY].score >= DRAFT_SURE);
    assert_null(out[JOB_STATUS].column);
}

static void test_values_that_contradict_a_name_make_it_a_guess(void **state)
{
    (void)state;
    struct draft_guess out[DRAFT_TARGETS];
    const struct draft_column columns[] = {
        column("location", "text", "Second floor"),
        column("salary", "text", "by agreement"),
    };
    guess(columns, ARRAY_LEN(columns), out);
    assert_true(out[JOB_CITY].score < DRAFT_SURE);
    assert_true(out[JOB_SALARY_MIN].score < DRAFT_SURE);
}

static void test_one_column_never_serves_twice(void **state)
{
    (void)state;
    struct draft_guess out[DRAFT_TARGETS];
    const struct draft_column columns[] = {column("salary", "integer", "9000")};
    guess(columns, ARRAY_LEN(columns), out);
    assert_ptr_equal(out[JOB_SALARY_MIN].column, &columns[0]);
    assert_null(out[JOB_SALARY_MAX].column);
}

static void test_a_type_that_cannot_hold_it_rules_a_column_out(void **state)
{
    (void)state;
    struct draft_guess out[DRAFT_TARGETS];
    const struct draft_column columns[] = {
        column("updated_at", "text", "yesterday"),
        column("title", "integer[]", "{1}"),
        column("id", "text", "Riyadh"),
    };
    guess(columns, ARRAY_LEN(columns), out);
    for (int i = 0; i < DRAFT_TARGETS; i++)
        assert_null(out[i].column);
}

static void test_values_are_understood_however_they_are_spelt(void **state)
{
    (void)state;
    static const struct {
        enum job_field field;
        const char *value, *meaning;
    } cases[] = {
        {JOB_EMPLOYMENT_TYPE, "Full-Time", "full_time"},
        {JOB_EMPLOYMENT_TYPE, "دوام جزئى", "part_time"},
        {JOB_STATUS, "OPEN", "active"},
        {JOB_STATUS, "مغلقه", "closed"},
        {JOB_CURRENCY, "sar", "SAR"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_string_equal(mapping_draft_meaning(&arena, cases[i].field, text_of(cases[i].value)),
                            cases[i].meaning);
    assert_null(mapping_draft_meaning(&arena, JOB_STATUS, text_of("full time")));
    assert_null(mapping_draft_meaning(&arena, JOB_EMPLOYMENT_TYPE, text_of("X9")));
}

static void test_odd_names_are_quoted_and_gaps_are_marked(void **state)
{
    (void)state;
    const struct draft_column columns[] = {column("title \"x\"", "text", "Engineer"),
                                           column("it's", "text", "Riyadh")};
    const struct draft_table t = {
        .schema = "public", .name = "my jobs", .column = columns, .n_columns = 2};
    struct buf out = BUF_INIT(65536);
    mapping_draft_write(&t, &arena, &out);
    const char *text = buf_str(&out);
    assert_non_null(strstr(text, "name: my_jobs\n"));
    assert_non_null(strstr(text, "table: '\"public\".\"my jobs\"'\n"));
    assert_non_null(strstr(text, "title: {column: '\"title \"\"x\"\"\"', "));
    assert_non_null(strstr(text, "city: {column: '\"it''s\"', "));
    assert_non_null(strstr(text, "key: GAP"));
    assert_non_null(strstr(text, "employment_type: {column: GAP}"));
    buf_release(&out);
}

static void test_a_table_is_known_by_its_columns_not_by_its_name_alone(void **state)
{
    (void)state;
    struct draft_column columns[] = {
        column("pay_frequency", "text", NULL),
        column("salary_type", "text", NULL),
        column("salary_fixed", "numeric", NULL),
    };
    struct draft_table t = {
        .schema = "public", .name = "jobs", .column = columns, .n_columns = ARRAY_LEN(columns)};
    const struct preset *p = mapping_draft_preset(&t);
    assert_non_null(p);
    assert_string_equal(p->name, "openats");
    t.n_columns--;
    assert_null(mapping_draft_preset(&t));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_name_and_its_values_together_are_sure),
        cmocka_unit_test(test_values_that_contradict_a_name_make_it_a_guess),
        cmocka_unit_test(test_one_column_never_serves_twice),
        cmocka_unit_test(test_a_type_that_cannot_hold_it_rules_a_column_out),
        cmocka_unit_test(test_values_are_understood_however_they_are_spelt),
        cmocka_unit_test(test_odd_names_are_quoted_and_gaps_are_marked),
        cmocka_unit_test(test_a_table_is_known_by_its_columns_not_by_its_name_alone),
    };
    return cmocka_run_group_tests_name("mapping_draft", tests, set_up, tear_down);
}
