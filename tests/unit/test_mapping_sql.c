/* mapping: the SQL that is composed, and where in the file its errors are blamed. */
#include "mapping_text.h"

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

static void expect_not_in(const char *text, const char *part)
{
    if (strstr(text, part))
        fail_msg("\"%s\" in:\n%s", part, text);
}

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        MAPPING_TEST(test_a_bound_is_converted_and_the_column_is_not),
        MAPPING_TEST(test_a_number_without_a_unit_is_an_error_that_names_its_line),
        MAPPING_TEST(test_a_text_cannot_be_a_priority),
        MAPPING_TEST(test_priority_ascends_by_urgency),
        MAPPING_TEST(test_names_are_quoted_whatever_they_hold),
        MAPPING_TEST(test_a_comment_swallows_nothing_of_ours),
        MAPPING_TEST(test_a_row_that_leaves_the_filter_is_seen_as_removed),
        MAPPING_TEST(test_present_leaves_out_what_is_removed),
        MAPPING_TEST(test_an_error_is_blamed_on_its_character_of_the_file),
    };
    return cmocka_run_group_tests_name("mapping_sql", tests, arena_begin, arena_end);
}
