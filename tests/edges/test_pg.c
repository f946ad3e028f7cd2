/*
 * pg against a real server: values there and back, every way a wait can end, and what is said when
 * something is missing.
 */
#include "edges/database.h"

#include <math.h>
#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include "base/clock.h"

static struct err err;

static int open_database(void **state)
{
    *state = database_open();
    return 0;
}

static int close_database(void **state)
{
    pg_free(*state);
    return 0;
}

/* ---- values ------------------------------------------------------------------------------------
 */

static void test_scalars_of_every_type_come_back_as_sent(void **state)
{
    struct pg_params p;
    struct pg_result *r = NULL;
    unsigned char bytes[8] = {0};
    pg_params_init(&p);
    pg_add_str(&p, "it's \\ \"كاتب\"");
    pg_add_text(&p, (struct text){.data = "42 and more", .len = 2});
    pg_add_int(&p, INT64_MIN);
    pg_add_float(&p, 0.1);
    pg_add_bool(&p, true);
    pg_add_bytes(&p, "\0\xff\\x", 4);
    pg_add_time(&p, INT64_C(1769851800123));
    pg_add_str(&p, NULL);
    pg_add_text(&p, TEXT_NONE);
    pg_add_float(&p, -NAN);
    assert_done(pg_query(*state,
                         "SELECT $1::text, $2::int + 1, $3, $4, $5, $6,"
                         " extract(epoch FROM $7) * 1000, $8::text, $9::int, $10",
                         &p, &r, &err));
    assert_string_equal(pg_str(r, 0, 0), "it's \\ \"كاتب\"");
    assert_int_equal(pg_int(r, 0, 1, 0), 43);
    assert_true(pg_int(r, 0, 2, 0) == INT64_MIN);
    assert_true(pg_float(r, 0, 3, 0) == 0.1);
    assert_true(pg_bool(r, 0, 4));
    assert_int_equal(pg_bytes(r, 0, 5, bytes, sizeof(bytes)), 4);
    assert_memory_equal(bytes, "\0\xff\\x", 4);
    assert_string_equal(pg_str(r, 0, 6), "1769851800123.000000");
    assert_null(pg_str(r, 0, 7));
    assert_null(pg_text(r, 0, 8).data);
    assert_true(isnan(pg_float(r, 0, 9, 0)));
    pg_result_free(r);
    pg_params_release(&p);
}

struct columns {
    struct pg_array text, number, real, flag, bytes, time;
};

static void fill(struct columns *c)
{
    pg_array_init(&c->text, PG_TEXT);
    pg_array_init(&c->number, PG_INT8);
    pg_array_init(&c->real, PG_FLOAT8);
    pg_array_init(&c->flag, PG_BOOL);
    pg_array_init(&c->bytes, PG_BYTEA);
    pg_array_init(&c->time, PG_TIMESTAMPTZ_MS);
    pg_array_str(&c->text, "مهندس برمجيات {\"a\",NULL}");
    pg_array_str(&c->text, NULL);
    pg_array_text(&c->text, (struct text){.data = "", .len = 0});
    pg_array_int(&c->number, -7);
    pg_array_null(&c->number);
    pg_array_int(&c->number, INT64_MAX);
    pg_array_float(&c->real, 1e300);
    pg_array_float(&c->real, -0.25);
    pg_array_null(&c->real);
    pg_array_bool(&c->flag, true);
    pg_array_bool(&c->flag, false);
    pg_array_null(&c->flag);
    pg_array_bytes(&c->bytes, "\0\1\2", 3);
    pg_array_bytes(&c->bytes, NULL, 0);
    pg_array_bytes(&c->bytes, "", 0);
    pg_array_time(&c->time, 0);
    pg_array_time(&c->time, INT64_C(1769851800123));
    pg_array_null(&c->time);
}

static void release(struct columns *c)
{
    pg_array_release(&c->text);
    pg_array_release(&c->number);
    pg_array_release(&c->real);
    pg_array_release(&c->flag);
    pg_array_release(&c->bytes);
    pg_array_release(&c->time);
}

