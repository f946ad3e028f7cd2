/*
 * source on a real server, through real mapping files: every row once, groups of equal keys whole,
 * memory bounded, and a horizon that no open transaction lies before. The tests own the schema
 * qs_source of the test database.
 */
#include "edges/database.h"

#include <poll.h>
#include <unistd.h>

#include "base/clock.h"
#include "edges/source.h"

static struct err err;

/* ---- a source for each test --------------------------------------------------------------------
 */

struct fixture {
    struct pg *admin, *pg;
    struct arena arena;
    struct problems problems;
    char file[64];
    struct source *source;
};

static int set_up(void **state)
{
    struct fixture *f = mem_alloc(sizeof(*f));
    struct pg_options o = database_options();
    arena_init(&f->arena, 0);
    problems_init(&f->problems, &f->arena);
    f->admin = database_open();
    database_run(f->admin, "DROP SCHEMA IF EXISTS qs_source CASCADE; CREATE SCHEMA qs_source");
    o.read_only = true;
    o.own_search_path = true;
    f->pg = database_open_with(&o);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    source_free(f->source);
    pg_free(f->pg);
    database_run(f->admin, "DROP SCHEMA IF EXISTS qs_source CASCADE");
    pg_free(f->admin);
    arena_release(&f->arena);
    if (f->file[0])
        unlink(f->file);
    mem_free(f);
    return 0;
}

static char *no_variable(const char *name)
{
    (void)name;
    return NULL;
}

static const struct mapping *load(struct fixture *f, const char *source_yaml)
{
    snprintf(f->file, sizeof(f->file), "/tmp/qs_source_XXXXXX");
    int fd = mkstemp(f->file);
    assert_true(fd >= 0);
    dprintf(fd,
            "name: jobs\nsource:\n%s\nfields:\n  title: {column: title}\n"
            "  description: {const: \"A description that is long enough for any rule\"}\n"
            "  city: {const: Riyadh}\n  employment_type: {const: full_time}\n"
            "  currency: {const: SAR}\n  status: {const: active}\n",
            source_yaml);
    close(fd);
    const struct mapping *m = mapping_load(&f->arena, f->file, no_variable, NULL, 0, &f->problems);
    if (!m)
        problems_print(&f->problems, stderr, false);
    assert_non_null(m);
    return m;
}

static void open_source(struct fixture *f, const char *tables, const char *source_yaml)
{
    database_run(f->admin, tables);
    const struct mapping *m = load(f, source_yaml);
    assert_done(source_open(&f->source, f->pg, m, "Asia/Riyadh", NULL, &err));
}

/* ---- scans -------------------------------------------------------------------------------------
 */

struct walked {
    int64_t rows, pages, split; /* split: groups of equal keys that were over two pages */
    size_t most_rows;
    char last_key[256];
};

static void note_page(struct walked *w, const struct source_page *p)
{
    if (p->n > 0 && strcmp(w->last_key, p->keys[0]) == 0)
        w->split++;
    if (p->n > 0)
        snprintf(w->last_key, sizeof(w->last_key), "%s", p->keys[p->n - 1]);
    w->rows += (int64_t)p->n;
    w->pages++;
    if (p->n > w->most_rows)
        w->most_rows = p->n;
}

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

#define BY_ID "  table: qs_source.job\n  key: id\n  detect: scan\n"

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

/* ---- by key ------------------------------------------------------------------------------------
 */

