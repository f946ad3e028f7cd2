/* source: what changed since a time, and a horizon that no open transaction lies before. */
#include "edges/source_fixture.h"

#include <poll.h>

#include "base/clock.h"

static int64_t changed_rows(struct fixture *f, const char *since, struct walked *w)
{
    struct source_page p = {.last = false};
    *w = (struct walked){.rows = 0};
    assert_done(source_changed_start(f->source, since, &err));
    while (!p.last) {
        assert_done(source_changed_next(f->source, &p, &err));
        note_page(w, &p);
    }
    return w->rows;
}

#define BY_TIME "  table: qs_source.job\n  key: id\n  updated_at: at\n"

static void test_thousands_of_rows_with_one_timestamp_are_all_found(void **state)
{
    struct fixture *f = *state;
    struct walked w;
    open_source(
        f,
        "CREATE TABLE qs_source.job (id int, title text, at timestamptz(0));"
        "INSERT INTO qs_source.job SELECT n, 'x', '2026-01-01Z' FROM generate_series(1, 2345) n;"
        "INSERT INTO qs_source.job SELECT n, 'x', '2026-01-02Z' FROM generate_series(3001, 3100) n;"
        "INSERT INTO qs_source.job VALUES (1, 'no time', NULL)",
        BY_TIME);
    assert_int_equal(changed_rows(f, "-infinity", &w), 2445);
    assert_int_equal(w.split, 0);
    assert_int_equal(changed_rows(f, "2026-01-01T00:00:00.000000Z", &w), 2445);
    assert_int_equal(changed_rows(f, "2026-01-01T00:00:00.000001Z", &w), 100);
    assert_int_equal(changed_rows(f, "2026-01-02T00:00:00.000001Z", &w), 0);
}

static void test_local_dates_and_epochs_are_compared_in_their_own_type(void **state)
{
    static const struct {
        const char *type, *value, *yaml, *before, *after;
    } cases[] = {
        {"timestamp", "2026-01-01 03:00:00.5", "", "2026-01-01T00:00:00.5Z",
         "2026-01-01T00:00:00.500001Z"},
        {"date", "2026-01-01", "", "2026-01-01T20:00:00Z", "2026-01-01T21:00:00Z"},
        {"bigint", "1767225600500", "  updated_at_unit: milliseconds\n", "2026-01-01T00:00:00.5Z",
         "2026-01-01T00:00:00.501Z"},
        {"numeric", "1767225600", "  updated_at_unit: seconds\n", "2026-01-01T00:00:00Z",
         "2026-01-01T00:00:01Z"},
    };
    struct fixture *f = *state;
    struct walked w;
    char sql[256], yaml[256];
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        snprintf(sql, sizeof(sql),
                 "DROP TABLE IF EXISTS qs_source.job;"
                 "CREATE TABLE qs_source.job (id int, title text, at %s);"
                 "INSERT INTO qs_source.job SELECT n, 'x', '%s' FROM generate_series(1, 250) n",
                 cases[i].type, cases[i].value);
        snprintf(yaml, sizeof(yaml), BY_TIME "%s", cases[i].yaml);
        source_free(f->source);
        f->source = NULL;
        open_source(f, sql, yaml);
        unlink(f->file);
        assert_int_equal(changed_rows(f, cases[i].before, &w), 250);
        assert_int_equal(changed_rows(f, cases[i].after, &w), 0);
        assert_int_equal(changed_rows(f, "-infinity", &w), 250);
    }
}

/* ---- horizon -------------------------------------------------------------------------------- */

static int64_t horizon_ms(struct fixture *f, int64_t overlap_ms)
{
    const char *text = NULL;
    int64_t ms = 0;
    assert_done(source_horizon(f->source, overlap_ms, &f->arena, &text, &err));
    assert_true(clock_parse_rfc3339(text, &ms));
    return ms;
}

static int64_t database_ms(struct pg *pg)
{
    return database_int(pg, "SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint");
}

static void test_the_horizon_stays_behind_the_oldest_open_transaction(void **state)
{
    struct fixture *f = *state;
    struct pg *writer = database_open();
    open_source(f, "CREATE TABLE qs_source.job (id int, title text)", BY_ID);
    database_run(writer, "BEGIN");
    int64_t began = database_int(writer, "SELECT floor(extract(epoch FROM now()) * 1000)::bigint");
    poll(NULL, 0, 20); /* the clock moves on, the transaction's start does not */
    assert_int_equal(horizon_ms(f, 600000), began - 600000);
    pg_rollback(writer);
    assert_true(horizon_ms(f, 600000) > began - 600000);
    pg_free(writer);
}

static void test_the_horizon_keeps_the_overlap_though_nobody_writes(void **state)
{
    struct fixture *f = *state;
    open_source(f, "CREATE TABLE qs_source.job (id int, title text)", BY_ID);
    int64_t now = database_ms(f->admin);
    int64_t horizon = horizon_ms(f, 600000);
    assert_true(horizon >= now - 600000 && horizon < now - 590000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SOURCE_TEST(test_thousands_of_rows_with_one_timestamp_are_all_found),
        SOURCE_TEST(test_local_dates_and_epochs_are_compared_in_their_own_type),
        SOURCE_TEST(test_the_horizon_stays_behind_the_oldest_open_transaction),
        SOURCE_TEST(test_the_horizon_keeps_the_overlap_though_nobody_writes),
    };
    return cmocka_run_group_tests_name("source_changes", tests, NULL, NULL);
}
