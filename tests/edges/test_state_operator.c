/*
 * state: what an operator asks for, and what is kept from pass to pass, on a real server.
 */
#include "edges/state_fixture.h"

static void refuse(struct fixture *f, const char *key, const char *code)
{
    const struct outcome o = {.code = code, .message = "no", .match_ready = -1};
    const struct job_hash h = hash_of(1);
    struct sighting s = sighting_of(key, 1, 5);
    mark(f, &s);
    assert_true(journal(f, key, 1));
    record_as(f, key, OP_CREATE, OUTCOME_REFUSED, &h, &o);
}

static void test_retry_puts_back_what_it_names(void **state)
{
    struct fixture *f = *state;
    int64_t n;
    refuse(f, "a", "x");
    refuse(f, "b", "y");
    refuse(f, "c", "y");
    assert_done(state_retry(f->pg, &f->lease, "jobs", "a", "y", &n, &err));
    assert_int_equal(n, 0);
    assert_done(state_retry(f->pg, &f->lease, "other", NULL, NULL, &n, &err));
    assert_int_equal(n, 0);
    assert_done(state_retry(f->pg, &f->lease, NULL, NULL, "y", &n, &err));
    assert_int_equal(n, 2);
    assert_done(state_retry(f->pg, &f->lease, "jobs", "a", NULL, &n, &err));
    assert_int_equal(n, 1);
    assert_int_equal(row_of(f, "a").op, OP_CREATE);
    assert_int_equal(row_of(f, "a").attempts, 0);
}

static void test_a_refused_removal_is_retried_as_a_removal(void **state)
{
    struct fixture *f = *state;
    int64_t n;
    mirror(f, "a", 1, "job_1");
    gone(f, "a");
    assert_int_equal(remove_gone(f, false), 1);
    const struct outcome no = {.code = "x", .message = "no", .match_ready = -1};
    record_as(f, "a", OP_CLOSE, OUTCOME_REFUSED, NULL, &no);
    assert_int_equal(row_of(f, "a").state, ROW_REFUSED);
    assert_int_equal(remove_gone(f, false), 0);
    assert_done(state_retry(f->pg, &f->lease, NULL, NULL, NULL, &n, &err));
    assert_int_equal(row_of(f, "a").op, OP_CLOSE);
}

static void test_creates_are_deferred_and_come_back(void **state)
{
    struct fixture *f = *state;
    struct picked *rows;
    int64_t n;
    struct sighting s = sighting_of("a", 1, 5);
    mark(f, &s);
    mirror(f, "b", 1, "job_1");
    mark_update(f, "b", 2);
    assert_done(state_defer(f->pg, &f->lease, 10, &n, &err));
    assert_int_equal(n, 1);
    assert_int_equal(row_of(f, "a").state, ROW_DEFERRED);
    assert_int_equal(pick(f, true, &rows), 1);
    database_run(f->pg, "UPDATE qudra_sync.quota SET exceeded_at = now()");
    assert_done(state_undefer(f->pg, &f->lease, 10, &n, &err));
    assert_int_equal(n, 1);
    assert_int_equal(pick(f, true, &rows), 2);
    assert_int_equal(database_int(f->pg, "SELECT created FROM qudra_sync.quota"
                                         " WHERE account = 'acme' AND exceeded_at IS NULL"),
                     1);
}

static void test_trouble_is_new_once(void **state)
{
    struct fixture *f = *state;
    bool changed;
    assert_done(state_trouble(f->pg, &f->lease, NULL, &changed, &err));
    assert_false(changed);
    assert_done(state_trouble(f->pg, &f->lease, "key refused", &changed, &err));
    assert_true(changed);
    assert_done(state_trouble(f->pg, &f->lease, "key refused", &changed, &err));
    assert_false(changed);
    assert_done(state_trouble(f->pg, &f->lease, NULL, &changed, &err));
    assert_true(changed);
}

static void test_a_watermark_keeps_what_is_not_given(void **state)
{
    struct fixture *f = *state;
    struct watermark w;
    assert_done(state_watermark(f->pg, "jobs", &f->arena, &w, &err));
    assert_int_equal(w.scanned_ago_ms, -1);
    assert_null(w.fingerprint);
    const struct watermark first = {.changed_to = "2026-01-31T12:30:00.123456+03:00",
                                    .fingerprint = "f",
                                    .source = "s",
                                    .shape = 7};
    assert_done(state_set_watermark(f->pg, &f->lease, "jobs", &first, true, &err));
    const struct watermark then = {.changed_to = "2026-02-01T00:00:00Z"};
    assert_done(state_set_watermark(f->pg, &f->lease, "jobs", &then, false, &err));
    assert_done(state_watermark(f->pg, "jobs", &f->arena, &w, &err));
    assert_string_equal(w.changed_to, "2026-02-01T00:00:00.000000Z");
    assert_string_equal(w.fingerprint, "f");
    assert_string_equal(w.source, "s");
    assert_int_equal(w.shape, 7);
    assert_in_range(w.scanned_ago_ms, 0, 60000);
}

static void test_limits_and_runs_are_kept(void **state)
{
    struct fixture *f = *state;
    int64_t id;
    assert_done(state_limits(f->pg, &f->lease, "{\"limit\": 100}", &err));
    database_run(f->pg, "INSERT INTO qudra_sync.run (kind, started_at) "
                        "VALUES ('pass', now() - interval '31 days')");
    assert_done(state_run_begin(f->pg, "pass", NULL, "jobs", &id, &err));
    assert_done(state_run_end(f->pg, id, "converged", "{\"created\": 1}", NULL, &err));
    assert_done(state_run_end(f->pg, id, "converged", NULL, NULL, &err));
    assert_int_equal(database_int(f->pg, "SELECT count(*) FROM qudra_sync.run"), 1);
    assert_int_equal(database_int(f->pg, "SELECT count(*) FROM qudra_sync.run r, "
                                         "qudra_sync.account a WHERE r.ended_at IS NOT NULL AND "
                                         "a.limits = '{\"limit\": 100}'"),
                     1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STATE_TEST(test_retry_puts_back_what_it_names),
        STATE_TEST(test_a_refused_removal_is_retried_as_a_removal),
        STATE_TEST(test_creates_are_deferred_and_come_back),
        STATE_TEST(test_trouble_is_new_once),
        STATE_TEST(test_a_watermark_keeps_what_is_not_given),
        STATE_TEST(test_limits_and_runs_are_kept),
    };
    return cmocka_run_group_tests_name("state_operator", tests, NULL, NULL);
}
