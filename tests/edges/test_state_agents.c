/*
 * state_agents: heartbeats and deaths, accounts taken and given, rows of the table, on a real
 * server.
 */
#include "edges/state_fixture.h"

#include "base/clock.h"

static size_t take(struct fixture *f, const char *agent, const struct take_wish *wishes, size_t n,
                   size_t most, struct taken **out)
{
    const struct take_order o = {
        .agent = agent, .wishes = wishes, .n = n, .most = most, .seen_mark = "so"};
    size_t taken;
    assert_done(state_take(f->pg, &o, &f->arena, out, &taken, &err));
    return taken;
}

static struct agents beat(struct fixture *f, const char *agent)
{
    struct agents all;
    assert_done(state_agent_beat(f->pg, agent, &f->arena, &all, &err));
    return all;
}

static void run_out(struct fixture *f, const char *agent)
{
    char sql[256];
    snprintf(sql, sizeof sql,
             "UPDATE qudra_sync.agent SET alive_until = clock_timestamp() - interval '1 ms'"
             " WHERE name = '%s'",
             agent);
    database_run(f->pg, sql);
}

/* ---- agents ---------------------------------------------------------------------------------- */

static void test_an_agents_own_time_ends_before_the_databases(void **state)
{
    struct fixture *f = *state;
    struct agents all = beat(f, "us");
    assert_true(all.lives);
    int64_t left_ms = database_int(
        f->pg, "SELECT (extract(epoch FROM alive_until - clock_timestamp()) * 1000)::bigint "
               "FROM qudra_sync.agent");
    assert_true(all.until_ms - clock_mono_ms() <= left_ms - LEASE_GRACE_MS + 1);
    assert_true(all.until_ms > clock_mono_ms());
}

static void test_a_beat_tells_who_else_lives(void **state)
{
    struct fixture *f = *state;
    agent_begins(f->pg, "them");
    run_out(f, "them");
    struct agents all = beat(f, "us");
    assert_int_equal(all.n, 2);
    assert_string_equal(all.row[0].name, "us");
    assert_string_equal(all.row[1].name, "them");
    assert_true(all.row[1].left_ms < 0);
    assert_false(all.any_free);
}

static void test_the_dead_are_buried_and_what_they_held_is_free_with_a_higher_fence(void **state)
{
    struct fixture *f = *state;
    struct lease other;
    run_out(f, "us");
    assert_done(state_agent_bury(f->pg, NULL, 0, &err));
    assert_false(beat(f, "us").lives);
    assert_true(database_int(f->pg, "SELECT fence FROM qudra_sync.account") > f->lease.fence);
    agent_begins(f->pg, "them");
    assert_true(take_lease(f->pg, "acme", "them", &other));
    assert_true(other.fence > f->lease.fence);
}

static void test_a_beat_that_comes_first_is_not_buried(void **state)
{
    struct fixture *f = *state;
    run_out(f, "us");
    assert_true(beat(f, "us").lives);
    assert_done(state_agent_bury(f->pg, NULL, 0, &err));
    assert_true(beat(f, "us").lives);
    assert_int_equal(database_int(f->pg, "SELECT fence FROM qudra_sync.account"), f->lease.fence);
}

static void test_an_agent_that_ends_leaves_its_accounts_torn(void **state)
{
    struct fixture *f = *state;
    const struct take_wish wish = {.account = "acme"};
    struct taken *taken;
    state_agent_end(f->pg, "us");
    agent_begins(f->pg, "them");
    assert_int_equal(take(f, "them", &wish, 1, 1, &taken), 1);
    assert_true(taken->torn);
    assert_true(taken->fence > f->lease.fence);
}

/* What it could not give back would be waited for, by itself, for ever. */
static void test_an_agent_that_begins_anew_holds_nothing_and_others_keep_theirs(void **state)
{
    struct fixture *f = *state;
    struct lease theirs, again;
    agent_begins(f->pg, "them");
    assert_true(take_lease(f->pg, "najd", "them", &theirs));
    agent_begins(f->pg, "us");
    assert_int_equal(database_int(f->pg, "SELECT fence FROM qudra_sync.account WHERE name = 'najd'"
                                         " AND holder = 'them'"),
                     theirs.fence);
    const struct sighting s = sighting_of("a", 1, 1);
    assert_err(ERR_FENCED, state_mark(f->pg, &f->lease, 1, "jobs", &s, 1, &err));
    assert_true(take_lease(f->pg, "acme", "us", &again));
    assert_true(again.fence > f->lease.fence);
}

