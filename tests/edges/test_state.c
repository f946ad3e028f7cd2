/*
 * state: leases and fences, detection and removals, on a real server.
 */
#include "edges/state_fixture.h"

#include "base/clock.h"

/* ---- fences ---------------------------------------------------------------------------------- */

/* One row for each write that would find something to do if it were not fenced. */
static void fill_every_state(struct fixture *f)
{
    database_run(f->pg,
                 "INSERT INTO qudra_sync.job (account, mapping, source_key, state, operation, "
                 "job_id, job_status, gone_at, desired_hash) VALUES "
                 "('acme', 'jobs', 'a', 'pending', 'create', NULL, NULL, NULL, 'x'),"
                 "('acme', 'jobs', 'gone', 'synced', NULL, 'job_g', 'active', now(), 'x'),"
                 "('acme', 'jobs', 'never', 'refused', NULL, NULL, NULL, now(), 'x'),"
                 "('acme', 'jobs', 'held', 'held', 'close', 'job_h', 'active', now(), NULL),"
                 "('acme', 'jobs', 'later', 'deferred', 'create', NULL, NULL, NULL, 'x'),"
                 "('acme', 'jobs', 'flies', 'sending', NULL, NULL, NULL, NULL, 'x'),"
                 "('acme', 'jobs', 'known', 'synced', NULL, 'job_2', 'active', NULL, 'x');"
                 "INSERT INTO qudra_sync.create_attempt VALUES "
                 "('jobs', 'flies', 'acme', 'k', 'x', 'x');"
                 "INSERT INTO qudra_sync.quota VALUES ('acme', '2026-01-01', 1, now())");
}

static void test_after_a_take_over_every_write_is_fenced_and_nothing_is_written(void **state)
{
    struct fixture *f = *state;
    struct lease *l = &f->lease, other;
    const struct job_hash h = hash_of(2);
    const struct outcome o = created_as("job_2");
    const struct sighting s[] = {sighting_of("a", 2, 1), sighting_of("new", 2, 1)};
    const struct attempt attempt = {
        .mapping = "jobs", .key = "a", .idempotency_key = "k", .payload = h};
    const struct result results[] = {
        {.mapping = "jobs",
         .key = "a",
         .op = OP_CREATE,
         .sent = &h,
         .outcome = &o,
         .verdict = {.state = ROW_SYNCED, .op = OP_NONE, .synced = true}},
        {.mapping = "jobs",
         .key = "known",
         .op = OP_DELETE,
         .verdict = {.state = ROW_REMOVED, .op = OP_NONE, .forget_job = true}}};
    const struct watermark w = {.changed_to = "2026-01-01T00:00:00Z"};
    const char *keys[] = {"a", "known"};
    const char *all = "SELECT hashtextextended(string_agg(t, '|'), 0) FROM ("
                      "SELECT j::text FROM qudra_sync.job j UNION ALL "
                      "SELECT c::text FROM qudra_sync.create_attempt c UNION ALL "
                      "SELECT q::text FROM qudra_sync.quota q UNION ALL "
                      "SELECT w::text FROM qudra_sync.watermark w UNION ALL "
                      "SELECT a::text FROM qudra_sync.account a ORDER BY 1) AS x (t)";
    bool flag;
    int64_t count;
    struct sharing sharing;
    fill_every_state(f);
    take_over(f->pg, "us", &other);
    int64_t before = database_int(f->pg, all);

    assert_err(ERR_FENCED, state_mark(f->pg, l, 1, "jobs", s, 2, &err));
    assert_err(ERR_FENCED, state_gone(f->pg, l, 1, "jobs", keys, 2, &count, &err));
    assert_err(ERR_FENCED, state_share(f->pg, l, "mark", &sharing, &err));
    assert_err(ERR_FENCED, state_remove(f->pg, l, "jobs", 0, OP_CLOSE, false, &count, &err));
    assert_err(ERR_FENCED, state_set_watermark(f->pg, l, "jobs", &w, true, &err));
    assert_err(ERR_FENCED, state_journal(f->pg, l, &attempt, 1, &flag, &err));
    assert_err(ERR_FENCED, state_record(f->pg, l, results, 1, &err));
    assert_err(ERR_FENCED, state_record(f->pg, l, results, 2, &err));
    assert_err(ERR_FENCED, state_recover(f->pg, l, &flag, 1, &count, &err));
    assert_err(ERR_FENCED, state_refresh(f->pg, l, &o, 1, &err));
    assert_err(ERR_FENCED, state_learn(f->pg, l, 1, 2, &err));
    assert_err(ERR_FENCED, state_retry(f->pg, l, NULL, NULL, NULL, &count, &err));
    assert_err(ERR_FENCED, state_release(f->pg, l, NULL, NULL, &count, &err));
    assert_err(ERR_FENCED, state_defer(f->pg, l, 10, &count, &err));
    assert_err(ERR_FENCED, state_undefer(f->pg, l, 10, &count, &err));
    assert_err(ERR_FENCED, state_trouble(f->pg, l, "key refused", &flag, &err));
    assert_err(ERR_FENCED, state_limits(f->pg, l, "{}", &err));
    assert_done(state_give(f->pg, l, 1, &err));

    assert_int_equal(database_int(f->pg, all), before);
}

