/*
 * source: a scan gives every row once, groups of equal keys whole, in bounded memory, and ends well
 * or says why.
 */
#include "edges/source_fixture.h"

#include <poll.h>

static struct walked scan(struct fixture *f)
{
    struct walked w = {.rows = 0};
    struct source_page p = {.last = false};
    assert_done(source_scan_start(f->source, &err));
    while (!p.last) {
        assert_done(source_scan_next(f->source, &p, &err));
        note_page(&w, &p);
    }
    return w;
}

static void test_a_scan_gives_every_row_once_at_every_page_edge(void **state)
{
    static const int sizes[] = {0, 1, 99, 100, 101, 102, 499, 500, 501, 600};
    struct fixture *f = *state;
    char sql[256];
    open_source(f, "CREATE TABLE qs_source.job (id int, title text)", BY_ID);
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        snprintf(sql, sizeof(sql),
                 "TRUNCATE qs_source.job; INSERT INTO qs_source.job"
                 " SELECT n, 'مهندس ' || n FROM generate_series(1, %d) n",
                 sizes[i]);
        database_run(f->admin, sql);
        struct walked w = scan(f);
        assert_int_equal(w.rows, sizes[i]);
        assert_int_equal(w.split, 0);
    }
}

static void test_equal_keys_are_never_split_over_two_pages(void **state)
{
    struct fixture *f = *state;
    char sql[256];
    open_source(f, "CREATE TABLE qs_source.job (id int, title text)", BY_ID);
    for (int width = 2; width < 100; width += 9) {
        snprintf(sql, sizeof(sql),
                 "TRUNCATE qs_source.job; INSERT INTO qs_source.job"
                 " SELECT n / %d, 'x' FROM generate_series(0, 999) n",
                 width);
        database_run(f->admin, sql);
        struct walked w = scan(f);
        assert_int_equal(w.rows, 1000);
        assert_int_equal(w.split, 0);
    }
}

static void test_a_key_that_fills_more_than_a_page_does_not_stop_the_scan(void **state)
{
    struct fixture *f = *state;
    open_source(f,
                "CREATE TABLE qs_source.job (id int, title text);"
                "INSERT INTO qs_source.job SELECT 7, 'x' FROM generate_series(1, 2500);"
                "INSERT INTO qs_source.job SELECT n, 'x' FROM generate_series(8, 20) n",
                BY_ID);
    struct walked w = scan(f);
    assert_string_equal(w.last_key, "20");
    assert_true(w.rows >= 13 + 2);
    assert_int_equal(w.split, 0);
}

static void test_rows_hold_the_columns_of_the_mapping_in_order(void **state)
{
    struct fixture *f = *state;
    struct source_page p;
    open_source(f,
                "CREATE TABLE qs_source.job (id int, title text, gone bool, at timestamptz);"
                "INSERT INTO qs_source.job VALUES (5, 'محاسب', true, '2026-01-31 12:00+03'),"
                " (6, NULL, NULL, NULL)",
                "  table: qs_source.job\n  key: id\n  detect: scan\n  updated_at: at\n"
                "  removed: gone\n  account: title\n");
    assert_done(source_scan_start(f->source, &err));
    assert_done(source_scan_next(f->source, &p, &err));
    assert_int_equal(p.n, 2);
    assert_true(p.last);
    assert_string_equal(p.keys[0], "5");
    assert_string_equal(p.rows[0].value[1 + COLUMN_REMOVED].data, "t");
    assert_string_equal(p.rows[0].value[1 + COLUMN_CHANGED].data, "2026-01-31 09:00:00+00");
    assert_string_equal(p.rows[0].value[1 + COLUMN_ACCOUNT].data, "محاسب");
    assert_string_equal(p.rows[0].value[1 + COLUMN_FIELDS].data, "محاسب");
    assert_null(p.rows[1].value[1 + COLUMN_FIELDS].data);
    assert_string_equal(p.rows[1].value[1 + COLUMN_REMOVED].data, "f");
}

