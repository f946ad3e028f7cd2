/*
 * state: the queue's order, the journal, every verdict recorded, and rows that change while their
 * request is under way, on a real server.
 */
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
    assert_done(state_recover(f->pg, &f->lease, false, &n, &err));
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

/* ---- verdicts -------------------------------------------------------------------------------- */

static void test_a_create_that_is_done_is_bound_counted_and_out_of_the_journal(void **state)
{
    struct fixture *f = *state;
    mirror(f, "a", 1, "job_1");
    struct recorded r = row_of(f, "a");
    const struct job_hash h = hash_of(1);
    assert_int_equal(r.state, ROW_SYNCED);
    assert_string_equal(r.job_id, "job_1");
    assert_memory_equal(&r.synced, &h, sizeof h);
    assert_int_equal(attempts_in_journal(f), 0);
    assert_int_equal(database_int(f->pg, "SELECT created FROM qudra_sync.quota"
                                         " WHERE account = 'acme' AND exceeded_at IS NULL"),
                     1);
    assert_int_equal(
        database_int(f->pg, "SELECT count(*) FROM qudra_sync.job WHERE qudra_url = "
                            "'https://example.test/j' AND embedding_status = 'processing' AND NOT "
                            "match_ready AND synced_at IS NOT NULL AND answered_fields IS NULL"),
        1);
}

/* As settling records a job that fits but for its texts: the row's own, and to be written anew. */
static void test_a_create_that_is_bound_but_not_confirmed_counts_against_the_quota(void **state)
{
    struct fixture *f = *state;
    const struct job_hash sent = hash_of(1);
    const struct outcome o = created_as("job_1");
    mark_pending(f, "a", OP_CREATE, 1);
    assert_true(journal(f, "a", 1));
    const struct result r = {.mapping = "jobs",
                             .key = "a",
                             .op = OP_CREATE,
                             .sent = &sent,
                             .verdict = {.state = ROW_PENDING, .op = OP_UPDATE},
                             .outcome = &o};
    record(f, &r);
    assert_string_equal(row_of(f, "a").job_id, "job_1");
    assert_int_equal(database_int(f->pg, "SELECT created FROM qudra_sync.quota"), 1);
    record_as(f, "a", OP_UPDATE, OUTCOME_DONE, &sent, &o);
    assert_int_equal(database_int(f->pg, "SELECT created FROM qudra_sync.quota"), 1);
}

static void test_what_was_answered_is_kept_where_it_differs_from_what_was_sent(void **state)
{
    struct fixture *f = *state;
    const struct job_hash sent = hash_of(2);
    const struct outcome o = created_as("job_1");
    mirror(f, "a", 1, "job_1");
    struct result r = {.mapping = "jobs",
                       .key = "a",
                       .op = OP_UPDATE,
                       .sent = &sent,
                       .verdict = {.state = ROW_SYNCED, .op = OP_NONE, .synced = true},
                       .outcome = &o,
                       .answered = hash_of(3),
                       .has_answered = true};
    const char *kept = "SELECT octet_length(answered_fields) FROM qudra_sync.job";
    record(f, &r);
    assert_int_equal(database_int(f->pg, kept), 48);
    r.op = OP_NONE;
    r.has_answered = false;
    record(f, &r);
    assert_int_equal(database_int(f->pg, kept), 48);
    r.op = OP_UPDATE;
    r.answered = sent;
    r.has_answered = true;
    record(f, &r);
    assert_int_equal(database_int(f->pg, kept), -1);
}

static void test_every_outcome_of_a_create_is_recorded(void **state)
{
    static const struct {
        enum outcome_kind kind;
        enum row_state state;
        enum op_kind op;
        int64_t journal;
        int attempts;
    } cases[] = {
        {OUTCOME_RETRY, ROW_PENDING, OP_CREATE, 0, 1},
        {OUTCOME_LIMITED, ROW_PENDING, OP_CREATE, 0, 0},
        {OUTCOME_UNCERTAIN, ROW_UNCERTAIN, OP_NONE, 1, 1},
        {OUTCOME_REFUSED, ROW_REFUSED, OP_CREATE, 0, 1},
        {OUTCOME_QUOTA, ROW_DEFERRED, OP_CREATE, 0, 0},
        {OUTCOME_STOP, ROW_PENDING, OP_CREATE, 0, 0},
    };
    struct fixture *f = *state;
    const struct job_hash h = hash_of(1);
    const struct outcome o = {
        .code = "c", .message = "m", .message_ar = "م", .request_id = "req_1", .match_ready = -1};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        mark_pending(f, "a", OP_CREATE, 1);
        assert_true(journal(f, "a", 1));
        record_as(f, "a", OP_CREATE, cases[i].kind, &h, &o);
        struct recorded r = row_of(f, "a");
        assert_int_equal(r.state, cases[i].state);
        assert_int_equal(r.op, cases[i].op);
        assert_int_equal(r.attempts, cases[i].attempts);
        assert_null(r.job_id);
        assert_int_equal(attempts_in_journal(f), cases[i].journal);
        assert_int_equal(database_int(f->pg,
                                      "SELECT count(*) FROM qudra_sync.job WHERE error_code = 'c' "
                                      "AND error_message = 'm' AND error_message_ar = 'م' AND "
                                      "request_id = 'req_1'"),
                         1);
        database_run(f->pg, "DELETE FROM qudra_sync.create_attempt; DELETE FROM qudra_sync.job");
    }
    assert_int_equal(database_int(f->pg, "SELECT created FROM qudra_sync.quota "
                                         "WHERE exceeded_at IS NOT NULL"),
                     0);
}