/* A write that has begun holds a burial up, and one that waits for a burial is fenced. */
static void test_a_take_over_and_a_write_do_not_overlap(void **state)
{
    struct fixture *f = *state;
    struct pg *them = database_open();
    struct sighting s = sighting_of("a", 1, 1);
    const char *us = "us";
    struct lease other;
    database_run(them, "SET lock_timeout = '100ms'");
    assert_done(pg_begin(f->pg, &err));
    mark(f, &s);
    assert_err(ERR_AWAY, state_agent_bury(them, &us, 1, &err));
    assert_done(pg_commit(f->pg, &err));
    take_over(them, "us", &other);
    assert_err(ERR_FENCED, state_mark(f->pg, &f->lease, 1, "jobs", &s, 1, &err));
    pg_free(them);
}

/* ---- detection ------------------------------------------------------------------------------- */

static void test_a_page_is_compared_and_only_what_differs_comes_back(void **state)
{
    struct fixture *f = *state;
    mirror(f, "same", 1, "job_1");
    mirror(f, "changed", 1, "job_2");
    mirror(f, "gone", 1, "job_3");
    gone(f, "gone");
    struct sighting seen[] = {sighting_of("same", 1, 5), sighting_of("changed", 2, 5),
                              sighting_of("new", 1, 5), sighting_of("gone", 1, 5)};
    struct comparison found;
    assert_done(state_compare_send(f->pg, "jobs", seen, 4, &err));
    assert_done(state_compare_receive(f->pg, seen, 4, &f->arena, &found, &err));
    assert_int_equal(found.live, 2);
    assert_int_equal(found.n, 3);
    for (size_t i = 0; i < found.n; i++)
        assert_int_equal(found.place[i], i + 1);
    assert_false(found.recorded[1].exists);
    assert_true(found.recorded[2].gone);
    const struct recorded *changed = &found.recorded[0];
    assert_true(changed->exists && changed->has_synced && changed->has_desired && !changed->gone);
    assert_int_equal(changed->state, ROW_SYNCED);
    assert_int_equal(changed->op, OP_NONE);
    assert_string_equal(changed->job_id, "job_2");
    assert_string_equal(changed->job_status, "active");
    assert_string_equal(changed->account, "acme");
    const struct job_hash h = hash_of(1);
    assert_memory_equal(&changed->synced, &h, sizeof h);
    assert_memory_equal(changed->desired_all, h.all, sizeof h.all);
}

static void test_priority_counts_while_a_row_waits_and_due_time_and_account_always(void **state)
{
    struct fixture *f = *state;
    struct sighting s = sighting_of("a", 1, 5);
    s.due_ms = clock_wall_ms() + 3600000;
    mark(f, &s);
    assert_true(same_as(f, &s));
    s.priority = (double)NAN;
    assert_false(same_as(f, &s));
    s.priority = 5;
    s.due_ms++;
    assert_false(same_as(f, &s));
    s.due_ms--;
    s.account = "other";
    assert_false(same_as(f, &s));
    mirror(f, "b", 1, "job_1");
    struct sighting b = sighting_of("b", 1, 7);
    assert_true(same_as(f, &b));
}