static void test_composite_keys_of_odd_texts_go_there_and_back(void **state)
{
    struct fixture *f = *state;
    struct source_page p;
    open_source(f,
                "CREATE TABLE qs_source.job (org char(12), no numeric(6,2), title text,"
                " PRIMARY KEY (org, no));"
                "INSERT INTO qs_source.job SELECT o, n / 4.0, 'x' FROM"
                " unnest(ARRAY['a,b', 'a\\', 'شركة', '{\"q\"}', 'NULL', '\\N']) o, "
                "generate_series(1, 90) n",
                "  table: qs_source.job\n  key: [org, no]\n  detect: scan\n");
    struct walked w = scan(f);
    assert_int_equal(w.rows, 6 * 90);
    assert_done(source_scan_start(f->source, &err));
    assert_done(source_scan_next(f->source, &p, &err));
    struct arena a = {0};
    size_t n = p.n;
    const char **keys = arena_alloc(&a, n * sizeof(*keys));
    bool *present = arena_alloc(&a, n * sizeof(*present));
    for (size_t i = 0; i < n; i++)
        keys[i] = arena_strdup(&a, p.keys[i]);
    source_scan_stop(f->source);
    assert_done(source_present(f->source, keys, n, present, &err));
    for (size_t i = 0; i < n; i++)
        if (!present[i])
            fail_msg("key \"%s\" is not found again", keys[i]);
    assert_done(source_rows(f->source, keys, n, &p, &err));
    assert_int_equal(p.n, n);
    arena_release(&a);
}

static void test_pages_of_wide_rows_stay_near_two_mebibytes(void **state)
{
    struct fixture *f = *state;
    open_source(
        f,
        "CREATE TABLE qs_source.job (id int, title text);"
        "INSERT INTO qs_source.job SELECT n, repeat('x', 300000) FROM generate_series(101, 140) n;"
        "INSERT INTO qs_source.job SELECT n, 'x' FROM generate_series(1, 100) n",
        BY_ID);
    struct source_page p = {.last = false};
    int64_t rows = 0;
    assert_done(source_scan_start(f->source, &err));
    for (int page = 0; !p.last; page++) {
        assert_done(source_scan_next(f->source, &p, &err));
        rows += (int64_t)p.n;
        if (page >= 2)
            assert_true(p.n <= 7);
    }
    assert_int_equal(rows, 140);
}

static void test_pages_of_narrow_rows_grow(void **state)
{
    struct fixture *f = *state;
    open_source(f,
                "CREATE TABLE qs_source.job (id int PRIMARY KEY, title text);"
                "INSERT INTO qs_source.job SELECT n, 'x' FROM generate_series(1, 30000) n",
                BY_ID);
    struct walked w = scan(f);
    assert_int_equal(w.rows, 30000);
    assert_true(w.most_rows > 3000 && w.most_rows <= 5000);
    assert_true(w.pages < 15);
}

static void test_a_scan_can_be_stopped_or_begun_anew_at_any_page(void **state)
{
    struct fixture *f = *state;
    struct source_page p;
    open_source(
        f,
        "CREATE TABLE qs_source.job (id int PRIMARY KEY, title text);"
        "INSERT INTO qs_source.job SELECT n, repeat('x', 5000) FROM generate_series(1, 2000) n",
        BY_ID);
    for (int pages = 0; pages < 4; pages++) {
        assert_done(source_scan_start(f->source, &err));
        for (int i = 0; i < pages; i++)
            assert_done(source_scan_next(f->source, &p, &err));
        if (pages % 2 == 0)
            source_scan_stop(f->source);
        if (pages % 2 == 0)
            assert_int_equal(database_int(f->pg, "SELECT 1"), 1);
    }
    assert_int_equal(scan(f).rows, 2000);
    source_scan_stop(f->source);
    source_scan_stop(f->source);
    assert_int_equal(database_int(f->pg, "SELECT 1"), 1);
}

