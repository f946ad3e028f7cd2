/* state: every verdict recorded, and one job bound to one row, on a real server. */
#include "edges/state_fixture.h"

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
        STATE_TEST(test_a_create_that_is_done_is_bound_counted_and_out_of_the_journal),
        STATE_TEST(test_a_create_that_is_bound_but_not_confirmed_counts_against_the_quota),
        STATE_TEST(test_what_was_answered_is_kept_where_it_differs_from_what_was_sent),
        STATE_TEST(test_every_outcome_of_a_create_is_recorded),
        STATE_TEST(test_every_outcome_of_an_update_is_recorded),
        STATE_TEST(test_closes_and_deletes_end_in_removed),
        STATE_TEST(test_waiting_is_kept_and_a_done_row_forgets_its_error),
        STATE_TEST(test_a_job_is_never_bound_to_two_rows),
        STATE_TEST(test_a_job_passes_from_one_row_to_another_in_one_batch),
    };
    return cmocka_run_group_tests_name("state_verdicts", tests, NULL, NULL);
}