static void assert_row(const struct pg_result *r, size_t row, const char *const want[6])
{
    for (size_t i = 0; i < 6; i++) {
        if (want[i])
            assert_string_equal(pg_str(r, row, i), want[i]);
        else
            assert_null(pg_str(r, row, i));
    }
}

static void test_arrays_of_every_type_keep_nulls_and_arabic(void **state)
{
    struct pg_params p;
    struct pg_result *r = NULL;
    struct columns c;
    fill(&c);
    pg_params_init(&p);
    pg_add_array(&p, &c.text);
    pg_add_array(&p, &c.number);
    pg_add_array(&p, &c.real);
    pg_add_array(&p, &c.flag);
    pg_add_array(&p, &c.bytes);
    pg_add_array(&p, &c.time);
    assert_done(pg_query(*state, "SELECT * FROM unnest($1, $2, $3, $4, $5, $6)", &p, &r, &err));
    assert_int_equal(pg_rows(r), 3);
    assert_int_equal(pg_columns(r), 6);
    assert_row(r, 0,
               (const char *[]){"مهندس برمجيات {\"a\",NULL}", "-7", "1e+300", "t", "\\x000102",
                                "1970-01-01 00:00:00+00"});
    assert_row(r, 1,
               (const char *[]){NULL, NULL, "-0.25", "f", NULL, "2026-01-31 09:30:00.123+00"});
    assert_row(r, 2, (const char *[]){"", "9223372036854775807", NULL, NULL, "\\x", NULL});
    pg_result_free(r);
    pg_params_release(&p);
    release(&c);
}

static void test_an_array_may_be_empty_and_is_empty_again_when_cleared(void **state)
{
    struct pg_params p;
    struct pg_result *r = NULL;
    struct pg_array a;
    pg_array_init(&a, PG_TEXT);
    pg_array_str(&a, NULL);
    pg_array_clear(&a);
    pg_params_init(&p);
    pg_add_array(&p, &a);
    assert_done(
        pg_query(*state, "SELECT cardinality($1), array_position($1, NULL) IS NULL", &p, &r, &err));
    assert_int_equal(pg_int(r, 0, 0, -1), 0);
    assert_true(pg_bool(r, 0, 1));
    pg_result_free(r);
    pg_params_release(&p);
    pg_array_release(&a);
}

static void test_parameters_larger_than_any_socket_buffer_arrive(void **state)
{
    struct pg_params p;
    struct pg_result *r = NULL;
    struct pg_array a;
    char kilobyte[1024];
    memset(kilobyte, 'x', sizeof(kilobyte));
    pg_array_init(&a, PG_TEXT);
    for (int i = 0; i < 8 * 1024; i++)
        pg_array_text(&a, (struct text){.data = kilobyte, .len = sizeof(kilobyte)});
    pg_params_init(&p);
    pg_add_array(&p, &a);
    assert_done(pg_query(*state, "SELECT sum(length(t)) FROM unnest($1) t", &p, &r, &err));
    assert_int_equal(pg_int(r, 0, 0, 0), 8 * 1024 * 1024);
    pg_result_free(r);
    pg_params_release(&p);
    pg_array_release(&a);
}

/* ---- the session -------------------------------------------------------------------------------
 */

static void assert_setting(struct pg *pg, const char *name, const char *want)
{
    struct pg_params p;
    struct pg_result *r = NULL;
    pg_params_init(&p);
    pg_add_str(&p, name);
    assert_done(pg_query(pg, "SELECT pg_catalog.current_setting($1)", &p, &r, &err));
    assert_string_equal(pg_str(r, 0, 0), want);
    pg_result_free(r);
    pg_params_release(&p);
}

static void test_the_session_has_its_settings_from_the_first_statement(void **state)
{
    (void)state;
    struct pg_options o = database_options();
    o.time_zone = "Asia/Riyadh";
    struct pg *pg = database_open_with(&o);
    assert_setting(pg, "search_path", "");
    assert_setting(pg, "statement_timeout", "20s");
    assert_setting(pg, "jit", "off");
    assert_setting(pg, "TimeZone", "Asia/Riyadh");
    assert_setting(pg, "client_encoding", "UTF8");
    assert_setting(pg, "application_name", "qudra-sync test");
    pg_free(pg);
    o.own_search_path = true;
    pg = database_open_with(&o);
    assert_setting(pg, "search_path", "\"$user\", public");
    pg_free(pg);
}