static void test_every_outcome_of_an_update_is_recorded(void **state)
{
    static const struct {
        enum outcome_kind kind;
        enum row_state state;
        enum op_kind op;
        bool synced, job;
    } cases[] = {
        {OUTCOME_DONE, ROW_SYNCED, OP_NONE, true, true},
        {OUTCOME_RETRY, ROW_PENDING, OP_UPDATE, false, true},
        {OUTCOME_LIMITED, ROW_PENDING, OP_UPDATE, true, true},
        {OUTCOME_UNCERTAIN, ROW_PENDING, OP_UPDATE, false, true},
        {OUTCOME_REFUSED, ROW_REFUSED, OP_UPDATE, true, true},
        {OUTCOME_GONE, ROW_PENDING, OP_CREATE, false, false},
    };
    struct fixture *f = *state;
    const struct job_hash h = hash_of(2);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        mirror(f, "a", 1, "job_1");
        mark_update(f, "a", 2);
        record_as(f, "a", OP_UPDATE, cases[i].kind, &h, NULL);
        struct recorded r = row_of(f, "a");
        assert_int_equal(r.state, cases[i].state);
        assert_int_equal(r.op, cases[i].op);
        assert_int_equal(r.has_synced, cases[i].synced);
        assert_int_equal(r.job_id != NULL, cases[i].job);
        database_run(f->pg, "DELETE FROM qudra_sync.job");
    }
}

static void let_go(struct fixture *f, const char *key, unsigned char seed, const char *job_id)
{
    mirror(f, key, seed, job_id);
    gone(f, key);
    assert_int_equal(remove_gone(f, false), 1);
}

static void test_closes_and_deletes_end_in_removed(void **state)
{
    struct fixture *f = *state;
    let_go(f, "a", 1, "job_1");
    record_as(f, "a", OP_CLOSE, OUTCOME_DONE, NULL, NULL);
    struct recorded r = row_of(f, "a");
    assert_int_equal(r.state, ROW_REMOVED);
    assert_string_equal(r.job_id, "job_1");
    assert_string_equal(r.job_status, "closed");
    assert_true(r.has_synced);
    let_go(f, "b", 2, "job_2");
    record_as(f, "b", OP_DELETE, OUTCOME_DONE, NULL, NULL);
    r = row_of(f, "b");
    assert_int_equal(r.state, ROW_REMOVED);
    assert_null(r.job_id);
    assert_null(r.job_status);
    assert_false(r.has_synced);
    let_go(f, "c", 3, "job_3");
    record_as(f, "c", OP_CLOSE, OUTCOME_RETRY, NULL, NULL);
    r = row_of(f, "c");
    assert_int_equal(r.state, ROW_PENDING);
    assert_int_equal(r.op, OP_CLOSE);
    assert_int_equal(r.attempts, 1);
}

static void test_waiting_is_kept_and_a_done_row_forgets_its_error(void **state)
{
    struct fixture *f = *state;
    const struct job_hash h = hash_of(2);
    const struct outcome o = {.code = "c", .message = "m", .match_ready = -1};
    mirror(f, "a", 1, "job_1");
    mark_update(f, "a", 2);
    record_as(f, "a", OP_UPDATE, OUTCOME_RETRY, &h, &o);
    assert_int_equal(database_int(f->pg, "SELECT count(*) FROM qudra_sync.job WHERE "
                                         "next_attempt_at > now() AND error_code = 'c'"),
                     1);
    record_as(f, "a", OP_UPDATE, OUTCOME_DONE, &h, NULL);
    assert_int_equal(database_int(f->pg, "SELECT count(*) FROM qudra_sync.job WHERE "
                                         "next_attempt_at IS NULL AND error_code IS NULL AND "
                                         "attempts = 0 AND job_id = 'job_1'"),
                     1);
}

/* ---- rows that change under way -------------------------------------------------------------- */

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

/* ---- one job, one row ------------------------------------------------------------------------ */

