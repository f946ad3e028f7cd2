/* op: decisions, marks, every cell of the outcome table, back-off and the removal guard. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "rules/op.h"

static struct job job_with(const char *title, const char *status)
{
    struct job job = {.field = {
                          [JOB_TITLE] = text_of(title),
                          [JOB_CITY] = text_of("Jeddah"),
                          [JOB_EMPLOYMENT_TYPE] = text_of("part_time"),
                          [JOB_CURRENCY] = text_of("SAR"),
                          [JOB_STATUS] = text_of(status),
                      }};
    return job;
}

static struct desired want(const struct job *job)
{
    struct desired d = {.kind = DESIRED_JOB, .job = job};
    job_hash(job, &d.hash);
    return d;
}

static const struct desired gone = {.kind = DESIRED_GONE};

/* A row that Qudra holds as the job says. */
static struct recorded mirrored(const struct job *job, enum row_state state)
{
    struct recorded r = {.exists = true,
                         .account = "default",
                         .state = state,
                         .op = OP_NONE,
                         .job_id = "job_1",
                         .job_status = "active",
                         .has_desired = true,
                         .has_synced = true};
    job_hash(job, &r.synced);
    memcpy(r.desired_all, r.synced.all, sizeof r.desired_all);
    return r;
}

static void assert_op(struct op op, enum op_kind kind, unsigned fields)
{
    assert_int_equal(op.kind, kind);
    assert_int_equal(op.fields, fields);
}

static void test_a_new_row_is_created(void **state)
{
    (void)state;
    struct job job = job_with("Nurse", "active");
    struct desired d = want(&job);
    struct recorded r = {.exists = false};
    struct op op = op_decide(&r, &d, REMOVED_CLOSE);
    assert_op(op, OP_CREATE, JOB_ALL);
    assert_int_equal(op_mark(&r, &d, op), ROW_PENDING);
}

static void test_an_unread_row_is_created_where_it_is_new_and_else_left_alone(void **state)
{
    (void)state;
    const struct desired d = {.kind = DESIRED_UNREAD, .hash = op_unread};
    const struct recorded none = {.exists = false};
    struct op op = op_decide(&none, &d, REMOVED_CLOSE);
    assert_op(op, OP_CREATE, JOB_ALL);
    assert_int_equal(op_mark(&none, &d, op), ROW_PENDING);
    struct job job = job_with("Nurse", "active");
    for (enum row_state s = 0; s < ROW_STATES; s++) {
        struct recorded r = mirrored(&job, s);
        op = op_decide(&r, &d, REMOVED_CLOSE);
        assert_op(op, OP_NONE, 0);
        assert_int_equal(op_mark(&r, &d, op), ROW_STATES);
    }
}

static void test_an_equal_row_needs_nothing_and_is_left_alone(void **state)
{
    (void)state;
    struct job job = job_with("Nurse", "active");
    struct desired d = want(&job);
    struct recorded r = mirrored(&job, ROW_SYNCED);
    struct op op = op_decide(&r, &d, REMOVED_CLOSE);
    assert_op(op, OP_NONE, 0);
    assert_int_equal(op_mark(&r, &d, op), ROW_STATES);
    r.gone = true; /* seen gone, and back before anything was done */
    assert_int_equal(op_mark(&r, &d, op), ROW_SYNCED);
}

static void test_a_changed_row_sends_its_changed_fields(void **state)
{
    (void)state;
    struct job old = job_with("Nurse", "active"), job = job_with("Head nurse", "active");
    struct desired d = want(&job);
    struct recorded r = mirrored(&old, ROW_SYNCED);
    struct op op = op_decide(&r, &d, REMOVED_CLOSE);
    assert_op(op, OP_UPDATE, 1u << JOB_TITLE);
    assert_int_equal(op_mark(&r, &d, op), ROW_PENDING);
}

static void test_with_nothing_known_to_be_synced_all_fields_are_sent(void **state)
{
    (void)state;
    struct job job = job_with("Nurse", "active");
    struct desired d = want(&job);
    struct recorded r = mirrored(&job, ROW_PENDING);
    r.has_synced = false;
    assert_op(op_decide(&r, &d, REMOVED_CLOSE), OP_UPDATE, JOB_ALL);
}

static void test_a_change_taken_back_is_synced_again(void **state)
{
    (void)state;
    struct job job = job_with("Nurse", "active");
    struct desired d = want(&job);
    struct recorded r = mirrored(&job, ROW_PENDING);
    r.op = OP_UPDATE;
    r.desired_all[3] ^= 1;
    struct op op = op_decide(&r, &d, REMOVED_CLOSE);
    assert_op(op, OP_NONE, 0);
    assert_int_equal(op_mark(&r, &d, op), ROW_SYNCED);
}

