/*
 * report and operator against a real server: counts that add up, latencies, pages of rows, and what
 * a person may change beside a running agent.
 */
#include "edges/state_fixture.h"

#include "edges/operator.h"
#include "edges/report.h"

static const struct report_scope everything = {.n_accounts = 0};

/* Rows in every state, of two accounts and two mappings. */
static void fill(struct fixture *f)
{
    database_run(
        f->pg,
        "INSERT INTO qudra_sync.job (account, mapping, source_key, state, operation, job_id,"
        "  job_status, embedding_status, match_ready, error_code, error_message, error_message_ar,"
        "  changed_at, first_seen_at, synced_at, next_attempt_at, desired_hash)"
        " VALUES"
        " ('acme', 'jobs', '1', 'pending', 'close', 'job_1', 'active', NULL, NULL, NULL, NULL,"
        "  NULL, now() - interval '90 s', now() - interval '1 d', now() - interval '1 d', NULL, "
        "NULL),"
        " ('acme', 'jobs', '2', 'pending', 'create', NULL, NULL, NULL, NULL, 'timeout', 'no "
        "answer',"
        "  NULL, now() - interval '10 s', now() - interval '10 s', NULL, now() + interval '1 min', "
        "'\\x01'),"
        " ('acme', 'jobs', '3', 'synced', NULL, 'job_3', 'active', 'failed', false, NULL, NULL,"
        "  NULL, now(), now(), now(), NULL, '\\x01'),"
        " ('acme', 'jobs', '4', 'refused', 'create', NULL, NULL, NULL, NULL, 'title.too_short',"
        "  'too short', 'قصير', now(), now(), NULL, NULL, '\\x01'),"
        " ('acme', 'jobs', '5', 'held', 'close', 'job_5', 'active', 'ready', true, NULL, NULL,"
        "  NULL, now(), now(), now(), NULL, NULL),"
        " ('najd', 'posts', 'a,b', 'refused', 'update', 'job_6', 'active', 'processing', NULL,"
        "  'title.too_short', 'too short', 'قصير', now(), now(), now(), NULL, '\\x01'),"
        " ('najd', 'posts', 'c', 'synced', NULL, 'job_7', 'active', 'processing', false, NULL,"
        "  NULL, NULL, now(), now(), now(), NULL, '\\x01')");
}

static int filled(void **state)
{
    if (fixture_begin(state) != 0)
        return -1;
    fill(*state);
    return 0;
}

/* Rows that were closed so many ms after their change was found. */
static void add_closed(struct fixture *f, const char *mapping, int n)
{
    char sql[512];
    snprintf(sql, sizeof sql,
             "INSERT INTO qudra_sync.job (account, mapping, source_key, state, job_id, job_status,"
             "  first_seen_at, changed_at, synced_at)"
             " SELECT 'acme', '%s', 'c' || i, 'removed', '%s_c' || i, 'closed',"
             "  now() - interval '1 d', now() - interval '1 h',"
             "  now() - interval '1 h' + i * interval '1 s' FROM generate_series(1, %d) AS i",
             mapping, mapping, n);
    database_run(f->pg, sql);
}

/* ---- counts ---------------------------------------------------------------------------------- */

static struct report_counts counts_of(struct fixture *f, const char *account, const char *mapping)
{
    const struct report_scope scope = {.accounts = &account,
                                       .mappings = &mapping,
                                       .n_accounts = account != NULL,
                                       .n_mappings = mapping != NULL};
    struct report_counts total;
    struct report_group *groups;
    size_t n;
    assert_done(report_groups(f->pg, &scope, &f->arena, &total, &groups, &n, &err));
    return total;
}

static void test_counts_add_up_over_everything(void **state)
{
    struct fixture *f = *state;
    struct report_counts c = counts_of(f, NULL, NULL);
    assert_int_equal(c.state[ROW_PENDING], 2);
    assert_int_equal(c.state[ROW_SYNCED], 2);
    assert_int_equal(c.state[ROW_REFUSED], 2);
    assert_int_equal(c.state[ROW_HELD], 1);
    assert_int_equal(c.state[ROW_REMOVED], 0);
    assert_int_equal(c.pending[OP_CLOSE], 1);
    assert_int_equal(c.pending[OP_CREATE], 1);
    assert_int_equal(c.waiting, 1);
    assert_int_equal(c.at_qudra, 5);
    assert_int_equal(c.embedding_failed, 1);
    assert_int_equal(c.embedding_processing, 2);
    assert_in_range(c.oldest_pending_ms, 90000, 150000);
    assert_int_equal(c.close_p50_ms, -1);
}