/* ---- taking and giving ----------------------------------------------------------------------- */

static void test_an_account_that_is_held_is_not_taken(void **state)
{
    struct fixture *f = *state;
    struct lease other;
    agent_begins(f->pg, "them");
    assert_false(take_lease(f->pg, "acme", "them", &other));
    assert_true(take_lease(f->pg, "another", "them", &other));
}

static void test_an_account_given_back_is_taken_whole(void **state)
{
    struct fixture *f = *state;
    const struct take_wish wish = {.account = "acme"};
    struct taken *taken;
    assert_done(state_give(f->pg, &f->lease, 1, &err));
    assert_true(beat(f, "us").any_free);
    agent_begins(f->pg, "them");
    assert_int_equal(take(f, "them", &wish, 1, 1, &taken), 1);
    assert_false(taken->torn);
    assert_in_range(taken->held_ago_ms, 0, 60000);
}

static void test_an_old_lease_gives_nothing_back(void **state)
{
    struct fixture *f = *state;
    struct lease other;
    take_over(f->pg, "us", &other);
    assert_done(state_give(f->pg, &f->lease, 1, &err));
    assert_int_equal(database_int(f->pg, "SELECT count(*) FROM qudra_sync.account"
                                         " WHERE holder = 'them'"),
                     1);
}

/* How far acme had been looked at, as its next holder learns it. */
static const char *seen_by_the_next(struct fixture *f)
{
    const struct take_wish wish = {.account = "acme"};
    struct taken *taken;
    agent_begins(f->pg, "them");
    assert_int_equal(take(f, "them", &wish, 1, 1, &taken), 1);
    return taken->seen;
}

static void test_how_far_it_was_looked_at_goes_along_when_it_is_given_back(void **state)
{
    struct fixture *f = *state;
    assert_done(state_seen(f->pg, "us", "so far", f->lease.fence, &err));
    assert_done(state_give(f->pg, &f->lease, 1, &err));
    assert_string_equal(seen_by_the_next(f), "so far");
}

static void test_and_when_its_holder_dies(void **state)
{
    struct fixture *f = *state;
    assert_done(state_seen(f->pg, "us", "so far", f->lease.fence, &err));
    run_out(f, "us");
    assert_done(state_agent_bury(f->pg, NULL, 0, &err));
    assert_string_equal(seen_by_the_next(f), "so far");
}

static void test_what_was_taken_after_that_was_not_looked_at(void **state)
{
    struct fixture *f = *state;
    assert_done(state_seen(f->pg, "us", "so far", f->lease.fence - 1, &err));
    state_agent_end(f->pg, "us");
    assert_null(seen_by_the_next(f));
}

/* Its rows may have been marked under them: those who come back to the old ones look at all. */
static void test_how_far_it_was_looked_at_under_other_mappings_is_forgotten(void **state)
{
    struct fixture *f = *state;
    struct lease theirs;
    assert_done(state_seen(f->pg, "us", "so far", f->lease.fence, &err));
    assert_done(state_give(f->pg, &f->lease, 1, &err));
    agent_begins(f->pg, "others");
    assert_true(take_lease(f->pg, "acme", "others", &theirs));
    assert_done(state_give(f->pg, &theirs, 1, &err));
    assert_null(seen_by_the_next(f));
}

static void test_an_account_that_the_holder_does_not_know_of_is_freed(void **state)
{
    struct fixture *f = *state;
    struct lease known;
    const char *const names[] = {"najd"};
    assert_true(take_lease(f->pg, "najd", "us", &known));
    assert_done(state_give_rest(f->pg, "us", names, 1, &err));
    assert_int_equal(database_int(f->pg, "SELECT count(*) FROM qudra_sync.account"
                                         " WHERE holder = 'us' AND name = 'najd'"),
                     1);
    assert_true(database_int(f->pg, "SELECT fence FROM qudra_sync.account WHERE name = 'acme'"
                                    " AND holder IS NULL") > f->lease.fence);
}