static void test_a_due_time_that_passed_long_ago_is_none(void **state)
{
    struct fixture *f = *state;
    struct sighting s = sighting_of("a", 1, 5);
    s.due_ms = clock_wall_ms() - 3600000;
    mark(f, &s);
    assert_true(same_as(f, &s));
    int64_t in_ms;
    assert_done(state_next_due_ms(f->pg, &in_ms, &err));
    assert_int_equal(in_ms, -1);
}

static void test_due_rows_are_found_when_their_time_has_come(void **state)
{
    struct fixture *f = *state;
    struct sighting past = sighting_of("past", 1, 5), soon = sighting_of("soon", 1, 5);
    const char **keys;
    size_t n;
    int64_t in_ms;
    past.due_ms = clock_wall_ms() - 1000;
    soon.due_ms = clock_wall_ms() + 60000;
    mark(f, &soon);
    assert_done(state_next_due_ms(f->pg, &in_ms, &err));
    assert_in_range(in_ms, 50000, 60001);
    mark(f, &past);
    assert_done(state_next_due_ms(f->pg, &in_ms, &err));
    assert_int_equal(in_ms, 0);
    assert_done(state_due(f->pg, "jobs", 10, &f->arena, &keys, &n, &err));
    assert_int_equal(n, 1);
    assert_string_equal(keys[0], "past");
}

static void test_the_same_wish_keeps_back_off_and_error_and_a_new_one_clears_them(void **state)
{
    struct fixture *f = *state;
    const struct outcome away = {
        .code = "timeout", .message = "m", .message_ar = "م", .match_ready = -1};
    struct sighting s = sighting_of("a", 1, 5);
    mark(f, &s);
    assert_true(journal(f, "a", 1));
    const struct job_hash h = hash_of(1);
    record_as(f, "a", OP_CREATE, OUTCOME_RETRY, &h, &away);
    s.priority = 4;
    mark(f, &s);
    const char *kept = "SELECT count(*) FROM qudra_sync.job WHERE attempts = 1 AND priority = 4 "
                       "AND error_code = 'timeout' AND next_attempt_at > now()";
    assert_int_equal(database_int(f->pg, kept), 1);
    s.mark = ROW_STATES; /* "leave it" takes the priority too */
    s.priority = 3;
    mark(f, &s);
    assert_int_equal(database_int(f->pg, "SELECT priority FROM qudra_sync.job"), 3);
    s = sighting_of("a", 2, 4);
    mark(f, &s);
    assert_int_equal(database_int(f->pg, "SELECT count(*) FROM qudra_sync.job WHERE attempts = 0 "
                                         "AND error_code IS NULL AND next_attempt_at IS NULL"),
                     1);
}

static void test_refusals_are_kept_with_the_first_rule_and_all_messages(void **state)
{
    struct fixture *f = *state;
    const struct refusal why[] = {
        {.field = 0, .rule = "title.too_short", .message = "one", .message_ar = "واحد"},
        {.field = 2, .rule = "city.unknown", .message = "two", .message_ar = "اثنان"}};
    struct sighting s = sighting_of("a", 9, 5);
    s.desired.kind = DESIRED_REFUSED;
    s.desired.refusals = why;
    s.desired.n_refusals = 2;
    s.op.kind = OP_NONE;
    s.mark = ROW_REFUSED;
    mark(f, &s);
    assert_true(same_as(f, &s));
    assert_int_equal(row_of(f, "a").state, ROW_REFUSED);
    assert_int_equal(database_int(f->pg, "SELECT count(*) FROM qudra_sync.job WHERE error_code = "
                                         "'title.too_short' AND error_message = 'one; two' AND "
                                         "error_message_ar = 'واحد؛ اثنان'"),
                     1);
}