static void test_counts_of_an_empty_state_are_nothing(void **state)
{
    struct fixture *f = *state;
    struct report_counts c = counts_of(f, NULL, NULL);
    assert_int_equal(c.state[ROW_PENDING] + c.state[ROW_SYNCED] + c.at_qudra, 0);
    assert_int_equal(c.oldest_pending_ms, -1);
    assert_int_equal(c.close_max_ms, -1);
}

static void test_counts_keep_to_the_account_and_mapping_asked_for(void **state)
{
    struct fixture *f = *state;
    struct report_counts c = counts_of(f, "najd", NULL);
    assert_int_equal(c.state[ROW_REFUSED], 1);
    assert_int_equal(c.state[ROW_PENDING], 0);
    c = counts_of(f, NULL, "jobs");
    assert_int_equal(c.state[ROW_REFUSED], 1);
    c = counts_of(f, "najd", "jobs");
    assert_int_equal(c.at_qudra, 0);
}

static void test_groups_are_told_apart_and_their_latency_with_them(void **state)
{
    struct fixture *f = *state;
    struct report_counts total;
    struct report_group *g;
    size_t n;
    add_closed(f, "jobs", 100);
    assert_done(report_groups(f->pg, &everything, &f->arena, &total, &g, &n, &err));
    assert_int_equal(n, 2);
    assert_string_equal(g[0].account, "acme");
    assert_string_equal(g[0].mapping, "jobs");
    assert_string_equal(g[1].mapping, "posts");
    assert_int_equal(g[0].counts.state[ROW_REMOVED], 100);
    assert_int_equal(g[0].counts.close_p50_ms, 50000);
    assert_int_equal(g[0].counts.close_p95_ms, 95000);
    assert_int_equal(g[0].counts.close_max_ms, 100000);
    assert_int_equal(g[1].counts.close_max_ms, -1);
    assert_int_equal(total.close_p95_ms, 95000);
}

static void test_a_job_closed_from_the_first_has_no_close_latency(void **state)
{
    struct fixture *f = *state;
    struct report_counts c;
    database_run(f->pg, "INSERT INTO qudra_sync.job (account, mapping, source_key, state, job_id,"
                        "  job_status, first_seen_at, changed_at, synced_at)"
                        " VALUES ('acme', 'jobs', 'x', 'synced', 'job_x', 'closed', now(), now(),"
                        "  now() + interval '1 h')");
    c = counts_of(f, NULL, NULL);
    assert_int_equal(c.close_max_ms, -1);
}

/* ---- rows ------------------------------------------------------------------------------------ */

static void test_pages_of_rows_meet_without_gap_or_overlap(void **state)
{
    struct fixture *f = *state;
    struct report_filter filter = {.limit = 3};
    struct report_row *rows;
    size_t n;
    char keys[64] = "";
    do {
        assert_done(report_rows(f->pg, &filter, &f->arena, &rows, &n, &err));
        for (size_t i = 0; i < n; i++)
            strcat(strcat(keys, rows[i].key), " ");
        if (n > 0) {
            filter.after_mapping = rows[n - 1].mapping;
            filter.after_key = rows[n - 1].key;
        }
    } while (n > 0);
    assert_string_equal(keys, "1 2 3 4 5 a,b c ");
}

