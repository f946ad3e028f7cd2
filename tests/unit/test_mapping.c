/* mapping: loading, composing SQL, blame, applying, keys and traces. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "formats/html.h"
#include "rules/mapping.h"

static struct arena arena;
static struct problems problems;

static char *no_variable(const char *name)
{
    (void)name;
    return NULL;
}

static struct mapping *load(const char *yaml)
{
    char file[] = "/tmp/test_mapping_XXXXXX";
    int fd = mkstemp(file);
    struct mapping *m;

    assert_true(fd >= 0);
    assert_int_equal(write(fd, yaml, strlen(yaml)), strlen(yaml));
    close(fd);
    problems_init(&problems, &arena);
    m = mapping_load(&arena, file, no_variable, NULL, 0, &problems);
    unlink(file);
    return m;
}

/* A mapping with these lines under source and this title; everything else is constant. */
static struct mapping *load_with(const char *source, const char *title)
{
    struct mapping *m = load(arena_printf(&arena,
                                          "name: jobs\n"
                                          "source:\n"
                                          "  key: id\n"
                                          "%s"
                                          "fields:\n"
                                          "  title: %s\n"
                                          "  city: {const: Riyadh}\n"
                                          "  employment_type: {const: part_time}\n"
                                          "  currency: {const: SAR}\n"
                                          "  status: {const: active}\n",
                                          source, title));

    if (!m)
        problems_print(&problems, stderr, false);
    return m;
}

static const struct mapping_types types = {.key = {"bigint", "text"},
                                           .changed = "timestamp with time zone",
                                           .priority = "integer",
                                           .due = "date"};

static const char *sql_of(const struct mapping *m, enum mapping_query q,
                          const struct mapping_types *t)
{
    struct err e = ERR_INIT;
    const char *sql = mapping_sql(m, q, t, "Asia/Riyadh", &arena, &e);

    return sql ? sql : arena_printf(&arena, "%s | %s", e.message, e.hint);
}

static void expect_in(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("no \"%s\" in:\n%s", part, text);
}

static void expect_not_in(const char *text, const char *part)
{
    if (strstr(text, part))
        fail_msg("\"%s\" in:\n%s", part, text);
}

/* ---- SQL ------------------------------------------------------------------------------------ */

#define SINCE                                                                                      \
    "CASE WHEN $1::timestamptz <= pg_catalog.now() THEN $1::timestamptz\n        ELSE "            \
    "'1970-01-01Z' END"