static void test_a_read_only_connection_writes_nothing(void **state)
{
    (void)state;
    struct pg_options o = database_options();
    o.read_only = true;
    struct pg *pg = database_open_with(&o);
    assert_err(ERR_AWAY, pg_script(pg, "CREATE TABLE public.never (a int)", &err));
    assert_string_equal(err.sqlstate, "25006");
    assert_true(pg_alive(pg));
    pg_free(pg);
}

static void test_a_commit_of_a_failed_transaction_is_no_commit(void **state)
{
    struct pg *pg = *state;
    assert_done(pg_begin(pg, &err));
    assert_err(ERR_INTERNAL, pg_script(pg, "SELECT 1 / 0", &err));
    assert_err(ERR_INTERNAL, pg_commit(pg, &err));
    assert_done(pg_begin(pg, &err));
    pg_rollback(pg);
    pg_rollback(pg);
    assert_int_equal(database_int(pg, "SELECT 1"), 1);
}

/* ---- waits that end early ----------------------------------------------------------------------
 */

struct later {
    pthread_t thread;
    int fd[2];
};

static void *write_later(void *arg)
{
    struct later *l = arg;
    poll(NULL, 0, 200);
    assert_int_equal(write(l->fd[1], "x", 1), 1);
    return NULL;
}

static void test_a_stop_cancels_the_statement_and_leaves_the_connection_usable(void **state)
{
    (void)state;
    struct later l;
    struct pg_options o = database_options();
    char byte;
    assert_int_equal(pipe(l.fd), 0);
    o.stop_fd = l.fd[0];
    struct pg *pg = database_open_with(&o);
    assert_int_equal(pthread_create(&l.thread, NULL, write_later, &l), 0);
    int64_t start = clock_mono_ms();
    assert_err(ERR_STOPPED, pg_script(pg, "BEGIN; SELECT pg_catalog.pg_sleep(15)", &err));
    assert_true(clock_mono_ms() - start < 5000);
    pthread_join(l.thread, NULL);
    assert_true(pg_alive(pg));
    pg_rollback(pg); /* though the stop still stands */
    assert_int_equal(read(l.fd[0], &byte, 1), 1);
    assert_int_equal(database_int(pg, "SELECT 1"), 1);
    pg_free(pg);
    close(l.fd[0]);
    close(l.fd[1]);
}

static void test_a_statement_that_takes_too_long_is_away(void **state)
{
    (void)state;
    struct pg_options o = database_options();
    o.statement_timeout_ms = 100;
    struct pg *pg = database_open_with(&o);
    assert_err(ERR_AWAY, pg_query(pg, "SELECT pg_catalog.pg_sleep(15)", NULL, NULL, &err));
    assert_string_equal(err.sqlstate, "57014");
    assert_non_null(strstr(err.hint, "statement_timeout"));
    assert_int_equal(database_int(pg, "SELECT 1"), 1);
    pg_free(pg);
}

static void test_a_statement_that_the_server_lets_run_is_ended_from_here(void **state)
{
    (void)state;
    struct pg_options o = database_options();
    o.statement_timeout_ms = 100;
    struct pg *pg = database_open_with(&o);
    database_run(pg, "SET statement_timeout = 0");
    assert_err(ERR_AWAY, pg_query(pg, "SELECT pg_catalog.pg_sleep(15)", NULL, NULL, &err));
    assert_non_null(strstr(err.message, "no answer within"));
    assert_int_equal(database_int(pg, "SELECT 1"), 1);
    pg_free(pg);
}

