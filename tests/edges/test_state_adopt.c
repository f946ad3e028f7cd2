/* edges/state, adoption: what state_adopt writes, and above all which rows it leaves alone. */
#include "edges/state_fixture.h"

static struct job_hash hash_of_title(const char *title)
{
    const struct job job = {.field = {[JOB_TITLE] = text_of(title)}};
    struct job_hash h;
    job_hash(&job, &h);
    return h;
}

static struct sighting wanted(const char *key, const char *title)
{
    return (struct sighting){.key = key,
                             .account = "acme",
                             .priority = (double)NAN,
                             .desired = {.kind = DESIRED_JOB, .hash = hash_of_title(title)}};
}

static bool adopt(struct fixture *f, const struct sighting *row, const char *job_id,
                  const char *answered, bool same)
{
    const struct outcome job = {.job_id = job_id, .job_status = "active", .match_ready = -1};
    const struct adoption a = {.row = row,
                               .job = job_id != NULL ? &job : NULL,
                               .content = hash_of_title(answered),
                               .same = same,
                               .message = job_id != NULL ? NULL : "which one",
                               .message_ar = job_id != NULL ? NULL : "أيها"};
    bool taken;
    assert_done(state_adopt(f->pg, &f->lease, "jobs", &a, 1, &taken, &err));
    return taken;
}

static void lose_create(struct fixture *f, const char *key, const char *title, const char *state)
{
    struct job_hash h = hash_of_title(title);
    struct sighting row = wanted(key, title);
    row.mark = ROW_PENDING;
    row.op = (struct op){.kind = OP_CREATE, .fields = JOB_ALL};
    assert_done(state_mark(f->pg, &f->lease, 1, "jobs", &row, 1, &err));
    const struct attempt a = {.mapping = "jobs",
                              .key = key,
                              .idempotency_key = "k",
                              .payload = h,
                              .wanted = row.desired.hash.all};
    bool taken;
    assert_done(state_journal(f->pg, &f->lease, &a, 1, &taken, &err));
    assert_true(taken);
    char sql[128];
    snprintf(sql, sizeof sql, "UPDATE qudra_sync.job SET state = '%s' WHERE source_key = '%s'",
             state, key);
    database_run(f->pg, sql);
}

static void test_a_job_that_says_the_same_makes_the_row_synced(void **state)
{
    struct fixture *f = *state;
    struct sighting row = wanted("1", "Driver ");
    assert_true(adopt(f, &row, "job_1", "Driver", true));
    struct recorded r = row_of(f, "1");
    assert_int_equal(r.state, ROW_SYNCED);
    assert_string_equal(r.job_id, "job_1");
    assert_true(r.has_synced);
    assert_true(job_hash_equal(&r.synced, &row.desired.hash));
    const char *id = "job_1";
    struct bound b;
    assert_done(state_listed(f->pg, "acme", &id, 1, &f->arena, &b, &err));
    assert_string_equal(b.key, "1");
    assert_true(b.has_answered);
    assert_true(b.answered.field[JOB_TITLE] == hash_of_title("Driver").field[JOB_TITLE]);
}

static void test_a_job_that_says_something_else_waits_to_be_updated(void **state)
{
    struct fixture *f = *state;
    struct sighting row = wanted("1", "Driver");
    assert_true(adopt(f, &row, "job_1", "Nurse", false));
    struct recorded r = row_of(f, "1");
    assert_int_equal(r.state, ROW_PENDING);
    assert_int_equal(r.op, OP_UPDATE);
    assert_false(r.has_synced);
}

static void test_a_row_that_has_a_job_keeps_it(void **state)
{
    struct fixture *f = *state;
    struct sighting row = wanted("1", "Driver");
    assert_true(adopt(f, &row, "job_1", "Driver", true));
    assert_false(adopt(f, &row, "job_2", "Driver", true));
    assert_false(adopt(f, &row, NULL, "Driver", false));
    assert_string_equal(row_of(f, "1").job_id, "job_1");
}

static void test_a_job_that_a_row_has_is_not_given_to_another(void **state)
{
    struct fixture *f = *state;
    struct sighting one = wanted("1", "Driver"), two = wanted("2", "Driver");
    assert_true(adopt(f, &one, "job_1", "Driver", true));
    assert_false(adopt(f, &two, "job_1", "Driver", true));
    assert_false(row_of(f, "2").exists);
}

static void test_a_create_in_flight_is_left_alone(void **state)
{
    struct fixture *f = *state;
    struct sighting row = wanted("1", "Driver");
    lose_create(f, "1", "Driver", "sending");
    assert_false(adopt(f, &row, "job_1", "Driver", true));
    assert_int_equal(row_of(f, "1").state, ROW_SENDING);
}