static void test_a_bound_is_converted_and_the_column_is_not(void **state)
{
    static const struct {
        const char *type, *source, *bound;
    } cases[] = {
        {"timestamp with time zone", "", ">= " SINCE "\n"},
        {"timestamp(0) without time zone", "", ">= (" SINCE " AT TIME ZONE 'Asia/Riyadh')\n"},
        {"timestamp without time zone", "  time_zone: UTC\n",
         ">= (" SINCE " AT TIME ZONE 'UTC')\n"},
        {"date", "", ">= (" SINCE " AT TIME ZONE 'Asia/Riyadh')::date\n"},
        {"integer", "  updated_at_unit: seconds\n",
         ">= floor(extract(epoch FROM " SINCE "))::bigint\n"},
        {"numeric(20,3)", "  updated_at_unit: milliseconds\n",
         ">= floor(extract(epoch FROM " SINCE ") * 1000)::numeric\n"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct mapping_types t = types;
        const char *sql;

        t.changed = cases[i].type;
        sql = sql_of(load_with(arena_printf(&arena, "  table: jobs\n  updated_at: moved\n%s",
                                            cases[i].source),
                               "{column: title}"),
                     MAPPING_CHANGED, &t);
        expect_in(sql, arena_printf(&arena, "source.\"moved\" %s", cases[i].bound));
    }
}

static void test_a_number_without_a_unit_is_an_error_that_names_its_line(void **state)
{
    struct mapping_types t = types;
    const struct mapping *m = load_with("  table: jobs\n  updated_at: moved\n", "{column: title}");

    (void)state;
    t.changed = "bigint";
    expect_in(sql_of(m, MAPPING_CHANGED, &t), ":5:15: updated_at is of the type \"bigint\"");
    expect_in(sql_of(m, MAPPING_SCAN, &t), "updated_at_unit");
    t.changed = "interval";
    expect_in(sql_of(m, MAPPING_SCAN, &t), "\"interval\", which cannot serve");
}

static void test_a_text_cannot_be_a_priority(void **state)
{
    struct mapping_types t = types;
    const struct mapping *m = load_with("  table: jobs\n  priority: rank\n", "{column: title}");

    (void)state;
    t.priority = "text";
    expect_in(sql_of(m, MAPPING_SCAN, &t), "priority is of the type \"text\"");
}

static void test_priority_ascends_by_urgency(void **state)
{
    const char *source = "  table: jobs\n  priority: greatest(a, b) desc\n";
    struct mapping_types t = types;

    (void)state;
    expect_in(sql_of(load_with(source, "{column: t}"), MAPPING_SCAN, &t),
              "-((greatest(a, b) \n))::float8");
    t.priority = "date";
    expect_in(sql_of(load_with("  table: jobs\n  priority: posted_at\n", "{column: t}"),
                     MAPPING_SCAN, &t),
              "(extract(epoch FROM source.\"posted_at\"))::float8");
    t.priority = "boolean";
    expect_in(sql_of(load_with("  table: jobs\n  priority: urgent DESC\n", "{column: t}"),
                     MAPPING_SCAN, &t),
              "::integer)::float8");
}

static void test_names_are_quoted_whatever_they_hold(void **state)
{
    const struct mapping *m =
        load_with("  table: 'my.\"odd \"\"table\"\"; --\"'\n", "{column: '\"%hash%\"'}");
    const char *sql = sql_of(m, MAPPING_SCAN, &types);

    (void)state;
    expect_in(sql, "FROM \"my\".\"odd \"\"table\"\"; --\" AS source");
    expect_in(sql, "source.\"%hash%\"::text");
}

static void test_a_comment_swallows_nothing_of_ours(void **state)
{
    const struct mapping *m =
        load_with("  query: 'SELECT * FROM jobs -- all'\n  where: a OR b -- these\n",
                  "{sql: \"upper(title) -- loud\"}");

    (void)state;
    expect_in(sql_of(m, MAPPING_SCAN, &types), "(upper(title) -- loud\n)::text");
    expect_in(sql_of(m, MAPPING_SCAN, &types), "(SELECT * FROM jobs -- all\n) AS source");
    expect_in(sql_of(m, MAPPING_SCAN, &types), "AND (a OR b -- these\n)");
}

static void test_a_row_that_leaves_the_filter_is_seen_as_removed(void **state)
{
    const struct mapping *m =
        load_with("  table: jobs\n  updated_at: u\n  where: x = 1\n", "{sql: 1 / x}");
    const char *sql = sql_of(m, MAPPING_CHANGED, &types);

    (void)state;
    expect_in(sql, "NOT qudra_sync_row.qudra_sync_included OR false");
    expect_in(sql, "CASE WHEN qudra_sync_row.qudra_sync_included THEN (1 / x\n)::text END");
    expect_in(sql_of(m, MAPPING_BY_KEY, &types), "AND (x = 1\n)");
}

static void test_present_leaves_out_what_is_removed(void **state)
{
    const struct mapping *m =
        load_with("  table: jobs\n  removed: gone OR lost\n  where: x\n", "{column: t}");
    const char *sql = sql_of(m, MAPPING_PRESENT, &types);

    (void)state;
    expect_in(sql, "AND source.\"x\"");
    expect_in(sql, "(gone OR lost\n) IS NOT TRUE");
    expect_not_in(sql, "\"t\"");
}

/* ---- blame ---------------------------------------------------------------------------------- */

static const struct problem *blame(const struct mapping *m, const char *part, size_t offset)
{
    const char *sql = sql_of(m, MAPPING_DESCRIBE, NULL), *at = strstr(sql, part);
    struct err e = {.kind = ERR_CONFIG, .message = "the server's words"};

    assert_non_null(at);
    for (const char *c = sql; c <= at + offset; c++)
        e.sql_position += ((unsigned char)*c & 0xC0) != 0x80;
    problems_init(&problems, &arena);
    mapping_blame(m, MAPPING_DESCRIBE, NULL, "UTC", &e, &problems);
    assert_int_equal(problems.errors, 1);
    assert_string_equal(problems.first->message, "the server's words");
    return problems.first;
}

static void test_an_error_is_blamed_on_its_character_of_the_file(void **state)
{
    const struct mapping *m =
        load_with("  table: jobs\n  where: \"x = 'أ' AND nope\"\n", "{sql: \"uper(t)\"}");
    const struct problem *p = blame(m, "nope", 0);

    (void)state;
    assert_int_equal(p->line, 5);
    assert_int_equal(p->column, 23);
    p = blame(m, "uper", 0);
    assert_int_equal(p->line, 7);
    assert_int_equal(p->column, 17);
    p = blame(m, "\"jobs\"", 1);
    assert_int_equal(p->line, 4);
    assert_int_equal(p->column, 10);
    p = blame(m, "AS source", 3);
    assert_int_equal(p->line, 4);
}

/* ---- apply ---------------------------------------------------------------------------------- */

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

/* ---- keys and the rest ---------------------------------------------------------------------- */

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

static void test_the_fingerprint_follows_what_decides_the_payload(void **state)
{
    uint64_t one = load_with("  table: jobs\n", "{column: t}")->fingerprint;

    (void)state;
    assert_true(one == load_with("  table: jobs\n  overlap: 5m\n", "{column: t}")->fingerprint);
    assert_true(one != load_with("  table: job\n", "{column: t}")->fingerprint);
    assert_true(one != load_with("  table: jobs\n", "{sql: t}")->fingerprint);
    assert_true(one != load_with("  table: jobs\n  where: x\n", "{column: t}")->fingerprint);
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

static void test_the_reference_names_every_transform_and_key(void **state)
{
    struct buf out = BUF_INIT((size_t)1 << 20);

    (void)state;
    mapping_write_reference(&out);
    expect_in(buf_str(&out), "| `list_to_markdown` |");
    expect_in(buf_str(&out), "| `updated_at_unit` | `seconds`, `milliseconds`.");
    buf_release(&out);
}

static void test_defaults_follow_what_is_given(void **state)
{
    const struct mapping *m = load_with("  table: jobs\n  updated_at: u\n", "{column: t}");

    (void)state;
    assert_int_equal(m->detect, DETECT_WATERMARK);
    assert_int_equal(m->overlap_ms, -1);
    assert_int_equal(m->on_removed, REMOVED_CLOSE);
    assert_int_equal(m->on_missing, MISSING_RECREATE);
    assert_int_equal(load_with("  table: jobs\n", "{column: t}")->detect, DETECT_SCAN);
}

static int clear_arena(void **state)
{
    (void)state;
    arena_clear(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_teardown(name, clear_arena)
        TEST(test_a_bound_is_converted_and_the_column_is_not),
        TEST(test_a_number_without_a_unit_is_an_error_that_names_its_line),
        TEST(test_a_text_cannot_be_a_priority),
        TEST(test_priority_ascends_by_urgency),
        TEST(test_names_are_quoted_whatever_they_hold),
        TEST(test_a_comment_swallows_nothing_of_ours),
        TEST(test_a_row_that_leaves_the_filter_is_seen_as_removed),
        TEST(test_present_leaves_out_what_is_removed),
        TEST(test_an_error_is_blamed_on_its_character_of_the_file),
        TEST(test_each_transform_does_what_the_reference_says),
        TEST(test_every_value_is_cleaned_and_empty_is_missing),
        TEST(test_a_map_ignores_case_hyphens_and_blanks),
        TEST(test_a_cell_of_broken_utf8_refuses_its_row),
        TEST(test_a_clean_column_is_borrowed_from_the_row),
        TEST(test_a_removed_row_is_gone_without_being_looked_at),
        TEST(test_a_trace_tells_each_step),
        TEST(test_a_key_splits_into_what_it_was_joined_from),
        TEST(test_the_fingerprint_follows_what_decides_the_payload),
        TEST(test_rows_without_a_key_are_refused_as_rows),
        TEST(test_the_reference_names_every_transform_and_key),
        TEST(test_defaults_follow_what_is_given),
    };
    int failed;

    html_init();
    arena_init(&arena, 0);
    failed = cmocka_run_group_tests_name("mapping", tests, NULL, NULL);
    arena_release(&arena);
    html_release();
    return failed;
}