static void test_rows_are_found_by_state_code_key_and_embedding(void **state)
{
    struct fixture *f = *state;
    struct report_row *rows;
    size_t n;
    static const char *const jobs = "jobs", *const acme = "acme";
    const struct report_filter by_code = {
        .code = "title.too_short", .mappings = &jobs, .n_mappings = 1, .limit = 9};
    assert_done(report_rows(f->pg, &by_code, &f->arena, &rows, &n, &err));
    assert_int_equal(n, 1);
    assert_string_equal(rows[0].key, "4");
    assert_string_equal(rows[0].state, "refused");
    assert_string_equal(rows[0].operation, "create");
    assert_string_equal(rows[0].error_message_ar, "قصير");
    assert_int_equal(rows[0].match_ready, -1);
    assert_null(rows[0].job_id);
    assert_int_equal(strlen(rows[0].changed_at), strlen("2026-01-31T09:30:00.123Z"));
    const struct report_filter failed = {.embedding = "failed", .limit = 9};
    assert_done(report_rows(f->pg, &failed, &f->arena, &rows, &n, &err));
    assert_int_equal(n, 1);
    assert_string_equal(rows[0].key, "3");
    assert_int_equal(rows[0].match_ready, 0);
    const struct report_filter one = {
        .state = "held", .accounts = &acme, .n_accounts = 1, .key = "5", .limit = 9};
    assert_done(report_rows(f->pg, &one, &f->arena, &rows, &n, &err));
    assert_int_equal(n, 1);
}

static void test_reasons_are_counted_by_mapping_and_code(void **state)
{
    struct fixture *f = *state;
    struct report_code *codes;
    size_t n;
    database_run(f->pg,
                 "INSERT INTO qudra_sync.job (account, mapping, source_key, state, error_code)"
                 " VALUES ('najd', 'posts', 'd', 'refused', 'title.too_short')");
    assert_done(report_codes(f->pg, &everything, ROW_REFUSED, &f->arena, &codes, &n, &err));
    assert_int_equal(n, 2);
    assert_string_equal(codes[0].mapping, "posts");
    assert_int_equal(codes[0].rows, 2);
    assert_string_equal(codes[0].message, "too short");
    assert_string_equal(codes[1].mapping, "jobs");
}

/* ---- accounts, runs -------------------------------------------------------------------------- */

static void test_an_account_shows_its_holder_quota_and_trouble(void **state)
{
    struct fixture *f = *state;
    const struct report_scope all = {.n_accounts = 0};
    struct report_account *accounts;
    size_t n;
    bool changed;
    assert_done(state_trouble(f->pg, &f->lease, "key refused", &changed, &err));
    assert_done(state_limits(f->pg, &f->lease, "{\"limit\": 950, \"left\": 3}", &err));
    database_run(f->pg, "INSERT INTO qudra_sync.quota VALUES ('acme',"
                        " date_trunc('month', now() AT TIME ZONE 'UTC')::date, 42, now()),"
                        " ('acme', '2020-01-01', 7, NULL)");
    assert_done(report_accounts(f->pg, &all, &f->arena, &accounts, &n, &err));
    assert_int_equal(n, 1);
    assert_string_equal(accounts[0].name, "acme");
    assert_string_equal(accounts[0].holder, "us");
    assert_in_range(accounts[0].lease_left_ms, 1, LEASE_MS + LEASE_GRACE_MS);
    assert_int_equal(accounts[0].quota_created, 42);
    assert_true(accounts[0].quota_exceeded);
    assert_string_equal(accounts[0].trouble, "key refused");
    assert_non_null(strstr(accounts[0].limits, "950"));
    assert_done(state_give(f->pg, &f->lease, 1, &err));
    assert_done(report_accounts(f->pg, &all, &f->arena, &accounts, &n, &err));
    assert_true(accounts[0].lease_left_ms < 0);
    assert_null(accounts[0].holder);
    assert_done(report_account(f->pg, "nobody", &f->arena, &accounts, &err));
    assert_null(accounts);
}

static void test_an_account_is_listed_while_its_row_names_a_key_and_is_enabled(void **state)
{
    struct fixture *f = *state;
    struct report_account *one;
    assert_done(report_account(f->pg, "acme", &f->arena, &one, &err));
    assert_false(one->listed);
    database_run(f->pg, "UPDATE qudra_sync.account SET api_key_file = '/key' WHERE name = 'acme'");
    assert_done(report_account(f->pg, "acme", &f->arena, &one, &err));
    assert_true(one->listed);
    database_run(f->pg, "UPDATE qudra_sync.account SET enabled = false WHERE name = 'acme'");
    assert_done(report_account(f->pg, "acme", &f->arena, &one, &err));
    assert_false(one->listed);
}