static void test_a_terminated_backend_is_away_and_comes_back_by_reconnect(void **state)
{
    struct pg *pg = database_open();
    char sql[128];
    snprintf(sql, sizeof(sql), "SELECT pg_catalog.pg_terminate_backend(%lld)",
             (long long)database_int(pg, "SELECT pg_catalog.pg_backend_pid()"));
    database_run(*state, sql);
    assert_err(ERR_AWAY, pg_query(pg, "SELECT 1", NULL, NULL, &err));
    assert_false(pg_alive(pg));
    assert_err(ERR_AWAY, pg_query(pg, "SELECT 1", NULL, NULL, &err));
    assert_err(ERR_AWAY, pg_begin(pg, &err));
    pg_rollback(pg);
    assert_done(pg_reconnect(pg, &err));
    assert_int_equal(database_int(pg, "SELECT 1"), 1);
    pg_free(pg);
}

static void test_what_was_sent_can_be_received_or_given_up(void **state)
{
    struct pg *pg = *state;
    struct pg_result *r = NULL;
    assert_done(pg_send(pg, "SELECT 5", NULL, &err));
    assert_true(pg_is_sending(pg));
    assert_done(pg_receive(pg, &r, &err));
    assert_false(pg_is_sending(pg));
    assert_int_equal(pg_int(r, 0, 0, 0), 5);
    pg_result_free(r);
    int64_t start = clock_mono_ms();
    assert_done(pg_send(pg, "SELECT pg_catalog.pg_sleep(15)", NULL, &err));
    pg_give_up(pg);
    assert_false(pg_is_sending(pg));
    assert_true(clock_mono_ms() - start < 5000);
    /* A server passes over a cancel that overtakes its statement: then the connection was closed.
     */
    if (!pg_alive(pg))
        assert_done(pg_reconnect(pg, &err));
    assert_int_equal(database_int(pg, "SELECT 1"), 1);
}

/* ---- what is said ------------------------------------------------------------------------------
 */

static void test_missing_objects_are_configuration_with_their_place(void **state)
{
    assert_err(ERR_CONFIG, pg_query(*state, "SELECT 1 FROM public.no_such", NULL, NULL, &err));
    assert_string_equal(err.sqlstate, "42P01");
    assert_int_equal(err.sql_position, 15);
    assert_non_null(strstr(err.message, "relation \"public.no_such\" does not exist"));
    assert_non_null(strstr(err.hint, "schema"));
    assert_err(ERR_CONFIG,
               pg_query(*state, "SELECT relnam FROM pg_catalog.pg_class", NULL, NULL, &err));
    assert_string_equal(err.sqlstate, "42703");
    assert_non_null(strstr(err.hint, "relname"));
}

static void test_a_missing_right_names_the_grant(void **state)
{
    struct pg *pg = *state;
    database_run(pg, "DROP TABLE IF EXISTS public.pg_secret; CREATE TABLE public.pg_secret (a int);"
                     "DROP ROLE IF EXISTS qs_pg_nobody; CREATE ROLE qs_pg_nobody;"
                     "SET ROLE qs_pg_nobody");
    assert_err(ERR_CONFIG, pg_query(pg, "TABLE public.pg_secret", NULL, NULL, &err));
    assert_string_equal(err.sqlstate, "42501");
    assert_non_null(strstr(err.hint, "GRANT SELECT, INSERT, UPDATE, DELETE ON pg_secret TO "));
    database_run(pg, "RESET ROLE; DROP TABLE public.pg_secret; DROP ROLE qs_pg_nobody");
}

static void refuse(const char *url, enum err_kind kind, const char *message)
{
    struct pg_options o = database_options();
    struct pg *pg = NULL;
    o.url = url;
    assert_err(kind, pg_connect(&pg, &o, &err));
    if (!strstr(err.message, message))
        fail_msg("\"%s\" is not in \"%s\"", message, err.message);
    assert_null(strstr(err.message, "hemmelig"));
    assert_null(strstr(err.hint, "hemmelig"));
    assert_true(err.hint[0]);
}

