/* state: the queue's order and the journal, on a real server. */
#include "edges/state_fixture.h"

/* ---- the queue ------------------------------------------------------------------------------- */

static void test_the_queue_is_close_delete_update_then_creates_by_priority(void **state)
{
    struct fixture *f = *state;
    static const char *const order[] = {"close",    "delete",   "update-1", "update-2",
                                        "create-1", "create-2", "create-x"};
    struct picked *rows;
    mark_pending(f, "create-x", OP_CREATE, (double)NAN);
    mark_pending(f, "create-2", OP_CREATE, 2);
    mark_pending(f, "create-1", OP_CREATE, -1);
    mark_pending(f, "update-2", OP_UPDATE, 9);
    mark_pending(f, "update-1", OP_UPDATE, 8);
    mark_pending(f, "delete", OP_DELETE, 7);
    mark_pending(f, "close", OP_CLOSE, 99);
    assert_int_equal(pick(f, true, &rows), ARRAY_LEN(order));
    for (size_t i = 0; i < ARRAY_LEN(order); i++)
        assert_string_equal(rows[i].key, order[i]);
    assert_int_equal(rows[0].op, OP_CLOSE);
    assert_string_equal(rows[0].mapping, "jobs");
    assert_in_range(rows[0].changed_ago_ms, 0, 60000);
    assert_int_equal(pick(f, false, &rows), 4);
}

static void next_attempt(struct fixture *f, bool creates, int64_t low, int64_t high)
{
    int64_t in_ms;
    const struct queue q = fixture_queue(creates);
    assert_done(state_next_attempt_ms(f->pg, &q, &in_ms, &err));
    if (in_ms < low || in_ms > high)
        fail_msg("in %lld ms", (long long)in_ms);
}

static void test_a_row_is_picked_when_its_time_has_come_and_not_while_it_is_gone(void **state)
{
    struct fixture *f = *state;
    struct picked *rows;
    next_attempt(f, true, -1, -1);
    mark_pending(f, "a", OP_CREATE, 1);
    next_attempt(f, true, 0, 0);
    next_attempt(f, false, -1, -1);
    database_run(f->pg, "UPDATE qudra_sync.job SET next_attempt_at = now() + interval '5 s'");
    assert_int_equal(pick(f, true, &rows), 0);
    next_attempt(f, true, 4000, 5001);
    mark_pending(f, "b", OP_CREATE, 1);
    gone(f, "b");
    assert_int_equal(pick(f, true, &rows), 0);
    next_attempt(f, true, 4000, 5001);
    mirror(f, "c", 1, "job_1");
    gone(f, "c");
    assert_int_equal(remove_gone(f, false), 1);
    assert_int_equal(pick(f, true, &rows), 1);
    assert_string_equal(rows[0].key, "c");
    assert_true(rows[0].recorded.gone);
}

/* ---- the journal ----------------------------------------------------------------------------- */

static void test_only_pending_rows_without_a_job_are_journalled(void **state)
{
    struct fixture *f = *state;
    mark_pending(f, "a", OP_CREATE, 1);
    mirror(f, "b", 1, "job_1");
    mark_update(f, "b", 2);
    assert_true(journal(f, "a", 3));
    assert_false(journal(f, "a", 3));
    assert_false(journal(f, "b", 3));
    assert_false(journal(f, "nowhere", 3));
    struct recorded r = row_of(f, "a");
    const struct job_hash h = hash_of(3);
    assert_int_equal(r.state, ROW_SENDING);
    assert_memory_equal(r.desired_all, h.all, sizeof h.all);
    assert_int_equal(database_int(f->pg, "SELECT count(*) FROM qudra_sync.create_attempt"), 1);
}

static void test_a_row_with_an_unsettled_attempt_is_not_journalled_again(void **state)
{
    struct fixture *f = *state;
    mark_pending(f, "a", OP_CREATE, 1);
    assert_true(journal(f, "a", 1));
    database_run(f->pg, "UPDATE qudra_sync.job SET state = 'pending', operation = 'create'");
    assert_false(journal(f, "a", 1));
    int64_t n;
    assert_done(state_recover(f->pg, &f->lease, &(bool){false}, 1, &n, &err));
    assert_int_equal(row_of(f, "a").state, ROW_UNCERTAIN);
}

static void test_a_row_that_wants_something_else_since_it_was_picked_is_not_journalled(void **state)
{
    struct fixture *f = *state;
    mark_pending(f, "a", OP_CREATE, 1);
    const struct job_hash picked = hash_of(1);
    const struct attempt stale = {.mapping = "jobs",
                                  .key = "a",
                                  .idempotency_key = "k",
                                  .payload = picked,
                                  .wanted = picked.all};
    struct sighting edited = sighting_of("a", 2, 1);
    bool taken;
    mark(f, &edited);
    assert_done(state_journal(f->pg, &f->lease, &stale, 1, &taken, &err));
    assert_false(taken);
    assert_int_equal(row_of(f, "a").state, ROW_PENDING);
    assert_true(journal(f, "a", 2));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STATE_TEST(test_the_queue_is_close_delete_update_then_creates_by_priority),
        STATE_TEST(test_a_row_is_picked_when_its_time_has_come_and_not_while_it_is_gone),
        STATE_TEST(test_only_pending_rows_without_a_job_are_journalled),
        STATE_TEST(test_a_row_with_an_unsettled_attempt_is_not_journalled_again),
        STATE_TEST(test_a_row_that_wants_something_else_since_it_was_picked_is_not_journalled),
    };
    return cmocka_run_group_tests_name("state_queue", tests, NULL, NULL);
}