static void test_a_row_under_way_keeps_its_state_and_learns_what_is_wanted(void **state)
{
    struct fixture *f = *state;
    struct sighting s = sighting_of("a", 1, 5);
    mark(f, &s);
    assert_true(journal(f, "a", 1));
    s = sighting_of("a", 2, 5);
    s.mark = ROW_STATES;
    mark(f, &s);
    struct recorded r = row_of(f, "a");
    const struct job_hash h = hash_of(2);
    assert_int_equal(r.state, ROW_SENDING);
    assert_memory_equal(r.desired_all, h.all, sizeof h.all);
}

static void test_synced_is_believed_only_where_it_is_true(void **state)
{
    struct fixture *f = *state;
    mirror(f, "a", 1, "job_1");
    mark_update(f, "a", 2);
    struct sighting s = sighting_of("a", 1, 5);
    s.op.kind = OP_NONE;
    s.mark = ROW_SYNCED;
    mark(f, &s); /* what it wanted before may be on its way */
    assert_int_equal(row_of(f, "a").state, ROW_PENDING);
    assert_memory_equal(row_of(f, "a").desired_all, s.desired.hash.all, 16);
    database_run(f->pg, "UPDATE qudra_sync.job SET state = 'refused', operation = NULL");
    mark(f, &s);
    assert_int_equal(row_of(f, "a").state, ROW_SYNCED);
    s.desired.hash = hash_of(3);
    mark(f, &s);
    assert_int_equal(row_of(f, "a").state, ROW_PENDING);
    assert_int_equal(row_of(f, "a").op, OP_UPDATE);
}

static void test_a_row_moves_to_another_account_only_with_nothing_left_at_the_old(void **state)
{
    struct fixture *f = *state;
    struct lease other;
    mirror(f, "a", 1, "job_1");
    assert_true(take_lease(f->pg, "other", "us", &other));
    struct sighting s = sighting_of("a", 1, 5);
    s.account = "other";
    assert_done(state_mark(f->pg, &other, 1, "jobs", &s, 1, &err));
    assert_string_equal(row_of(f, "a").account, "acme");
    assert_int_equal(row_of(f, "a").state, ROW_SYNCED);
    gone(f, "a");
    assert_int_equal(remove_gone(f, false), 1);
    record_as(f, "a", OP_CLOSE, OUTCOME_DONE, NULL, NULL);
    assert_done(state_mark(f->pg, &other, 1, "jobs", &s, 1, &err));
    struct recorded r = row_of(f, "a");
    assert_string_equal(r.account, "other");
    assert_int_equal(r.op, OP_CREATE);
    assert_null(r.job_id);
    assert_false(r.has_synced);
}

static void test_live_keys_come_in_pages_without_the_gone(void **state)
{
    struct fixture *f = *state;
    const char **keys;
    size_t n;
    int64_t live;
    mirror(f, "a", 1, "job_1");
    mirror(f, "b", 1, "job_2");
    mirror(f, "c", 1, "job_3");
    gone(f, "b");
    assert_done(state_count_live(f->pg, "jobs", &live, &err));
    assert_int_equal(live, 2);
    assert_done(state_live_keys(f->pg, "jobs", NULL, 1, &f->arena, &keys, &n, &err));
    assert_int_equal(n, 1);
    assert_string_equal(keys[0], "a");
    assert_done(state_live_keys(f->pg, "jobs", keys[0], 5, &f->arena, &keys, &n, &err));
    assert_int_equal(n, 1);
    assert_string_equal(keys[0], "c");
}

/* ---- removals -------------------------------------------------------------------------------- */

static void going(struct fixture *f, int64_t after_ms, int64_t expect_mirrored, int64_t expect)
{
    int64_t mirrored, n;
    assert_done(state_going(f->pg, &f->lease, "jobs", after_ms, &mirrored, &n, &err));
    assert_int_equal(n, expect);
    assert_int_equal(mirrored, expect_mirrored);
}