static void test_an_unsettled_create_is_never_decided_over(void **state)
{
    (void)state;
    struct job job = job_with("Nurse", "active");
    const struct desired jobs = want(&job), refused = {.kind = DESIRED_REFUSED};
    const struct desired *const all[] = {&jobs, &refused, &gone};
    static const enum row_state unsettled[] = {ROW_SENDING, ROW_UNCERTAIN};
    for (size_t i = 0; i < 3; i++)
        for (size_t k = 0; k < 2; k++) {
            struct recorded r = {.exists = true, .state = unsettled[k]};
            struct op op = op_decide(&r, all[i], REMOVED_DELETE);
            assert_op(op, OP_NONE, 0);
            assert_int_equal(op_mark(&r, all[i], op), ROW_STATES);
        }
}

static void test_waiting_for_the_same_again_keeps_its_back_off(void **state)
{
    (void)state;
    struct job old = job_with("Nurse", "active"), job = job_with("Head nurse", "active");
    struct desired d = want(&job);
    struct recorded r = mirrored(&old, ROW_PENDING);
    r.op = OP_UPDATE;
    memcpy(r.desired_all, d.hash.all, sizeof r.desired_all);
    struct op op = op_decide(&r, &d, REMOVED_CLOSE);
    assert_op(op, OP_UPDATE, 1u << JOB_TITLE);
    assert_int_equal(op_mark(&r, &d, op), ROW_STATES);
    r.op = OP_CLOSE;
    assert_int_equal(op_mark(&r, &d, op), ROW_PENDING);
}

static void test_a_deferred_create_waits_on_unless_it_changed(void **state)
{
    (void)state;
    struct job job = job_with("Nurse", "active");
    struct desired d = want(&job);
    struct recorded r = mirrored(&job, ROW_DEFERRED);
    r.job_id = NULL;
    r.has_synced = false;
    assert_int_equal(op_mark(&r, &d, op_decide(&r, &d, REMOVED_CLOSE)), ROW_STATES);
    r.desired_all[0] ^= 1;
    assert_int_equal(op_mark(&r, &d, op_decide(&r, &d, REMOVED_CLOSE)), ROW_PENDING);
}

static void test_what_qudra_refused_waits_for_a_change(void **state)
{
    (void)state;
    struct job job = job_with("Nurse", "active");
    struct desired d = want(&job);
    struct recorded r = mirrored(&job, ROW_REFUSED);
    r.job_id = NULL;
    r.has_synced = false;
    struct op op = op_decide(&r, &d, REMOVED_CLOSE);
    assert_op(op, OP_NONE, 0);
    assert_int_equal(op_mark(&r, &d, op), ROW_STATES);
    r.desired_all[0] ^= 1;
    op = op_decide(&r, &d, REMOVED_CLOSE);
    assert_op(op, OP_CREATE, JOB_ALL);
    assert_int_equal(op_mark(&r, &d, op), ROW_PENDING);
}

static void test_a_refused_row_keeps_its_job(void **state)
{
    (void)state;
    struct job job = job_with("Nurse", "active");
    const struct refusal why = {JOB_CITY, "city.required", "city is missing", "مدينة"};
    struct desired d = {.kind = DESIRED_REFUSED, .refusals = &why, .n_refusals = 1};
    job_hash_refusals(&why, 1, &d.hash);
    struct recorded r = mirrored(&job, ROW_SYNCED);
    struct op op = op_decide(&r, &d, REMOVED_DELETE);
    assert_op(op, OP_NONE, 0);
    assert_int_equal(op_mark(&r, &d, op), ROW_REFUSED);
    r.state = ROW_REFUSED;
    memcpy(r.desired_all, d.hash.all, sizeof r.desired_all);
    assert_int_equal(op_mark(&r, &d, op), ROW_STATES);
}

static void test_a_gone_row_is_closed_or_deleted_through_the_guard(void **state)
{
    (void)state;
    struct job job = job_with("Nurse", "active");
    struct recorded r = mirrored(&job, ROW_SYNCED);
    assert_op(op_decide(&r, &gone, REMOVED_CLOSE), OP_CLOSE, 0);
    struct op op = op_decide(&r, &gone, REMOVED_DELETE);
    assert_op(op, OP_DELETE, 0);
    assert_int_equal(op_mark(&r, &gone, op), ROW_STATES);
}