static void test_no_more_are_taken_than_asked_for_in_the_order_of_the_wishes(void **state)
{
    struct fixture *f = *state;
    const char *names[] = {"a", "b", "c"};
    const struct take_wish wishes[] = {{.account = "c"}, {.account = "a"}, {.account = "b"}};
    struct taken *taken;
    assert_done(state_add_accounts(f->pg, names, 3, &err));
    assert_int_equal(take(f, "us", wishes, 3, 2, &taken), 2);
    assert_int_equal(taken[0].wish + taken[1].wish, 1);
    assert_int_equal(taken[0].held_ago_ms, -1);
}

static void test_one_that_was_left_just_now_is_not_yet_astray(void **state)
{
    struct fixture *f = *state;
    const struct take_wish wish = {.account = "acme"};
    struct taken *taken;
    size_t n;
    assert_done(state_give(f->pg, &f->lease, 1, &err));
    const struct take_order o = {
        .agent = "us", .wishes = &wish, .n = 1, .most = 1, .free_ms = 60000, .seen_mark = "so"};
    assert_done(state_take(f->pg, &o, &f->arena, &taken, &n, &err));
    assert_int_equal(n, 0);
}

static void test_an_agent_without_a_row_takes_nothing(void **state)
{
    struct fixture *f = *state;
    const struct take_wish wish = {.account = "acme"};
    struct taken *taken;
    assert_done(state_give(f->pg, &f->lease, 1, &err));
    assert_int_equal(take(f, "nobody", &wish, 1, 1, &taken), 1);
    assert_int_equal(taken->fence, 0);
    assert_null(taken->environment);
}

static void test_the_environment_is_recorded_once_and_another_is_refused(void **state)
{
    struct fixture *f = *state;
    const struct take_wish sandbox = {.account = "acme", .environment = "sandbox"};
    const struct take_wish production = {.account = "acme", .environment = "production"};
    struct taken *taken;
    assert_done(state_give(f->pg, &f->lease, 1, &err));
    assert_int_equal(take(f, "us", &sandbox, 1, 1, &taken), 1);
    assert_null(taken->environment);
    f->lease.fence = taken->fence;
    assert_done(state_give(f->pg, &f->lease, 1, &err));
    assert_int_equal(take(f, "us", &production, 1, 1, &taken), 1);
    assert_int_equal(taken->fence, 0);
    assert_string_equal(taken->environment, "sandbox");
    assert_int_equal(take(f, "us", &sandbox, 1, 1, &taken), 1);
    assert_true(taken->fence > 0);
}

static void test_what_is_known_of_an_account_comes_with_it(void **state)
{
    struct fixture *f = *state;
    const struct take_wish wish = {.account = "acme"};
    struct taken *taken;
    mark_pending(f, "a", OP_CREATE, 1);
    mark_pending(f, "b", OP_CREATE, 1);
    assert_true(journal(f, "b", 1));
    assert_done(state_learn(f->pg, &f->lease, 5, 2, &err));
    assert_done(state_limits(f->pg, &f->lease, "{\"configured_quota\": 7}", &err));
    database_run(f->pg, "INSERT INTO qudra_sync.quota VALUES ('acme',"
                        " date_trunc('month', now() AT TIME ZONE 'UTC')::date, 42, now())");
    assert_done(state_give(f->pg, &f->lease, 1, &err));
    assert_int_equal(take(f, "us", &wish, 1, 1, &taken), 1);
    assert_int_equal(taken->as_sent, 5);
    assert_int_equal(taken->changed, 2);
    assert_int_equal(taken->created, 42);
    assert_in_range(taken->refused_ago_ms, 0, 60000);
    assert_int_equal(taken->configured, 7);
    assert_true(taken->pending);
    assert_true(taken->under_way);
    assert_false(taken->deferred);
}

/* ---- the table ------------------------------------------------------------------------------- */

static size_t changed(struct fixture *f, char seen[32], struct account_row **rows)
{
    size_t n;
    assert_done(state_accounts(f->pg, seen, 32, &f->arena, rows, &n, &err));
    return n;
}

/* What was committed is told again as long as an older transaction runs, in any database. */
static void see_all(struct fixture *f, char seen[32])
{
    struct account_row *rows;
    for (int i = 0; i < 5000 && changed(f, seen, &rows) > 0; i++)
        continue;
    assert_int_equal(changed(f, seen, &rows), 0);
}