static void test_rows_by_key_bring_equal_keys_side_by_side_and_skip_foreign_ones(void **state)
{
    static const char *const keys[] = {"3", "1", "no,such,form", "99", "2"};
    bool present[5];
    struct source_page p;
    struct fixture *f = *state;
    open_source(f,
                "CREATE TABLE qs_source.job (id int, title text, gone bool);"
                "INSERT INTO qs_source.job VALUES (1, 'a', NULL), (2, 'b', true), (1, 'c', NULL), "
                "(3, 'd', false), "
                "(NULL, 'e', NULL)",
                "  table: qs_source.job\n  key: id\n  detect: scan\n  removed: gone\n");
    assert_done(source_rows(f->source, keys, 5, &p, &err));
    assert_int_equal(p.n, 4);
    assert_string_equal(p.keys[0], "1");
    assert_string_equal(p.keys[1], "1");
    assert_string_equal(p.keys[3], "3");
    assert_done(source_present(f->source, keys, 5, present, &err));
    assert_memory_equal(present, ((bool[]){true, true, false, false, false}), sizeof(present));
    int64_t nulls = 0;
    assert_done(source_null_keys(f->source, &nulls, &err));
    assert_int_equal(nulls, 1);
    assert_done(source_rows(f->source, NULL, 0, &p, &err));
    assert_int_equal(p.n, 0);
}

static void test_a_key_of_another_type_is_explained(void **state)
{
    struct fixture *f = *state;
    bool present;
    open_source(f, "CREATE TABLE qs_source.job (id int, title text)", BY_ID);
    assert_err(ERR_CONFIG,
               source_present(f->source, (const char *const[]){"abc"}, 1, &present, &err));
    assert_non_null(strstr(err.hint, "source.key"));
}

/* ---- changes -----------------------------------------------------------------------------------
 */

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

/* ---- horizon and identity ----------------------------------------------------------------------
 */

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

static void test_the_identity_names_database_and_cluster(void **state)
{
    struct fixture *f = *state;
    const char *identity = NULL;
    open_source(f, "CREATE TABLE qs_source.job (id int, title text)", BY_ID);
    assert_done(source_identity(f->source, &f->arena, &identity, &err));
    const char *at = strchr(identity, '@');
    assert_non_null(strchr(identity, '/'));
    assert_non_null(at);
    assert_true(strlen(at) > 10);
}

/* ---- write-back --------------------------------------------------------------------------------
 */

static void test_write_back_touches_only_rows_that_differ(void **state)
{
    static const struct source_note notes[] = {
        {.key = "1", .job_id = "j1", .qudra_url = "https://q/1", .status = "synced"},
        {.key = "2", .job_id = NULL, .qudra_url = NULL, .status = "refused"},
        {.key = "77", .job_id = "j77", .qudra_url = NULL, .status = "synced"},
    };
    struct fixture *f = *state;
    open_source(f,
                "CREATE TABLE qs_source.job (id int, title text, qid text, qstate varchar(20));"
                "INSERT INTO qs_source.job VALUES (1, 'a', NULL, NULL), (2, 'b', NULL, 'refused'), "
                "(3, 'c', NULL, NULL)",
                "  table: qs_source.job\n  key: id\n  detect: scan\n"
                "  write_back: {job_id: qid, status: qstate}\n");
    database_run(f->admin,
                 "CREATE TABLE qs_source.before AS SELECT id, xmin::text AS x FROM qs_source.job");
    assert_done(source_write_back(f->admin, f->source, notes, 3, &err));
    assert_int_equal(database_int(f->admin,
                                  "SELECT count(*) FROM qs_source.job WHERE (id, qid, qstate)"
                                  " = (1, 'j1', 'synced')"),
                     1);
    assert_int_equal(
        database_int(f->admin, "SELECT count(*) FROM qs_source.job AS j JOIN qs_source.before AS b"
                               " USING (id) WHERE j.xmin::text <> b.x"),
        1);
    assert_err(ERR_AWAY, source_write_back(f->pg, f->source, &notes[1], 1, &err)); /* read only */
}