static void test_the_guard_weighs_open_jobs_that_are_not_let_go_yet(void **state)
{
    struct fixture *f = *state;
    mirror(f, "a", 1, "job_1");
    mirror(f, "b", 1, "job_2");
    mirror(f, "closed", 1, "job_3");
    database_run(f->pg, "UPDATE qudra_sync.job SET job_status = 'closed' WHERE job_id = 'job_3'");
    struct sighting never = sighting_of("never", 1, 5);
    mark(f, &never);
    going(f, 0, 0, 0);
    gone(f, "a");
    gone(f, "closed");
    gone(f, "never");
    going(f, 3600000, 0, 0);
    going(f, 0, 2, 1);
    assert_int_equal(remove_gone(f, false), 1);
    going(f, 0, 0, 0);
    assert_int_equal(row_of(f, "a").op, OP_CLOSE);
    assert_false(row_of(f, "a").has_desired);
    assert_int_equal(row_of(f, "closed").state, ROW_REMOVED);
    assert_false(row_of(f, "never").exists);
    assert_int_equal(remove_gone(f, false), 0);
}

static void test_held_removals_stay_held_until_released_or_back(void **state)
{
    struct fixture *f = *state;
    int64_t count;
    mirror(f, "a", 1, "job_1");
    mirror(f, "b", 1, "job_2");
    gone(f, "a");
    gone(f, "b");
    assert_int_equal(remove_gone(f, true), 2);
    assert_int_equal(remove_gone(f, false), 0);
    assert_int_equal(row_of(f, "a").state, ROW_HELD);
    assert_int_equal(row_of(f, "a").op, OP_CLOSE);
    struct sighting back = sighting_of("b", 1, 5);
    back.op.kind = OP_NONE;
    back.mark = ROW_SYNCED;
    assert_false(same_as(f, &back));
    mark(f, &back);
    assert_int_equal(row_of(f, "b").state, ROW_SYNCED);
    assert_false(row_of(f, "b").gone);
    assert_done(state_release(f->pg, &f->lease, "jobs", "b", &count, &err));
    assert_int_equal(count, 0);
    assert_done(state_release(f->pg, &f->lease, NULL, NULL, &count, &err));
    assert_int_equal(count, 1);
    assert_int_equal(row_of(f, "a").state, ROW_PENDING);
    assert_int_equal(remove_gone(f, true), 0);
    assert_int_equal(row_of(f, "a").state, ROW_PENDING);
}

static void test_what_is_under_way_is_not_removed(void **state)
{
    struct fixture *f = *state;
    struct sighting s = sighting_of("a", 1, 5);
    mark(f, &s);
    assert_true(journal(f, "a", 1));
    gone(f, "a");
    assert_int_equal(remove_gone(f, false), 0);
    assert_int_equal(row_of(f, "a").state, ROW_SENDING);
    assert_true(row_of(f, "a").gone);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STATE_TEST(test_after_a_take_over_every_write_is_fenced_and_nothing_is_written),
        STATE_TEST(test_a_take_over_and_a_write_do_not_overlap),
        STATE_TEST(test_a_page_is_compared_and_only_what_differs_comes_back),
        STATE_TEST(test_priority_counts_while_a_row_waits_and_due_time_and_account_always),
        STATE_TEST(test_a_due_time_that_passed_long_ago_is_none),
        STATE_TEST(test_due_rows_are_found_when_their_time_has_come),
        STATE_TEST(test_the_same_wish_keeps_back_off_and_error_and_a_new_one_clears_them),
        STATE_TEST(test_refusals_are_kept_with_the_first_rule_and_all_messages),
        STATE_TEST(test_a_row_under_way_keeps_its_state_and_learns_what_is_wanted),
        STATE_TEST(test_synced_is_believed_only_where_it_is_true),
        STATE_TEST(test_a_row_moves_to_another_account_only_with_nothing_left_at_the_old),
        STATE_TEST(test_live_keys_come_in_pages_without_the_gone),
        STATE_TEST(test_the_guard_weighs_open_jobs_that_are_not_let_go_yet),
        STATE_TEST(test_held_removals_stay_held_until_released_or_back),
        STATE_TEST(test_what_is_under_way_is_not_removed),
    };
    return cmocka_run_group_tests_name("state", tests, NULL, NULL);
}