static void test_no_way_of_failing_to_connect_tells_the_password(void **state)
{
    (void)state;
    refuse("postgresql://u:hemmelig@127.0.0.1:9/ats", ERR_AWAY, "Connection refused");
    refuse("postgresql://u:hemmelig@/ats?host=/no/such/place", ERR_AWAY, "No such file");
    refuse("postgresql://u:a@hemmelig@127.0.0.1:9/ats", ERR_CONFIG, "cannot be read");
    refuse("postgresql://u:hemmelig/b@127.0.0.1:9/ats", ERR_CONFIG, "cannot be read");
    refuse("postgresql://u:1/hemmelig@127.0.0.1:9/ats", ERR_CONFIG, "cannot be read");
    refuse("postgres:/u:hemmelig@127.0.0.1", ERR_CONFIG, "cannot be read");
}

static void test_a_database_that_is_not_there_is_configuration(void **state)
{
    struct pg_options o = database_options();
    struct pg *pg = NULL;
    char url[512];
    const char *cut = strchr(o.url, '?');
    (void)state;
    assert_true(strncmp(o.url, "postgresql:///", 14) == 0);
    snprintf(url, sizeof(url), "postgresql:///no_such_database%s", cut ? cut : "");
    o.url = url;
    assert_err(ERR_CONFIG, pg_connect(&pg, &o, &err));
    assert_string_equal(err.sqlstate, "3D000");
    assert_non_null(strstr(err.message, "database \"no_such_database\" does not exist"));
    assert_null(strstr(err.message, "3D000"));
    o = database_options();
    o.time_zone = "Asia/Ryadh";
    assert_err(ERR_CONFIG, pg_connect(&pg, &o, &err));
    assert_non_null(strstr(err.message, "Asia/Ryadh"));
}

/* ---- notifications -----------------------------------------------------------------------------
 */

static void test_a_notification_wakes_the_listener_and_a_dead_connection_is_told(void **state)
{
    struct pg *pg = database_open();
    char sql[128];
    assert_done(pg_listen(pg, "qudra \"sync", &err));
    assert_false(pg_notified(pg, &err));
    assert_int_equal(err.kind, ERR_NONE);
    database_run(*state, "SELECT pg_catalog.pg_notify('qudra \"sync', '')");
    struct pollfd fd = {.fd = pg_fd(pg), .events = POLLIN};
    assert_int_equal(poll(&fd, 1, 5000), 1);
    assert_true(pg_notified(pg, &err));
    assert_false(pg_notified(pg, &err));
    snprintf(sql, sizeof(sql), "SELECT pg_catalog.pg_terminate_backend(%lld)",
             (long long)database_int(pg, "SELECT pg_catalog.pg_backend_pid()"));
    database_run(*state, sql);
    do
        assert_int_equal(poll(&fd, 1, 5000), 1);
    while (!pg_notified(pg, &err) && err.kind == ERR_NONE);
    assert_int_equal(err.kind, ERR_AWAY);
    pg_free(pg);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_database, close_database)
    const struct CMUnitTest tests[] = {
        TEST(test_scalars_of_every_type_come_back_as_sent),
        TEST(test_arrays_of_every_type_keep_nulls_and_arabic),
        TEST(test_an_array_may_be_empty_and_is_empty_again_when_cleared),
        TEST(test_parameters_larger_than_any_socket_buffer_arrive),
        TEST(test_the_session_has_its_settings_from_the_first_statement),
        TEST(test_a_read_only_connection_writes_nothing),
        TEST(test_a_commit_of_a_failed_transaction_is_no_commit),
        TEST(test_a_stop_cancels_the_statement_and_leaves_the_connection_usable),
        TEST(test_a_statement_that_takes_too_long_is_away),
        TEST(test_a_statement_that_the_server_lets_run_is_ended_from_here),
        TEST(test_a_terminated_backend_is_away_and_comes_back_by_reconnect),
        TEST(test_what_was_sent_can_be_received_or_given_up),
        TEST(test_missing_objects_are_configuration_with_their_place),
        TEST(test_a_missing_right_names_the_grant),
        TEST(test_no_way_of_failing_to_connect_tells_the_password),
        TEST(test_a_database_that_is_not_there_is_configuration),
        TEST(test_a_notification_wakes_the_listener_and_a_dead_connection_is_told),
    };
    return cmocka_run_group_tests_name("pg", tests, NULL, NULL);
}