static void test_a_gone_row_without_an_open_job_is_simply_removed(void **state)
{
    (void)state;
    struct job job = job_with("Nurse", "closed");
    struct recorded r = mirrored(&job, ROW_SYNCED);
    r.job_status = "closed";
    struct op op = op_decide(&r, &gone, REMOVED_CLOSE);
    assert_op(op, OP_NONE, 0);
    assert_int_equal(op_mark(&r, &gone, op), ROW_REMOVED);
    assert_op(op_decide(&r, &gone, REMOVED_DELETE), OP_DELETE, 0);
    r.has_synced = false; /* a lost update may have opened it */
    assert_op(op_decide(&r, &gone, REMOVED_CLOSE), OP_CLOSE, 0);
    r.job_id = NULL;
    r.state = ROW_REFUSED;
    op = op_decide(&r, &gone, REMOVED_CLOSE);
    assert_op(op, OP_NONE, 0);
    assert_int_equal(op_mark(&r, &gone, op), ROW_REMOVED);
    r.state = ROW_REMOVED;
    assert_int_equal(op_mark(&r, &gone, op), ROW_STATES);
    r = (struct recorded){.exists = false};
    assert_int_equal(op_mark(&r, &gone, op_decide(&r, &gone, REMOVED_CLOSE)), ROW_STATES);
}

static void test_a_row_that_comes_back_reopens_its_job(void **state)
{
    (void)state;
    struct job old = job_with("Nurse", "active"), job = job_with("Head nurse", "active");
    struct desired same = want(&old), changed = want(&job);
    struct recorded r = mirrored(&old, ROW_REMOVED);
    r.job_status = "closed";
    r.gone = true;
    assert_op(op_decide(&r, &gone, REMOVED_CLOSE), OP_NONE, 0);
    struct op op = op_decide(&r, &same, REMOVED_CLOSE);
    assert_op(op, OP_UPDATE, 1u << JOB_STATUS);
    assert_int_equal(op_mark(&r, &same, op), ROW_PENDING);
    assert_op(op_decide(&r, &changed, REMOVED_CLOSE), OP_UPDATE,
              1u << JOB_STATUS | 1u << JOB_TITLE);
    r.state = ROW_PENDING; /* as push finds it, after detect marked it */
    r.op = OP_UPDATE;
    r.gone = false;
    assert_op(op_decide(&r, &same, REMOVED_CLOSE), OP_UPDATE, 1u << JOB_STATUS);
    r.state = ROW_SYNCED; /* Qudra took the update and still says closed: no endless asking */
    assert_op(op_decide(&r, &same, REMOVED_CLOSE), OP_NONE, 0);
}

static void test_a_held_row_that_comes_back_is_synced(void **state)
{
    (void)state;
    struct job job = job_with("Nurse", "active");
    struct desired d = want(&job);
    struct recorded r = mirrored(&job, ROW_HELD);
    r.gone = true;
    assert_int_equal(op_mark(&r, &d, op_decide(&r, &d, REMOVED_CLOSE)), ROW_SYNCED);
}

static void test_a_deleted_job_is_created_anew(void **state)
{
    (void)state;
    struct job job = job_with("Nurse", "active");
    struct desired d = want(&job);
    struct recorded r = mirrored(&job, ROW_REMOVED);
    r.job_id = NULL;
    assert_op(op_decide(&r, &d, REMOVED_DELETE), OP_CREATE, JOB_ALL);
}

/* ---- outcomes -------------------------------------------------------------------------------- */

enum { SYNCED = 1, FORGET_JOB = 2, FORGET_SYNCED = 4, ATTEMPT = 8, JOURNAL = 16, WAIT = 32 };

static unsigned flags_of(struct verdict v)
{
    return (v.synced ? SYNCED : 0u) | (v.forget_job ? FORGET_JOB : 0u) |
           (v.forget_synced ? FORGET_SYNCED : 0u) | (v.attempt ? ATTEMPT : 0u) |
           (v.keep_journal ? JOURNAL : 0u) | (v.wait_ms > 0 ? WAIT : 0u);
}

static void assert_after(enum op_kind op, enum outcome_kind outcome, enum row_state state,
                         enum op_kind next, unsigned flags)
{
    struct verdict v = op_after(op, outcome, 2, MISSING_REFUSE, 0.5);
    assert_int_equal(v.state, state);
    assert_int_equal(v.op, next);
    assert_int_equal(flags_of(v), flags);
}

