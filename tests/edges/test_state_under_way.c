/* state: rows that change while their request is under way, on a real server. */
#include "edges/state_fixture.h"

static void test_a_row_edited_while_its_update_flies_is_updated_again(void **state)
{
    struct fixture *f = *state;
    const struct job_hash two = hash_of(2), three = hash_of(3);
    mirror(f, "a", 1, "job_1");
    mark_update(f, "a", 2);
    mark_update(f, "a", 3);
    record_as(f, "a", OP_UPDATE, OUTCOME_DONE, &two, NULL);
    struct recorded r = row_of(f, "a");
    assert_int_equal(r.state, ROW_PENDING);
    assert_int_equal(r.op, OP_UPDATE);
    assert_memory_equal(&r.synced, &two, sizeof two);
    record_as(f, "a", OP_UPDATE, OUTCOME_DONE, &three, NULL);
    record_as(f, "a", OP_UPDATE, OUTCOME_DONE, &three, NULL);
    assert_int_equal(row_of(f, "a").state, ROW_SYNCED);
}

static void test_a_refusal_of_what_is_no_longer_wanted_does_not_stick(void **state)
{
    struct fixture *f = *state;
    const struct job_hash two = hash_of(2);
    mirror(f, "a", 1, "job_1");
    mark_update(f, "a", 2);
    mark_update(f, "a", 3);
    record_as(f, "a", OP_UPDATE, OUTCOME_REFUSED, &two, NULL);
    assert_int_equal(row_of(f, "a").state, ROW_PENDING);
    record_as(f, "a", OP_UPDATE, OUTCOME_REFUSED, &two, NULL);
    assert_int_equal(row_of(f, "a").state, ROW_REFUSED);
}

static void test_a_row_edited_while_its_create_flies_is_updated_after_it(void **state)
{
    struct fixture *f = *state;
    const struct job_hash one = hash_of(1);
    const struct outcome o = created_as("job_1");
    mark_pending(f, "a", OP_CREATE, 1);
    assert_true(journal(f, "a", 1));
    struct sighting s = sighting_of("a", 2, 1);
    s.mark = ROW_STATES;
    mark(f, &s);
    record_as(f, "a", OP_CREATE, OUTCOME_DONE, &one, &o);
    struct recorded r = row_of(f, "a");
    assert_int_equal(r.state, ROW_PENDING);
    assert_int_equal(r.op, OP_UPDATE);
    assert_string_equal(r.job_id, "job_1");
    assert_int_equal(attempts_in_journal(f), 0);
}

static void test_a_row_let_go_while_its_update_flies_is_still_closed(void **state)
{
    struct fixture *f = *state;
    const struct job_hash two = hash_of(2);
    mirror(f, "a", 1, "job_1");
    mark_update(f, "a", 2);
    gone(f, "a");
    assert_int_equal(remove_gone(f, false), 1);
    record_as(f, "a", OP_UPDATE, OUTCOME_DONE, &two, NULL);
    assert_int_equal(row_of(f, "a").state, ROW_PENDING);
    assert_int_equal(row_of(f, "a").op, OP_CLOSE);
    assert_false(row_of(f, "a").has_desired);
}

static void test_a_row_that_push_finds_there_again_is_not_closed(void **state)
{
    struct fixture *f = *state;
    const struct job_hash one = hash_of(1);
    let_go(f, "a", 1, "job_1");
    database_run(f->pg, "UPDATE qudra_sync.job SET gone_at = now() - interval '1 hour'");
    const struct result r = {.mapping = "jobs",
                             .key = "a",
                             .op = OP_NONE,
                             .sent = &one,
                             .verdict = {.state = ROW_SYNCED, .op = OP_NONE, .synced = true}};
    record(f, &r);
    assert_int_equal(row_of(f, "a").state, ROW_SYNCED);
    assert_false(row_of(f, "a").gone);
}

static void test_a_row_that_came_back_while_its_close_flies_is_opened_again(void **state)
{
    struct fixture *f = *state;
    let_go(f, "a", 1, "job_1");
    mark_update(f, "a", 1);
    record_as(f, "a", OP_CLOSE, OUTCOME_DONE, NULL, NULL);
    struct recorded r = row_of(f, "a");
    assert_int_equal(r.state, ROW_PENDING);
    assert_int_equal(r.op, OP_UPDATE);
    assert_string_equal(r.job_status, "closed");
    let_go(f, "b", 2, "job_2");
    mark_update(f, "b", 2);
    record_as(f, "b", OP_DELETE, OUTCOME_DONE, NULL, NULL);
    assert_int_equal(row_of(f, "b").op, OP_CREATE);
}

static void test_a_row_gone_while_its_create_flies_is_removed_after_it(void **state)
{
    struct fixture *f = *state;
    const struct job_hash one = hash_of(1);
    const struct outcome o = created_as("job_1");
    mark_pending(f, "a", OP_CREATE, 1);
    assert_true(journal(f, "a", 1));
    gone(f, "a");
    record_as(f, "a", OP_CREATE, OUTCOME_DONE, &one, &o);
    assert_true(row_of(f, "a").gone);
    assert_int_equal(remove_gone(f, false), 1);
    assert_int_equal(row_of(f, "a").op, OP_CLOSE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STATE_TEST(test_a_row_edited_while_its_update_flies_is_updated_again),
        STATE_TEST(test_a_refusal_of_what_is_no_longer_wanted_does_not_stick),
        STATE_TEST(test_a_row_edited_while_its_create_flies_is_updated_after_it),
        STATE_TEST(test_a_row_let_go_while_its_update_flies_is_still_closed),
        STATE_TEST(test_a_row_that_push_finds_there_again_is_not_closed),
        STATE_TEST(test_a_row_that_came_back_while_its_close_flies_is_opened_again),
        STATE_TEST(test_a_row_gone_while_its_create_flies_is_removed_after_it),
    };
    return cmocka_run_group_tests_name("state_under_way", tests, NULL, NULL);
}
