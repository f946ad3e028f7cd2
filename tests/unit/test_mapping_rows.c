/* mapping: what becomes of a row: its job or its refusals, the trace of it, and its key. */
#include "mapping_text.h"

#include "formats/html.h"

static struct desired desired;
static struct job job;
static struct refusal refusals[JOB_MAX_REFUSALS];

static void apply_bytes(const struct mapping *m, const char *data, size_t len, struct trace *trace)
{
    struct text values[1 + COLUMN_FIELDS + 1] = {[0] = text_of("1"), [1] = text_of("f")};
    struct row row = {.value = values, .n = ARRAY_LEN(values)};

    values[1 + COLUMN_FIELDS] = (struct text){.data = data, .len = len};
    mapping_apply(m, &row, &arena, &job, refusals, &desired, trace);
}

static const char *title_of(const char *transform, const char *value)
{
    const struct mapping *m = load_with("  table: jobs\n", transform);

    assert_non_null(m);
    apply_bytes(m, value, strlen(value), NULL);
    if (desired.kind == DESIRED_REFUSED)
        return refusals[0].rule;
    return arena_strndup(&arena, job.field[JOB_TITLE].data, job.field[JOB_TITLE].len);
}

static void test_each_transform_does_what_the_reference_says(void **state)
{
    static const struct {
        const char *transform, *value, *result;
    } cases[] = {
        {"trim, {item: 1}", " ['Nurse'] ", "Nurse"},
        {"collapse", "Site\n\tengineer", "Site engineer"},
        {"digits", "الفئة ٣", "الفئة 3"},
        {"{null_if: [n/a]}", "N/A", "title.required"},
        {"{null_if: [لا يوجد]}", "لا  يوجد", "title.required"},
        {"refuse_damaged", "????? ???", "title.damaged"},
        {"{truncate: 8}", "Site engineer", "Site"},
        {"{language: [ar_SA, any]}", "{\"en_US\": \"Nurse\", \"ar_001\": \"ممرضة\"}", "ممرضة"},
        {"{language: [de, any]}", "{\"en_US\": \"\", \"fr\": \"Chef\"}", "Chef"},
        {"{language: [de]}", "{\"en_US\": \"Nurse\"}", "title.required"},
        {"{language: [de]}", "null", "title.required"},
        {"{language: [de]}", "Plain", "Plain"},
        {"{item: 3}", "['a', 'b']", "title.required"},
        {"{item: 1}", "plain", "title.not_a_list"},
        {"{item_after: Job Title}", "[\"x\", \"job-title\", \"Cook\"]", "Cook"},
        {"text_to_markdown", "a*b", "a\\*b"},
        {"{scale: 1/12}", "120000", "10000"},
        {"{scale: 1/12}", "100010", "8334"},
        {"{scale: 1/1000000}", "15000000000", "15000"},
        {"{scale: 176}", "22.50", "3960"},
        {"{scale: 1/12}", "١٢٠٬٠٠٠٫٥ ريال", "10000"},
        {"{scale: 1/2}", "1,001.00 SAR", "501"},
        {"{scale: 1000}", "9223372036854775807", "title.not_a_number"},
        {"number", "١٥٬٠٠٠", "15000"},
        {"range_min", "7,000 - 20,000", "7000"},
        {"range_max", "7,000 - 20,000", "20000"},
        {"ksa_city", "الرياض", "Riyadh"},
        {"ksa_city", "Atlantis", "title.unknown"},
        {"list_to_markdown", "Head\n[\"a*\", \"\", \"b\"]", "Head\n- a\\*\n- b"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const char *result =
            title_of(arena_printf(&arena, "{column: t, transform: [%s]}", cases[i].transform),
                     cases[i].value);

        if (strcmp(result, cases[i].result) != 0)
            fail_msg("%s of \"%s\": \"%s\" instead of \"%s\"", cases[i].transform, cases[i].value,
                     result, cases[i].result);
    }
}

static void test_every_value_is_cleaned_and_empty_is_missing(void **state)
{
    (void)state;
    assert_string_equal(title_of("{column: t}", " \xE2\x80\x8F"
                                                "Nurse\xC2\xA0"
                                                "1 \n"),
                        "Nurse 1");
    assert_string_equal(title_of("{column: t, default: Job to be named}", " \t "),
                        "Job to be named");
}

static void test_a_map_ignores_case_hyphens_and_blanks(void **state)
{
    const char *with = "{column: t, map: {full-time job: Worker, كامل: Clerk, none: ~}}";

    (void)state;
    assert_string_equal(title_of(with, "Full  Time JOB"), "Worker");
    assert_string_equal(title_of(with, "كـامل"), "Clerk");
    assert_string_equal(title_of(with, "NONE"), "title.required");
    assert_string_equal(title_of(with, "full time jobs"), "title.unknown_value");
    expect_in(refusals[0].message, "nearest is \"full-time job\"");
}

static void test_a_cell_of_broken_utf8_refuses_its_row(void **state)
{
    const struct mapping *m = load_with("  table: jobs\n", "{column: t, default: Named}");

    (void)state;
    apply_bytes(m, "Nurse \xC3\x28", 8, NULL);
    assert_int_equal(desired.kind, DESIRED_REFUSED);
    assert_int_equal(desired.n_refusals, 1);
    assert_string_equal(refusals[0].rule, "title.invalid_utf8");
    expect_in(refusals[0].message, "byte 7");
}

static void test_a_clean_column_is_borrowed_from_the_row(void **state)
{
    const struct mapping *m = load_with("  table: jobs\n", "{column: t}");
    const char *value = "Nurse";
    size_t before = arena.used_bytes;

    (void)state;
    apply_bytes(m, value, 5, NULL);
    assert_ptr_equal(job.field[JOB_TITLE].data, value);
    assert_int_equal(arena.used_bytes, before);
}

static void test_a_removed_row_is_gone_without_being_looked_at(void **state)
{
    const struct mapping *m = load_with("  table: jobs\n", "{column: t}");
    struct text values[1 + COLUMN_FIELDS + 1] = {[0] = text_of("1"), [1] = text_of("t")};
    struct row row = {.value = values, .n = ARRAY_LEN(values)};

    (void)state;
    mapping_apply(m, &row, &arena, &job, refusals, &desired, NULL);
    assert_int_equal(desired.kind, DESIRED_GONE);
    assert_int_equal(desired.n_refusals, 0);
}

static void test_a_trace_tells_each_step(void **state)
{
    const struct mapping *m = load_with(
        "  table: jobs\n", "{column: t, transform: [collapse, {null_if: [x y]}], default: Named}");
    static const char *const steps[] = {"column t", "transform collapse", "transform null_if",
                                        "default", "const Riyadh"};
    struct trace trace = {.steps = NULL};

    (void)state;
    apply_bytes(m, "x  y", 4, &trace);
    assert_true(trace.n > ARRAY_LEN(steps));
    for (size_t i = 0; i < ARRAY_LEN(steps); i++)
        assert_string_equal(trace.steps[i].step, steps[i]);
    assert_memory_equal(trace.steps[1].output.data, "x y", 3);
    assert_null(trace.steps[2].output.data);
    trace = (struct trace){.steps = NULL};
    apply_bytes(m, "ab", 2, &trace);
    assert_int_equal(desired.kind, DESIRED_REFUSED);
    assert_string_equal(trace.steps[trace.n - 1].step, "rule title.too_short");
    assert_ptr_equal(trace.steps[trace.n - 1].refusal, &refusals[0]);
}

/* ---- keys ----------------------------------------------------------------------------------- */

static void test_a_key_splits_into_what_it_was_joined_from(void **state)
{
    struct mapping m = {.name = "jobs", .n_key = 3};
    struct text values[] = {text_of("a,b\\"), TEXT_NONE, text_of("N")};
    struct row row = {.value = values, .n = 3};
    struct text parts[MAPPING_MAX_KEY];
    struct err e = ERR_INIT;
    const char *key = mapping_key_text(&m, &row, &arena);

    (void)state;
    assert_string_equal(key, "a\\,b\\\\,\\N,N");
    assert_true(mapping_key_split(&m, key, &arena, parts, &e));
    assert_string_equal(parts[0].data, "a,b\\");
    assert_null(parts[1].data);
    assert_string_equal(parts[2].data, "N");
    assert_false(mapping_key_split(&m, "a,b", &arena, parts, &e));
    assert_int_equal(e.kind, ERR_USAGE);
    assert_false(mapping_key_split(&m, "1,2,3,4,5,6,7,8,9,10", &arena, parts, &e));
}

static void test_rows_without_a_key_are_refused_as_rows(void **state)
{
    struct refusal refusal;

    (void)state;
    mapping_refuse("key.null", 12, &arena, &refusal, &desired);
    assert_int_equal(desired.kind, DESIRED_REFUSED);
    assert_int_equal(refusal.field, -1);
    assert_string_equal(refusal.rule, "key.null");
    expect_in(refusal.message, ": 12");
    expect_in(refusal.message_ar, "12");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        MAPPING_TEST(test_each_transform_does_what_the_reference_says),
        MAPPING_TEST(test_every_value_is_cleaned_and_empty_is_missing),
        MAPPING_TEST(test_a_map_ignores_case_hyphens_and_blanks),
        MAPPING_TEST(test_a_cell_of_broken_utf8_refuses_its_row),
        MAPPING_TEST(test_a_clean_column_is_borrowed_from_the_row),
        MAPPING_TEST(test_a_removed_row_is_gone_without_being_looked_at),
        MAPPING_TEST(test_a_trace_tells_each_step),
        MAPPING_TEST(test_a_key_splits_into_what_it_was_joined_from),
        MAPPING_TEST(test_rows_without_a_key_are_refused_as_rows),
    };
    int failed;

    html_init();
    failed = cmocka_run_group_tests_name("mapping_rows", tests, arena_begin, arena_end);
    html_release();
    return failed;
}