static void test_every_outcome_of_a_create(void **state)
{
    (void)state;
    assert_after(OP_CREATE, OUTCOME_DONE, ROW_SYNCED, OP_NONE, SYNCED);
    assert_after(OP_CREATE, OUTCOME_RETRY, ROW_PENDING, OP_CREATE, ATTEMPT | WAIT);
    assert_after(OP_CREATE, OUTCOME_LIMITED, ROW_PENDING, OP_CREATE, 0);
    assert_after(OP_CREATE, OUTCOME_UNCERTAIN, ROW_UNCERTAIN, OP_NONE, ATTEMPT | JOURNAL);
    assert_after(OP_CREATE, OUTCOME_REFUSED, ROW_REFUSED, OP_NONE, ATTEMPT);
    assert_after(OP_CREATE, OUTCOME_GONE, ROW_REFUSED, OP_NONE, ATTEMPT);
    assert_after(OP_CREATE, OUTCOME_QUOTA, ROW_DEFERRED, OP_NONE, 0);
    assert_after(OP_CREATE, OUTCOME_STOP, ROW_PENDING, OP_CREATE, 0);
    assert_after(OP_CREATE, OUTCOME_SPLIT, ROW_PENDING, OP_CREATE, 0);
}

static void test_every_outcome_of_an_update(void **state)
{
    (void)state;
    const unsigned doubt = ATTEMPT | WAIT | FORGET_SYNCED;
    assert_after(OP_UPDATE, OUTCOME_DONE, ROW_SYNCED, OP_NONE, SYNCED);
    assert_after(OP_UPDATE, OUTCOME_RETRY, ROW_PENDING, OP_UPDATE, doubt);
    assert_after(OP_UPDATE, OUTCOME_LIMITED, ROW_PENDING, OP_UPDATE, 0);
    assert_after(OP_UPDATE, OUTCOME_UNCERTAIN, ROW_PENDING, OP_UPDATE, doubt);
    assert_after(OP_UPDATE, OUTCOME_REFUSED, ROW_REFUSED, OP_NONE, ATTEMPT);
    assert_after(OP_UPDATE, OUTCOME_GONE, ROW_REFUSED, OP_NONE, ATTEMPT);
    assert_after(OP_UPDATE, OUTCOME_QUOTA, ROW_PENDING, OP_UPDATE, ATTEMPT | WAIT);
    assert_after(OP_UPDATE, OUTCOME_STOP, ROW_PENDING, OP_UPDATE, 0);
    assert_after(OP_UPDATE, OUTCOME_SPLIT, ROW_PENDING, OP_UPDATE, 0);
}

static void test_every_outcome_of_a_close_or_delete(void **state)
{
    (void)state;
    const unsigned doubt = ATTEMPT | WAIT | FORGET_SYNCED;
    static const enum op_kind ops[] = {OP_CLOSE, OP_DELETE};
    for (size_t i = 0; i < 2; i++) {
        enum op_kind op = ops[i];
        unsigned done = op == OP_DELETE ? FORGET_JOB | FORGET_SYNCED : 0;
        assert_after(op, OUTCOME_DONE, ROW_REMOVED, OP_NONE, done);
        assert_after(op, OUTCOME_RETRY, ROW_PENDING, op, doubt);
        assert_after(op, OUTCOME_LIMITED, ROW_PENDING, op, 0);
        assert_after(op, OUTCOME_UNCERTAIN, ROW_PENDING, op, doubt);
        assert_after(op, OUTCOME_REFUSED, ROW_REFUSED, OP_NONE, ATTEMPT);
        assert_after(op, OUTCOME_GONE, ROW_REMOVED, OP_NONE, FORGET_JOB | FORGET_SYNCED);
        assert_after(op, OUTCOME_QUOTA, ROW_PENDING, op, ATTEMPT | WAIT);
        assert_after(op, OUTCOME_STOP, ROW_PENDING, op, 0);
        assert_after(op, OUTCOME_SPLIT, ROW_PENDING, op, 0);
    }
}

static void test_a_missing_job_is_recreated_when_the_mapping_says_so(void **state)
{
    (void)state;
    struct verdict v = op_after(OP_UPDATE, OUTCOME_GONE, 0, MISSING_RECREATE, 0.5);
    assert_int_equal(v.state, ROW_PENDING);
    assert_int_equal(v.op, OP_CREATE);
    assert_int_equal(flags_of(v), FORGET_JOB | FORGET_SYNCED);
    v = op_after(OP_CLOSE, OUTCOME_GONE, 0, MISSING_RECREATE, 0.5);
    assert_int_equal(v.state, ROW_REMOVED);
}