static void test_a_caller_slower_than_the_statement_timeout_still_gets_the_next_page(void **state)
{
    struct fixture *f = *state;
    struct pg_options o = database_options();
    struct source_page p;
    pg_free(f->pg);
    o.read_only = true;
    o.statement_timeout_ms = 250;
    f->pg = database_open_with(&o);
    open_source(
        f,
        "CREATE TABLE qs_source.job (id int PRIMARY KEY, title text);"
        "INSERT INTO qs_source.job SELECT n, repeat('x', 20000) FROM generate_series(1, 1000) n",
        BY_ID);
    assert_done(source_scan_start(f->source, &err));
    int64_t rows = 0;
    for (int i = 0; i < 4; i++) {
        assert_done(source_scan_next(f->source, &p, &err));
        rows += (int64_t)p.n;
        poll(NULL, 0, 400);
    }
    assert_true(rows > 200);
    assert_done(source_scan_next(f->source, &p, &err));
    assert_int_equal(strtoll(p.keys[0], NULL, 10), rows + 1);
}

static void test_a_row_that_partner_sql_fails_on_fails_the_scan_as_configuration(void **state)
{
    struct fixture *f = *state;
    struct source_page p;
    bool ok = true;
    open_source(f,
                "CREATE TABLE qs_source.job (id int PRIMARY KEY, title text);"
                "INSERT INTO qs_source.job SELECT n, 'x' FROM generate_series(1, 400) n",
                "  table: qs_source.job\n  key: id\n  detect: scan\n  priority: 1 / (id - 250)\n");
    assert_done(source_scan_start(f->source, &err));
    for (int i = 0; i < 5 && ok; i++)
        ok = source_scan_next(f->source, &p, &err);
    assert_false(ok);
    assert_int_equal(err.kind, ERR_CONFIG);
    assert_non_null(strstr(err.message, "division by zero"));
    assert_done(source_rows(f->source, (const char *const[]){"1"}, 1, &p, &err));
}

static void test_a_connection_lost_in_a_scan_is_away_and_the_next_scan_is_whole(void **state)
{
    struct fixture *f = *state;
    struct source_page p;
    bool ok = true;
    char sql[128];
    open_source(f,
                "CREATE TABLE qs_source.job (id int PRIMARY KEY, title text);"
                "INSERT INTO qs_source.job SELECT n, 'x' FROM generate_series(1, 3000) n",
                BY_ID);
    snprintf(sql, sizeof(sql), "SELECT pg_catalog.pg_terminate_backend(%lld)",
             (long long)database_int(f->pg, "SELECT pg_catalog.pg_backend_pid()"));
    assert_done(source_scan_start(f->source, &err));
    assert_done(source_scan_next(f->source, &p, &err));
    database_run(f->admin, sql);
    for (int i = 0; i < 5 && ok; i++)
        ok = source_scan_next(f->source, &p, &err);
    assert_false(ok);
    assert_int_equal(err.kind, ERR_AWAY);
    assert_done(pg_reconnect(f->pg, &err));
    assert_int_equal(scan(f).rows, 3000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SOURCE_TEST(test_a_scan_gives_every_row_once_at_every_page_edge),
        SOURCE_TEST(test_equal_keys_are_never_split_over_two_pages),
        SOURCE_TEST(test_a_key_that_fills_more_than_a_page_does_not_stop_the_scan),
        SOURCE_TEST(test_rows_hold_the_columns_of_the_mapping_in_order),
        SOURCE_TEST(test_composite_keys_of_odd_texts_go_there_and_back),
        SOURCE_TEST(test_pages_of_wide_rows_stay_near_two_mebibytes),
        SOURCE_TEST(test_pages_of_narrow_rows_grow),
        SOURCE_TEST(test_a_scan_can_be_stopped_or_begun_anew_at_any_page),
        SOURCE_TEST(test_a_caller_slower_than_the_statement_timeout_still_gets_the_next_page),
        SOURCE_TEST(test_a_row_that_partner_sql_fails_on_fails_the_scan_as_configuration),
        SOURCE_TEST(test_a_connection_lost_in_a_scan_is_away_and_the_next_scan_is_whole),
    };
    return cmocka_run_group_tests_name("source_scan", tests, NULL, NULL);
}