static void test_a_missing_right_to_write_back_names_the_columns(void **state)
{
    static const struct source_note note = {.key = "1", .job_id = "j1"};
    struct fixture *f = *state;
    open_source(f, "CREATE TABLE qs_source.job (id int, title text, qid text)",
                "  table: qs_source.job\n  key: id\n  detect: scan\n  write_back: {job_id: qid}\n");
    database_run(f->admin,
                 "DROP ROLE IF EXISTS qs_source_writer; CREATE ROLE qs_source_writer;"
                 "GRANT USAGE ON SCHEMA qs_source TO qs_source_writer;"
                 "GRANT SELECT ON qs_source.job TO qs_source_writer; SET ROLE qs_source_writer");
    assert_err(ERR_CONFIG, source_write_back(f->admin, f->source, &note, 1, &err));
    assert_non_null(strstr(err.hint, "UPDATE"));
    database_run(f->admin,
                 "RESET ROLE; DROP OWNED BY qs_source_writer; DROP ROLE qs_source_writer");
}

/* ---- mistakes in the mapping -------------------------------------------------------------------
 */

static void refuse(struct fixture *f, const char *yaml, int line, const char *message)
{
    const struct mapping *m = load(f, yaml);
    struct source *s = NULL;
    problems_init(&f->problems, &f->arena);
    assert_err(ERR_CONFIG, source_open(&s, f->pg, m, "Asia/Riyadh", &f->problems, &err));
    assert_int_equal(f->problems.errors, 1);
    assert_non_null(strstr(f->problems.first->message, message));
    assert_null(strstr(f->problems.first->message, "database \""));
    assert_int_equal(f->problems.first->line, line);
    unlink(f->file);
}

static void test_mistakes_in_partner_sql_are_told_at_their_place(void **state)
{
    struct fixture *f = *state;
    database_run(f->admin, "CREATE TABLE qs_source.job (id int, title text, j json)");
    refuse(f, "  table: qs_source.job\n  key: nr\n  detect: scan\n", 4, "nr");
    refuse(f, "  table: qs_source.jobs\n  key: id\n  detect: scan\n", 3, "qs_source.jobs");
    refuse(f, "  table: qs_source.job\n  key: id\n  detect: scan\n  where: titel = 'x'\n", 6,
           "titel");
    refuse(f, "  table: qs_source.job\n  key: id\n  updated_at: title\n", 5, "cannot serve");
    refuse(f, "  table: qs_source.job\n  key: j\n  detect: scan\n", 4, "json");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_a_scan_gives_every_row_once_at_every_page_edge),
        TEST(test_equal_keys_are_never_split_over_two_pages),
        TEST(test_a_key_that_fills_more_than_a_page_does_not_stop_the_scan),
        TEST(test_rows_hold_the_columns_of_the_mapping_in_order),
        TEST(test_composite_keys_of_odd_texts_go_there_and_back),
        TEST(test_pages_of_wide_rows_stay_near_two_mebibytes),
        TEST(test_pages_of_narrow_rows_grow),
        TEST(test_a_scan_can_be_stopped_or_begun_anew_at_any_page),
        TEST(test_a_caller_slower_than_the_statement_timeout_still_gets_the_next_page),
        TEST(test_a_row_that_partner_sql_fails_on_fails_the_scan_as_configuration),
        TEST(test_a_connection_lost_in_a_scan_is_away_and_the_next_scan_is_whole),
        TEST(test_rows_by_key_bring_equal_keys_side_by_side_and_skip_foreign_ones),
        TEST(test_a_key_of_another_type_is_explained),
        TEST(test_thousands_of_rows_with_one_timestamp_are_all_found),
        TEST(test_local_dates_and_epochs_are_compared_in_their_own_type),
        TEST(test_the_horizon_stays_behind_the_oldest_open_transaction),
        TEST(test_the_horizon_keeps_the_overlap_though_nobody_writes),
        TEST(test_the_identity_names_database_and_cluster),
        TEST(test_write_back_touches_only_rows_that_differ),
        TEST(test_a_missing_right_to_write_back_names_the_columns),
        TEST(test_mistakes_in_partner_sql_are_told_at_their_place),
    };
    return cmocka_run_group_tests_name("source", tests, NULL, NULL);
}