static void test_a_lost_create_is_settled_by_a_job_that_says_what_was_sent(void **state)
{
    struct fixture *f = *state;
    struct sighting changed = wanted("1", "Nurse"), same = wanted("1", "Driver");
    lose_create(f, "1", "Driver", "uncertain");
    assert_false(adopt(f, &changed, "job_1", "Nurse", true));
    assert_false(adopt(f, &same, NULL, "Driver", false));
    assert_true(adopt(f, &same, "job_1", "Driver", true));
    struct open_attempt *open;
    size_t n;
    assert_done(state_open_attempts(f->pg, "acme", 10, &f->arena, &open, &n, &err));
    assert_int_equal(n, 0);
}

static void test_doubt_keeps_a_row_from_being_created_until_it_is_over(void **state)
{
    struct fixture *f = *state;
    struct sighting row = wanted("1", "Driver");
    int64_t freed;
    assert_true(adopt(f, &row, NULL, "Driver", false));
    assert_int_equal(row_of(f, "1").state, ROW_UNCERTAIN);
    assert_done(state_adopt_end(f->pg, &f->lease, "jobs", 60000, &freed, &err));
    assert_int_equal(freed, 0);
    database_run(f->pg, "UPDATE qudra_sync.job SET changed_at = now() - interval '2 minutes'");
    assert_done(state_adopt_end(f->pg, &f->lease, "jobs", 60000, &freed, &err));
    assert_int_equal(freed, 1);
    assert_int_equal(row_of(f, "1").op, OP_CREATE);
}

static void test_retry_ends_a_doubt_too(void **state)
{
    struct fixture *f = *state;
    struct sighting row = wanted("1", "Driver");
    int64_t count;
    assert_true(adopt(f, &row, NULL, "Driver", false));
    assert_done(state_retry(f->pg, &f->lease, NULL, NULL, NULL, &count, &err));
    assert_int_equal(count, 1);
    assert_int_equal(row_of(f, "1").op, OP_CREATE);
}

static void test_a_lease_that_is_lost_adopts_nothing(void **state)
{
    struct fixture *f = *state;
    struct sighting row = wanted("1", "Driver");
    const struct outcome job = {.job_id = "job_1", .match_ready = -1};
    const struct adoption a = {.row = &row, .job = &job, .content = row.desired.hash, .same = true};
    struct lease old = f->lease;
    bool taken;
    old.fence--;
    assert_false(state_adopt(f->pg, &old, "jobs", &a, 1, &taken, &err));
    assert_int_equal(err.kind, ERR_FENCED);
    assert_false(row_of(f, "1").exists);
}

static void test_bound_rows_come_page_by_page_and_without_removals(void **state)
{
    struct fixture *f = *state;
    static const char *const keys[] = {"1", "2", "3", "4"};
    static const char *const ids[] = {"job_a", "job_b", "job_c", "job_d"};
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        struct sighting row = wanted(keys[i], "Driver");
        assert_true(adopt(f, &row, ids[i], "Driver", true));
    }
    database_run(f->pg, "UPDATE qudra_sync.job SET state = 'removed' WHERE source_key = '2'");
    database_run(f->pg, "UPDATE qudra_sync.job SET state = 'pending', operation = 'delete' "
                        "WHERE source_key = '3'");
    struct bound *rows;
    size_t n;
    assert_done(state_bound(f->pg, "acme", NULL, 1, &f->arena, &rows, &n, &err));
    assert_int_equal(n, 1);
    assert_string_equal(rows[0].recorded.job_id, "job_a");
    const struct binding first = {.mapping = rows[0].mapping, .key = rows[0].key};
    assert_done(state_bound(f->pg, "acme", &first, 5, &f->arena, &rows, &n, &err));
    assert_int_equal(n, 1);
    assert_string_equal(rows[0].recorded.job_id, "job_d");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STATE_TEST(test_a_job_that_says_the_same_makes_the_row_synced),
        STATE_TEST(test_a_job_that_says_something_else_waits_to_be_updated),
        STATE_TEST(test_a_row_that_has_a_job_keeps_it),
        STATE_TEST(test_a_job_that_a_row_has_is_not_given_to_another),
        STATE_TEST(test_a_create_in_flight_is_left_alone),
        STATE_TEST(test_a_lost_create_is_settled_by_a_job_that_says_what_was_sent),
        STATE_TEST(test_doubt_keeps_a_row_from_being_created_until_it_is_over),
        STATE_TEST(test_retry_ends_a_doubt_too),
        STATE_TEST(test_a_lease_that_is_lost_adopts_nothing),
        STATE_TEST(test_bound_rows_come_page_by_page_and_without_removals),
    };
    return cmocka_run_group_tests_name("state_adopt", tests, NULL, NULL);
}