static void test_changed_accounts_are_told_and_no_others(void **state)
{
    struct fixture *f = *state;
    struct account_row *rows;
    char seen[32] = "0";
    database_run(f->pg, "INSERT INTO qudra_sync.account (name, api_key_file, plan)"
                        " VALUES ('najd', '/keys/najd', 'scale')");
    assert_int_equal(changed(f, seen, &rows), 2);
    assert_string_equal(rows[1].name, "najd");
    assert_string_equal(rows[1].api_key_file, "/keys/najd");
    assert_string_equal(rows[1].plan, "scale");
    assert_null(rows[1].quota);
    assert_true(rows[1].enabled);
    see_all(f, seen);
    assert_done(state_limits(f->pg, &f->lease, "{}", &err));
    assert_int_equal(changed(f, seen, &rows), 0);
    database_run(f->pg, "UPDATE qudra_sync.account SET enabled = false WHERE name = 'najd'");
    assert_int_equal(changed(f, seen, &rows), 1);
    assert_false(rows[0].enabled);
}

static void test_a_change_that_is_committed_late_is_still_told(void **state)
{
    struct fixture *f = *state;
    struct account_row *rows;
    struct pg *them = database_open();
    char seen[32] = "0";
    assert_done(pg_begin(them, &err));
    database_run(them, "INSERT INTO qudra_sync.account (name, api_key_env) VALUES ('late', 'K')");
    database_run(f->pg, "INSERT INTO qudra_sync.account (name, api_key_env) VALUES ('soon', 'K')");
    changed(f, seen, &rows);
    assert_done(pg_commit(them, &err));
    size_t n = changed(f, seen, &rows), late = 0;
    for (size_t i = 0; i < n; i++)
        late += strcmp(rows[i].name, "late") == 0;
    assert_int_equal(late, 1);
    pg_free(them);
}

static void test_a_deleted_account_with_jobs_keeps_what_is_known_of_it(void **state)
{
    struct fixture *f = *state;
    struct account_row *rows;
    char seen[32] = "0";
    database_run(f->pg, "UPDATE qudra_sync.account SET api_key_env = 'K', environment = 'sandbox'");
    see_all(f, seen);
    database_run(f->pg, "DELETE FROM qudra_sync.account");
    assert_int_equal(database_int(f->pg, "SELECT count(*) FROM qudra_sync.account"
                                         " WHERE environment = 'sandbox' AND holder = 'us'"),
                     1);
    assert_int_equal(changed(f, seen, &rows), 1);
    assert_null(rows[0].api_key_env);
}

static void test_accounts_with_work_are_found_from_the_queue(void **state)
{
    struct fixture *f = *state;
    struct lease other;
    const char **accounts;
    size_t n;
    assert_true(take_lease(f->pg, "najd", "us", &other));
    assert_done(state_at_work(f->pg, &f->arena, &accounts, &n, &err));
    assert_int_equal(n, 0);
    mark_pending(f, "a", OP_CREATE, 1);
    mark_pending(f, "b", OP_CREATE, 1);
    struct sighting s = sighting_of("c", 1, 1);
    s.account = "najd";
    assert_done(state_mark(f->pg, &other, 1, "jobs", &s, 1, &err));
    assert_done(state_at_work(f->pg, &f->arena, &accounts, &n, &err));
    assert_int_equal(n, 2);
    assert_true(strcmp(accounts[0], "acme") == 0 || strcmp(accounts[1], "acme") == 0);
    assert_true(strcmp(accounts[0], "najd") == 0 || strcmp(accounts[1], "najd") == 0);
}

static void test_a_page_is_marked_under_the_leases_of_all_its_accounts(void **state)
{
    struct fixture *f = *state;
    struct lease leases[2] = {f->lease};
    assert_true(take_lease(f->pg, "najd", "us", &leases[1]));
    struct sighting page[2] = {sighting_of("a", 1, 1), sighting_of("b", 1, 1)};
    page[1].account = "najd";
    assert_done(state_mark(f->pg, leases, 2, "jobs", page, 2, &err));
    assert_string_equal(row_of(f, "a").account, "acme");
    assert_string_equal(row_of(f, "b").account, "najd");
    leases[1].fence--;
    page[0] = sighting_of("c", 1, 1);
    page[1].key = "d";
    assert_err(ERR_FENCED, state_mark(f->pg, leases, 2, "jobs", page, 2, &err));
    assert_false(row_of(f, "d").exists);
}

