/*
 * migrate on a real server. The tests own the schema qudra_sync of the test database: each begins
 * without it.
 */
#include "edges/database.h"

#include <pthread.h>
#include <unistd.h>

#include "base/clock.h"
#include "edges/migrate.h"
#include "edges/sql.h"

static struct err err;

static int start_without_schema(void **state)
{
    *state = database_open();
    database_run(*state, "DROP SCHEMA IF EXISTS qudra_sync CASCADE");
    return 0;
}

static int drop_schema(void **state)
{
    database_run(*state, "DROP SCHEMA IF EXISTS qudra_sync CASCADE");
    pg_free(*state);
    return 0;
}

static int count_known(void)
{
    int n = 0;
    while (migrations[n].text)
        n++;
    return n;
}

static void migrate(struct pg *pg, int expected)
{
    int done = -1;
    assert_done(migrate_up(pg, &done, &err));
    assert_int_equal(done, expected);
}

static void test_the_schema_comes_up_once_and_a_second_time_does_nothing(void **state)
{
    assert_err(ERR_CONFIG, migrate_require(*state, &err));
    assert_non_null(strstr(err.hint, "qudra-sync migrate"));
    migrate(*state, count_known());
    assert_done(migrate_require(*state, &err));
    migrate(*state, 0);
    assert_int_equal(database_int(*state, "SELECT count(*) FROM qudra_sync.migration"),
                     count_known());
    assert_int_equal(database_int(*state, "SELECT count(*) FROM qudra_sync.job"), 0);
}

static void test_the_status_tells_what_is_applied_and_what_is_not(void **state)
{
    struct arena a;
    struct migrate_step *steps;
    size_t n;
    arena_init(&a, 0);
    assert_done(migrate_status(*state, &a, &steps, &n, &err));
    assert_int_equal(n, count_known());
    assert_false(steps[0].applied);
    assert_null(steps[0].applied_at);
    migrate(*state, count_known());
    database_run(*state, "INSERT INTO qudra_sync.migration VALUES (9999, '9999_later', 'x')");
    assert_done(migrate_status(*state, &a, &steps, &n, &err));
    assert_int_equal(n, count_known() + 1);
    assert_true(steps[0].applied);
    assert_string_equal(steps[0].name, migrations[0].name);
    assert_non_null(strstr(steps[0].applied_at, "Z"));
    assert_int_equal(steps[n - 1].version, 9999);
    arena_release(&a);
}

static void test_a_newer_schema_is_refused(void **state)
{
    int done;
    migrate(*state, count_known());
    database_run(*state, "INSERT INTO qudra_sync.migration VALUES (9999, '9999_later', 'x')");
    assert_err(ERR_CONFIG, migrate_up(*state, &done, &err));
    assert_non_null(strstr(err.message, "9999_later"));
    assert_err(ERR_CONFIG, migrate_require(*state, &err));
    assert_non_null(strstr(err.hint, "newer"));
}

static void test_a_migration_that_has_changed_is_refused(void **state)
{
    int done;
    migrate(*state, count_known());
    database_run(*state, "UPDATE qudra_sync.migration SET checksum = reverse(checksum)");
    assert_err(ERR_CONFIG, migrate_require(*state, &err));
    assert_non_null(strstr(err.message, "has changed"));
    assert_err(ERR_CONFIG, migrate_up(*state, &done, &err));
}

static void test_objects_without_a_record_are_explained(void **state)
{
    int done;
    database_run(*state, migrations[0].text);
    assert_err(ERR_CONFIG, migrate_up(*state, &done, &err));
    assert_non_null(strstr(err.message, migrations[0].name));
    assert_non_null(strstr(err.hint, "unrecorded"));
}

struct migrator {
    pthread_t thread;
    struct pg *pg;
    struct err err;
    int done;
    bool ok;
};

static void *run_migrator(void *arg)
{
    struct migrator *m = arg;
    m->ok = migrate_up(m->pg, &m->done, &m->err);
    return NULL;
}

static void start_migrator(struct migrator *m)
{
    *m = (struct migrator){.pg = database_open()};
    assert_int_equal(pthread_create(&m->thread, NULL, run_migrator, m), 0);
}

/* Until a backend of the database waits for a lock of this kind. */
static void await_waiting(struct pg *pg, const char *locktype)
{
    char sql[256];
    int64_t deadline = clock_mono_ms() + 5000;
    snprintf(sql, sizeof(sql),
             "SELECT count(*) FROM pg_catalog.pg_locks WHERE NOT granted AND locktype = '%s'",
             locktype);
    while (database_int(pg, sql) == 0)
        assert_true(clock_mono_ms() < deadline);
}

static void test_a_migration_that_is_killed_in_the_middle_leaves_nothing(void **state)
{
    struct migrator m;
    struct pg *blocker = database_open();
    database_run(
        blocker,
        "BEGIN; CREATE SCHEMA qudra_sync; CREATE TYPE qudra_sync.row_state AS ENUM ('other')");
    start_migrator(&m);
    await_waiting(*state, "transactionid");
    database_run(*state, "SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_locks"
                         " WHERE NOT granted AND locktype = 'transactionid'");
    pthread_join(m.thread, NULL);
    pg_rollback(blocker);
    assert_false(m.ok);
    assert_int_equal(m.err.kind, ERR_AWAY);
    assert_int_equal(m.done, 0);
    assert_int_equal(database_int(*state, "SELECT count(*) FROM pg_catalog.pg_namespace"
                                          " WHERE nspname = 'qudra_sync'"),
                     0);
    migrate(*state, count_known());
    pg_free(m.pg);
    pg_free(blocker);
}

static void test_a_second_migrator_waits_and_finds_the_work_done(void **state)
{
    struct migrator m;
    database_run(*state, "BEGIN");
    database_run(*state, sql_migrate_lock);
    start_migrator(&m);
    struct pg *other = database_open();
    await_waiting(other, "advisory");
    database_run(*state, migrations[0].text);
    database_run(*state, sql_migrate_create);
    database_run(*state, "INSERT INTO qudra_sync.migration VALUES (1, 'by another', 'x')");
    database_run(*state, "COMMIT");
    pthread_join(m.thread, NULL);
    assert_false(m.ok); /* it saw the other's record, whose checksum this test made up */
    assert_int_equal(m.err.kind, ERR_CONFIG);
    assert_non_null(strstr(m.err.message, "by another"));
    pg_free(m.pg);
    pg_free(other);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start_without_schema, drop_schema)
    const struct CMUnitTest tests[] = {
        TEST(test_the_schema_comes_up_once_and_a_second_time_does_nothing),
        TEST(test_the_status_tells_what_is_applied_and_what_is_not),
        TEST(test_a_newer_schema_is_refused),
        TEST(test_a_migration_that_has_changed_is_refused),
        TEST(test_objects_without_a_record_are_explained),
        TEST(test_a_migration_that_is_killed_in_the_middle_leaves_nothing),
        TEST(test_a_second_migrator_waits_and_finds_the_work_done),
    };
    return cmocka_run_group_tests_name("migrate", tests, NULL, NULL);
}