static void test_the_last_runs_come_first(void **state)
{
    struct fixture *f = *state;
    struct report_run *runs;
    size_t n;
    int64_t first, second;
    assert_done(state_run_begin(f->pg, "scan", NULL, "jobs", &first, &err));
    assert_done(state_run_end(f->pg, first, "detected", "{\"rows\":3}", NULL, &err));
    assert_done(state_run_begin(f->pg, "changes", NULL, NULL, &second, &err));
    assert_done(report_runs(f->pg, 5, &f->arena, &runs, &n, &err));
    assert_int_equal(n, 2);
    assert_int_equal(runs[0].id, second);
    assert_null(runs[0].ended_at);
    assert_null(runs[0].outcome);
    assert_string_equal(runs[1].outcome, "detected");
    assert_string_equal(runs[1].counts, "{\"rows\": 3}");
}

/* ---- operator -------------------------------------------------------------------------------- */

static void test_retry_works_beside_the_agent_that_holds_the_account(void **state)
{
    struct fixture *f = *state;
    int64_t count, fence = f->lease.fence;
    const struct operator_choice choice = {.mapping = "jobs", .key = "4"};
    assert_done(operator_retry(f->pg, &choice, &count, &err));
    assert_int_equal(count, 1);
    assert_int_equal(database_int(f->pg, "SELECT count(*) FROM qudra_sync.job"
                                         " WHERE source_key = '4' AND state = 'pending'"
                                         " AND operation = 'create'"),
                     1);
    assert_int_equal(database_int(f->pg, "SELECT fence FROM qudra_sync.account"), fence);
    assert_done(state_limits(f->pg, &f->lease, "{}", &err));
}

static void test_retry_takes_only_what_is_chosen(void **state)
{
    struct fixture *f = *state;
    int64_t count;
    const struct operator_choice other = {.code = "city.unknown"};
    assert_done(operator_retry(f->pg, &other, &count, &err));
    assert_int_equal(count, 0);
    database_run(f->pg, "INSERT INTO qudra_sync.account (name) VALUES ('najd')");
    const struct operator_choice all = {.code = "title.too_short"};
    assert_done(operator_retry(f->pg, &all, &count, &err));
    assert_int_equal(count, 2);
}

static void test_release_lets_held_removals_go(void **state)
{
    struct fixture *f = *state;
    int64_t count;
    const struct operator_choice all = {.account = "acme"};
    assert_done(operator_release(f->pg, &all, &count, &err));
    assert_int_equal(count, 1);
    assert_int_equal(database_int(f->pg, "SELECT count(*) FROM qudra_sync.job"
                                         " WHERE state = 'pending' AND operation = 'close'"),
                     2);
}

static void test_the_agent_is_woken(void **state)
{
    struct fixture *f = *state;
    struct pg *agent = database_open();
    assert_done(pg_listen(agent, "qudra_sync", &err));
    assert_done(operator_wake(f->pg, &err));
    database_run(agent, "SELECT 1"); /* brings what has come */
    assert_true(pg_notified(agent, &err));
    pg_free(agent);
}

int main(void)
{
#define TEST(name)       cmocka_unit_test_setup_teardown(name, filled, fixture_end)
#define TEST_EMPTY(name) cmocka_unit_test_setup_teardown(name, fixture_begin, fixture_end)
    const struct CMUnitTest tests[] = {
        TEST(test_counts_add_up_over_everything),
        TEST_EMPTY(test_counts_of_an_empty_state_are_nothing),
        TEST(test_counts_keep_to_the_account_and_mapping_asked_for),
        TEST(test_groups_are_told_apart_and_their_latency_with_them),
        TEST_EMPTY(test_a_job_closed_from_the_first_has_no_close_latency),
        TEST(test_pages_of_rows_meet_without_gap_or_overlap),
        TEST(test_rows_are_found_by_state_code_key_and_embedding),
        TEST(test_reasons_are_counted_by_mapping_and_code),
        TEST(test_an_account_shows_its_holder_quota_and_trouble),
        TEST(test_an_account_is_listed_while_its_row_names_a_key_and_is_enabled),
        TEST_EMPTY(test_the_last_runs_come_first),
        TEST(test_retry_works_beside_the_agent_that_holds_the_account),
        TEST(test_retry_takes_only_what_is_chosen),
        TEST(test_release_lets_held_removals_go),
        TEST_EMPTY(test_the_agent_is_woken),
    };
    return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