/* ---- one key -----------------------------------------------------------------------------------
 */

static void tell_window(struct fixture *f, const char *account, int used, int resets_in_ms)
{
    char sql[512];
    snprintf(sql, sizeof sql,
             "UPDATE qudra_sync.account SET key_mark = 'mark', limits = jsonb_build_object("
             "'learned', true, 'limit', 60, 'used', %d, 'resets_at', "
             "clock_timestamp() + %d * interval '1 ms') WHERE name = '%s'",
             used, resets_in_ms, account);
    database_run(f->pg, sql);
}

static struct sharing share(struct fixture *f)
{
    struct sharing s;
    assert_done(state_share(f->pg, &f->lease, "mark", &s, &err));
    return s;
}

static void test_a_window_with_no_part_left_for_one_more_is_told(void **state)
{
    struct fixture *f = *state;
    struct lease other;
    agent_begins(f->pg, "them");
    assert_true(take_lease(f->pg, "najd", "them", &other));
    tell_window(f, "najd", 30, 20000);
    struct sharing s = share(f);
    assert_int_equal(s.accounts, 2);
    assert_int_equal(s.full_ms, 0);
    tell_window(f, "najd", 31, 20000);
    assert_in_range(share(f).full_ms, 10000, 20000);
    tell_window(f, "najd", 60, -1);
    assert_int_equal(share(f).full_ms, 0);
}

static void test_alone_a_window_is_full_when_its_last_request_is_gone(void **state)
{
    struct fixture *f = *state;
    tell_window(f, "acme", 59, 20000);
    struct sharing s = share(f);
    assert_int_equal(s.accounts, 1);
    assert_int_equal(s.full_ms, 0);
    tell_window(f, "acme", 60, 20000);
    assert_in_range(share(f).full_ms, 10000, 20000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STATE_TEST(test_an_agents_own_time_ends_before_the_databases),
        STATE_TEST(test_a_beat_tells_who_else_lives),
        STATE_TEST(test_the_dead_are_buried_and_what_they_held_is_free_with_a_higher_fence),
        STATE_TEST(test_a_beat_that_comes_first_is_not_buried),
        STATE_TEST(test_an_agent_that_ends_leaves_its_accounts_torn),
        STATE_TEST(test_an_agent_that_begins_anew_holds_nothing_and_others_keep_theirs),
        STATE_TEST(test_an_account_that_is_held_is_not_taken),
        STATE_TEST(test_an_account_given_back_is_taken_whole),
        STATE_TEST(test_an_old_lease_gives_nothing_back),
        STATE_TEST(test_how_far_it_was_looked_at_goes_along_when_it_is_given_back),
        STATE_TEST(test_and_when_its_holder_dies),
        STATE_TEST(test_what_was_taken_after_that_was_not_looked_at),
        STATE_TEST(test_how_far_it_was_looked_at_under_other_mappings_is_forgotten),
        STATE_TEST(test_an_account_that_the_holder_does_not_know_of_is_freed),
        STATE_TEST(test_no_more_are_taken_than_asked_for_in_the_order_of_the_wishes),
        STATE_TEST(test_one_that_was_left_just_now_is_not_yet_astray),
        STATE_TEST(test_an_agent_without_a_row_takes_nothing),
        STATE_TEST(test_the_environment_is_recorded_once_and_another_is_refused),
        STATE_TEST(test_what_is_known_of_an_account_comes_with_it),
        STATE_TEST(test_changed_accounts_are_told_and_no_others),
        STATE_TEST(test_a_change_that_is_committed_late_is_still_told),
        STATE_TEST(test_a_deleted_account_with_jobs_keeps_what_is_known_of_it),
        STATE_TEST(test_accounts_with_work_are_found_from_the_queue),
        STATE_TEST(test_a_page_is_marked_under_the_leases_of_all_its_accounts),
        STATE_TEST(test_a_window_with_no_part_left_for_one_more_is_told),
        STATE_TEST(test_alone_a_window_is_full_when_its_last_request_is_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