static void test_nothing_but_a_create_is_ever_uncertain(void **state)
{
    (void)state;
    for (enum op_kind op = OP_CLOSE; op < OP_NONE; op++)
        for (enum outcome_kind o = OUTCOME_DONE; o < OUTCOMES; o++) {
            struct verdict v = op_after(op, o, 0, MISSING_RECREATE, 0.9);
            bool uncertain = op == OP_CREATE && o == OUTCOME_UNCERTAIN;
            assert_int_equal(v.state == ROW_UNCERTAIN, uncertain);
            assert_int_equal(v.keep_journal, uncertain);
            assert_int_equal(v.op != OP_NONE, v.state == ROW_PENDING);
        }
}

static void test_back_off_doubles_up_to_a_minute(void **state)
{
    (void)state;
    static const int64_t most[] = {1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000};
    for (int i = 0; i < (int)ARRAY_LEN(most); i++) {
        assert_int_equal(op_backoff_ms(i, 0.0), 0);
        assert_int_equal(op_backoff_ms(i, 0.5), most[i] / 2);
    }
    assert_int_equal(op_backoff_ms(1000000, 0.5), 30000);
    assert_int_equal(op_after(OP_UPDATE, OUTCOME_RETRY, 2, MISSING_REFUSE, 0.5).wait_ms, 4000);
}

static void test_the_guard_knows_a_massacre(void **state)
{
    (void)state;
    const struct remove_limit tenth = {.is_percent = true, .value = 10};
    const struct remove_limit count = {.is_percent = false, .value = 250};
    const struct remove_limit none = {.is_percent = false, .value = 0};
    assert_true(op_guard(&tenth, 1000, 100, false));
    assert_false(op_guard(&tenth, 1000, 101, false));
    assert_true(op_guard(&count, 300, 250, false));
    assert_false(op_guard(&count, 1000000, 251, false));
    assert_true(op_guard(&tenth, 6, REMOVE_FLOOR, false));
    assert_false(op_guard(&tenth, 6, REMOVE_FLOOR + 1, false));
    assert_true(op_guard(&none, 100, 5, false));
    assert_false(op_guard(&none, 100, 6, false));
}

static void test_an_empty_source_never_removes(void **state)
{
    (void)state;
    const struct remove_limit all = {.is_percent = true, .value = 100};
    assert_false(op_guard(&all, 3, 1, true));
    assert_false(op_guard(&all, 1000, 1000, true));
    assert_true(op_guard(&all, 0, 0, true));
}

static void test_names_are_those_of_the_database(void **state)
{
    (void)state;
    assert_string_equal(row_state_names[ROW_PENDING], "pending");
    assert_string_equal(row_state_names[ROW_REMOVED], "removed");
    assert_string_equal(op_names[OP_CLOSE], "close");
    assert_string_equal(op_names[OP_CREATE], "create");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_new_row_is_created),
        cmocka_unit_test(test_an_unread_row_is_created_where_it_is_new_and_else_left_alone),
        cmocka_unit_test(test_an_equal_row_needs_nothing_and_is_left_alone),
        cmocka_unit_test(test_a_changed_row_sends_its_changed_fields),
        cmocka_unit_test(test_with_nothing_known_to_be_synced_all_fields_are_sent),
        cmocka_unit_test(test_a_change_taken_back_is_synced_again),
        cmocka_unit_test(test_an_unsettled_create_is_never_decided_over),
        cmocka_unit_test(test_waiting_for_the_same_again_keeps_its_back_off),
        cmocka_unit_test(test_a_deferred_create_waits_on_unless_it_changed),
        cmocka_unit_test(test_what_qudra_refused_waits_for_a_change),
        cmocka_unit_test(test_a_refused_row_keeps_its_job),
        cmocka_unit_test(test_a_gone_row_is_closed_or_deleted_through_the_guard),
        cmocka_unit_test(test_a_gone_row_without_an_open_job_is_simply_removed),
        cmocka_unit_test(test_a_row_that_comes_back_reopens_its_job),
        cmocka_unit_test(test_a_held_row_that_comes_back_is_synced),
        cmocka_unit_test(test_a_deleted_job_is_created_anew),
        cmocka_unit_test(test_every_outcome_of_a_create),
        cmocka_unit_test(test_every_outcome_of_an_update),
        cmocka_unit_test(test_every_outcome_of_a_close_or_delete),
        cmocka_unit_test(test_a_missing_job_is_recreated_when_the_mapping_says_so),
        cmocka_unit_test(test_nothing_but_a_create_is_ever_uncertain),
        cmocka_unit_test(test_back_off_doubles_up_to_a_minute),
        cmocka_unit_test(test_the_guard_knows_a_massacre),
        cmocka_unit_test(test_an_empty_source_never_removes),
        cmocka_unit_test(test_names_are_those_of_the_database),
    };
    return cmocka_run_group_tests_name("op", tests, NULL, NULL);
}