static void test_a_job_is_never_bound_to_two_rows(void **state)
{
    struct fixture *f = *state;
    const struct job_hash one = hash_of(1);
    const struct outcome old = created_as("job_1"), twice = created_as("job_9");
    const struct verdict done = {.state = ROW_SYNCED, .op = OP_NONE, .synced = true};
    mirror(f, "a", 1, "job_1");
    mark_pending(f, "b", OP_CREATE, 1);
    mark_pending(f, "c", OP_CREATE, 1);
    mark_pending(f, "d", OP_CREATE, 1);
    assert_true(journal(f, "b", 1) && journal(f, "c", 1) && journal(f, "d", 1));
    const struct result batch[] = {
        {"jobs", "b", OP_CREATE, done, &one, &old, {{0}, {0}}, false},
        {"jobs", "c", OP_CREATE, done, &one, &twice, {{0}, {0}}, false},
        {"jobs", "d", OP_CREATE, done, &one, &twice, {{0}, {0}}, false},
    };
    assert_done(state_record(f->pg, &f->lease, batch, 3, &err));
    assert_int_equal(row_of(f, "b").state, ROW_UNCERTAIN);
    assert_int_equal(database_int(f->pg, "SELECT count(*) FROM qudra_sync.job "
                                         "WHERE job_id = 'job_9' AND state = 'synced'"),
                     1);
    assert_int_equal(attempts_in_journal(f), 2);
    assert_int_equal(database_int(f->pg, "SELECT created FROM qudra_sync.quota"), 2);
    struct pg_result *r = NULL;
    assert_err(ERR_INTERNAL,
               pg_query(f->pg, "UPDATE qudra_sync.job SET job_id = 'job_1'", NULL, &r, &err));
    assert_string_equal(err.sqlstate, "23P01");
}

static void test_a_job_passes_from_one_row_to_another_in_one_batch(void **state)
{
    struct fixture *f = *state;
    const struct job_hash one = hash_of(1);
    const struct outcome o = created_as("job_1");
    let_go(f, "old", 1, "job_1");
    mark_pending(f, "new", OP_CREATE, 1);
    const struct result batch[] = {
        {"jobs",
         "new",
         OP_NONE,
         {.state = ROW_SYNCED, .op = OP_NONE, .synced = true},
         &one,
         &o,
         {{0}, {0}},
         false},
        {"jobs",
         "old",
         OP_NONE,
         {.state = ROW_REMOVED, .op = OP_NONE, .forget_job = true},
         NULL,
         NULL,
         {{0}, {0}},
         false},
    };
    assert_done(state_record(f->pg, &f->lease, batch, 2, &err));
    assert_string_equal(row_of(f, "new").job_id, "job_1");
    assert_int_equal(row_of(f, "new").state, ROW_SYNCED);
    assert_null(row_of(f, "old").job_id);
    assert_int_equal(row_of(f, "old").state, ROW_REMOVED);
    assert_int_equal(database_int(f->pg, "SELECT created FROM qudra_sync.quota"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STATE_TEST(test_the_queue_is_close_delete_update_then_creates_by_priority),
        STATE_TEST(test_a_row_is_picked_when_its_time_has_come_and_not_while_it_is_gone),
        STATE_TEST(test_only_pending_rows_without_a_job_are_journalled),
        STATE_TEST(test_a_row_with_an_unsettled_attempt_is_not_journalled_again),
        STATE_TEST(test_a_row_that_wants_something_else_since_it_was_picked_is_not_journalled),
        STATE_TEST(test_a_create_that_is_done_is_bound_counted_and_out_of_the_journal),
        STATE_TEST(test_a_create_that_is_bound_but_not_confirmed_counts_against_the_quota),
        STATE_TEST(test_what_was_answered_is_kept_where_it_differs_from_what_was_sent),
        STATE_TEST(test_every_outcome_of_a_create_is_recorded),
        STATE_TEST(test_every_outcome_of_an_update_is_recorded),
        STATE_TEST(test_closes_and_deletes_end_in_removed),
        STATE_TEST(test_waiting_is_kept_and_a_done_row_forgets_its_error),
        STATE_TEST(test_a_row_edited_while_its_update_flies_is_updated_again),
        STATE_TEST(test_a_refusal_of_what_is_no_longer_wanted_does_not_stick),
        STATE_TEST(test_a_row_edited_while_its_create_flies_is_updated_after_it),
        STATE_TEST(test_a_row_let_go_while_its_update_flies_is_still_closed),
        STATE_TEST(test_a_row_that_push_finds_there_again_is_not_closed),
        STATE_TEST(test_a_row_that_came_back_while_its_close_flies_is_opened_again),
        STATE_TEST(test_a_row_gone_while_its_create_flies_is_removed_after_it),
        STATE_TEST(test_a_job_is_never_bound_to_two_rows),
        STATE_TEST(test_a_job_passes_from_one_row_to_another_in_one_batch),
    };
    return cmocka_run_group_tests_name("state_push", tests, NULL, NULL);
}
