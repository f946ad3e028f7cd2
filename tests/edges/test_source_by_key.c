/* source: rows looked up by their keys, and notes written back to them. */
#include "edges/source_fixture.h"

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

/* ---- write-back ----------------------------------------------------------------------------- */

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        SOURCE_TEST(test_rows_by_key_bring_equal_keys_side_by_side_and_skip_foreign_ones),
        SOURCE_TEST(test_a_key_of_another_type_is_explained),
        SOURCE_TEST(test_write_back_touches_only_rows_that_differ),
        SOURCE_TEST(test_a_missing_right_to_write_back_names_the_columns),
    };
    return cmocka_run_group_tests_name("source_by_key", tests, NULL, NULL);
}
