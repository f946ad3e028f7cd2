/*
 * state: what settling and reconciling ask and learn, on a real server.
 */
#include "edges/state_fixture.h"

static void test_what_a_dead_agent_had_under_way_is_uncertain_and_settled(void **state)
{
    struct fixture *f = *state;
    struct open_attempt *open;
    size_t n;
    int64_t uncertain;
    const struct job_hash one = hash_of(1);
    mark_pending(f, "a", OP_CREATE, 1);
    mark_pending(f, "b", OP_CREATE, 1);
    assert_true(journal(f, "a", 1) && journal(f, "b", 1));
    assert_done(state_open_attempts(f->pg, "acme", 10, &f->arena, &open, &n, &err));
    assert_int_equal(n, 0);
    assert_done(state_recover(f->pg, &f->lease, &(bool){true}, 1, &uncertain, &err));
    assert_int_equal(uncertain, 2);
    assert_done(state_open_attempts(f->pg, "acme", 10, &f->arena, &open, &n, &err));
    assert_int_equal(n, 2);
    assert_string_equal(open[0].key, "a");
    assert_memory_equal(&open[0].payload, &one, sizeof one);
    assert_in_range(open[0].sent_ago_ms, 0, 60000);
    assert_in_range(open[0].uncertain_ago_ms, 0, 60000);
    const struct result not_applied = {.mapping = "jobs",
                                       .key = "a",
                                       .op = OP_CREATE,
                                       .verdict = {.state = ROW_PENDING, .op = OP_CREATE}};
    record(f, &not_applied);
    assert_int_equal(row_of(f, "a").op, OP_CREATE);
    const struct outcome o = created_as("job_1");
    record_as(f, "b", OP_CREATE, OUTCOME_DONE, &one, &o);
    assert_int_equal(row_of(f, "b").state, ROW_SYNCED);
    assert_int_equal(attempts_in_journal(f), 0);
    assert_true(journal(f, "a", 1));
}

static void test_each_of_many_is_recovered_for_itself(void **state)
{
    struct fixture *f = *state;
    struct lease other;
    assert_true(take_lease(f->pg, "najd", "us", &other));
    mirror(f, "a", 1, "job_1");
    mark_update(f, "a", 2);
    mark_pending(f, "b", OP_CREATE, 1);
    assert_true(journal(f, "b", 1));
    const struct lease leases[] = {other, f->lease};
    bool died[] = {true, false};
    int64_t uncertain[2];
    assert_done(state_recover(f->pg, leases, died, 2, uncertain, &err));
    assert_int_equal(uncertain[0], 0);
    assert_int_equal(uncertain[1], 1);
    assert_true(row_of(f, "a").has_synced);
    died[1] = true;
    assert_done(state_recover(f->pg, leases, died, 2, uncertain, &err));
    assert_int_equal(uncertain[1], 0);
    assert_false(row_of(f, "a").has_synced);
}

/* Who recovers for so long that it is taken for dead has done it for the next one. */
static void test_what_was_recovered_is_not_written_again(void **state)
{
    struct fixture *f = *state;
    int64_t n;
    mirror(f, "a", 1, "job_1");
    mark_update(f, "a", 2);
    assert_done(state_recover(f->pg, &f->lease, &(bool){true}, 1, &n, &err));
    int64_t written = database_int(f->pg, "SELECT xmin::text::bigint FROM qudra_sync.job");
    assert_done(state_recover(f->pg, &f->lease, &(bool){true}, 1, &n, &err));
    assert_int_equal(database_int(f->pg, "SELECT xmin::text::bigint FROM qudra_sync.job"), written);
}

static void test_jobs_are_told_by_the_row_that_has_them(void **state)
{
    struct fixture *f = *state;
    const char *ids[] = {"job_x", "job_1"};
    struct binding b[2];
    mirror(f, "a", 1, "job_1");
    assert_done(state_bindings(f->pg, "acme", ids, 2, &f->arena, b, &err));
    assert_null(b[0].mapping);
    assert_string_equal(b[1].mapping, "jobs");
    assert_string_equal(b[1].key, "a");
    assert_done(state_bindings(f->pg, "other", ids, 2, &f->arena, b, &err));
    assert_null(b[1].mapping);
}

static void test_a_refresh_writes_only_what_is_new(void **state)
{
    struct fixture *f = *state;
    int64_t waiting;
    struct outcome told[] = {created_as("job_1"), created_as("job_x")};
    mirror(f, "a", 1, "job_1");
    assert_done(state_waiting_embeddings(f->pg, "acme", 60000, &waiting, &err));
    assert_int_equal(waiting, 1);
    int64_t version = database_int(f->pg, "SELECT xmin::text::bigint FROM qudra_sync.job");
    told[0].qudra_url = NULL;
    told[0].match_ready = -1;
    assert_done(state_refresh(f->pg, &f->lease, told, 2, &err));
    assert_int_equal(database_int(f->pg, "SELECT xmin::text::bigint FROM qudra_sync.job"), version);
    told[0].embedding_status = "ready";
    told[0].match_ready = 1;
    assert_done(state_refresh(f->pg, &f->lease, told, 2, &err));
    assert_int_equal(database_int(f->pg,
                                  "SELECT count(*) FROM qudra_sync.job WHERE match_ready "
                                  "AND embedding_status = 'ready' AND qudra_url IS NOT NULL"),
                     1);
    assert_done(state_waiting_embeddings(f->pg, "acme", 60000, &waiting, &err));
    assert_int_equal(waiting, 0);
}

static void test_what_was_learned_of_fields_adds_up(void **state)
{
    struct fixture *f = *state;
    unsigned as_sent, changed;
    assert_done(state_learned(f->pg, "acme", &as_sent, &changed, &err));
    assert_int_equal(as_sent | changed, 0);
    assert_done(state_learn(f->pg, &f->lease, 1, 2, &err));
    assert_done(state_learn(f->pg, &f->lease, 4, 2, &err));
    assert_done(state_learned(f->pg, "acme", &as_sent, &changed, &err));
    assert_int_equal(as_sent, 5);
    assert_int_equal(changed, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STATE_TEST(test_what_a_dead_agent_had_under_way_is_uncertain_and_settled),
        STATE_TEST(test_each_of_many_is_recovered_for_itself),
        STATE_TEST(test_what_was_recovered_is_not_written_again),
        STATE_TEST(test_jobs_are_told_by_the_row_that_has_them),
        STATE_TEST(test_a_refresh_writes_only_what_is_new),
        STATE_TEST(test_what_was_learned_of_fields_adds_up),
    };
    return cmocka_run_group_tests_name("state_reconcile", tests, NULL, NULL);
}
