/* state: is a page as a whole what is recorded, on a real server. */
#include "edges/state_fixture.h"

#include "base/clock.h"

enum { ROWS = 3 };

/* Rows a1, b1, c1, mirrored as they are wanted. */
static void mirrored(struct fixture *f, struct sighting page[ROWS])
{
    static const char *const keys[] = {"a1", "b1", "c1"};
    static const char *const jobs[] = {"job_1", "job_2", "job_3"};
    for (unsigned char i = 0; i < ROWS; i++) {
        mirror(f, keys[i], i + 1, jobs[i]);
        page[i] = sighting_of(keys[i], i + 1, 5);
    }
}

static bool is_unchanged(struct fixture *f, const struct sighting *page, size_t n)
{
    bool unchanged;
    assert_true(state_unchanged_can_tell(page, n));
    assert_done(state_unchanged_send(f->pg, "jobs", page, n, &err));
    assert_done(state_unchanged_receive(f->pg, &unchanged, &err));
    return unchanged;
}

/* The long way must say the same of a page that is told to be unchanged. */
static void assert_unchanged(struct fixture *f, const struct sighting *page, size_t n)
{
    struct comparison found;
    assert_true(is_unchanged(f, page, n));
    assert_done(state_compare_send(f->pg, "jobs", page, n, &err));
    assert_done(state_compare_receive(f->pg, page, n, &f->arena, &found, &err));
    assert_int_equal(found.n, 0);
    assert_int_equal(found.live, n);
}

static void test_rows_as_they_are_recorded(void **state)
{
    struct fixture *f = *state;
    struct sighting page[ROWS];
    mirrored(f, page);
    assert_unchanged(f, page, ROWS);
    assert_unchanged(f, page + 1, 2);
}

static void test_another_hash_a_new_row_and_one_that_is_missing_are_seen(void **state)
{
    struct fixture *f = *state;
    struct sighting page[ROWS];
    mirrored(f, page);
    for (size_t i = 0; i < ROWS; i++) {
        page[i].desired.hash = hash_of(9);
        assert_false(is_unchanged(f, page, ROWS));
        page[i].desired.hash = hash_of((unsigned char)(i + 1));
    }
    page[1].key = "b2";
    assert_false(is_unchanged(f, page, ROWS));
    page[1].key = "b1";
    page[2].key = "c2";
    assert_false(is_unchanged(f, page, ROWS));
    const struct sighting without[] = {page[0], sighting_of("c1", 3, 5)};
    assert_false(is_unchanged(f, without, 2));
}

static void test_whatever_state_compare_would_tell_of_a_row_is_seen(void **state)
{
    static const char *const changes[] = {
        "state = 'held'",
        "state = 'removed'",
        "state = 'pending', operation = 'update'",
        "state = 'deferred', operation = 'create'",
        "gone_at = now()",
        "due_at = now() + interval '1 hour'",
        "account = 'other'",
        "desired_hash = NULL",
        "mapping = 'more'",
    };
    struct fixture *f = *state;
    struct sighting page[ROWS];
    mirrored(f, page);
    for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
        assert_done(pg_begin(f->pg, &err));
        database_run(f->pg,
                     arena_printf(&f->arena, "UPDATE qudra_sync.job SET %s WHERE source_key = 'b1'",
                                  changes[i]));
        if (is_unchanged(f, page, ROWS))
            fail_msg("not seen: %s", changes[i]);
        pg_rollback(f->pg);
    }
    assert_unchanged(f, page, ROWS);
}

/* As of numbers: between 10 and 19 there are 100 and 1000. */
static void test_keys_of_another_length_in_between_are_other_pages_rows(void **state)
{
    struct fixture *f = *state;
    struct sighting page[ROWS];
    mirrored(f, page);
    for (int i = 0; i < ROWS; i++)
        mark_pending(f, arena_printf(&f->arena, "b1%d", i), OP_CREATE, 1);
    assert_unchanged(f, page, ROWS);
    mark_pending(f, "b2", OP_CREATE, 1);
    assert_false(is_unchanged(f, page, ROWS));
}

static void test_of_keys_whose_lengths_differ_none_may_be_in_between(void **state)
{
    struct fixture *f = *state;
    mirror(f, "a", 1, "job_1");
    mirror(f, "b22", 2, "job_2");
    const struct sighting page[] = {sighting_of("a", 1, 5), sighting_of("b22", 2, 5)};
    assert_unchanged(f, page, 2);
    mark_pending(f, "ab", OP_CREATE, 1);
    assert_false(is_unchanged(f, page, 2));
}

/* So much is not read for a page that it would cost more than looking up each row. */
static void test_a_range_of_many_other_rows_is_not_read_to_its_end(void **state)
{
    struct fixture *f = *state;
    struct sighting page[ROWS];
    mirrored(f, page);
    for (int i = 0; i < 3 * ROWS; i++)
        mark_pending(f, arena_printf(&f->arena, "b1%d", i), OP_CREATE, 1);
    assert_unchanged(f, page, ROWS);
    mark_pending(f, "b1x", OP_CREATE, 1);
    assert_false(is_unchanged(f, page, ROWS));
}

static void test_it_cannot_be_asked_of_every_page(void **state)
{
    struct sighting page[] = {sighting_of("a", 1, 5), sighting_of("b", 1, 5),
                              sighting_of("c", 1, 5)};
    (void)state;
    assert_true(state_unchanged_can_tell(page, 3));
    assert_false(state_unchanged_can_tell(page, 1));
    assert_false(state_unchanged_can_tell(page, 0));
    page[2].key = "b";
    assert_false(state_unchanged_can_tell(page, 3));
    page[2].key = "a";
    assert_false(state_unchanged_can_tell(page, 3));
    page[2].key = "c";
    page[2].due_ms = clock_wall_ms();
    assert_false(state_unchanged_can_tell(page, 3));
    page[2].due_ms = 0;
    page[2].account = "other";
    assert_false(state_unchanged_can_tell(page, 3));
    page[2].account = "acme";
    page[2].desired.kind = DESIRED_GONE;
    assert_false(state_unchanged_can_tell(page, 3));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STATE_TEST(test_rows_as_they_are_recorded),
        STATE_TEST(test_another_hash_a_new_row_and_one_that_is_missing_are_seen),
        STATE_TEST(test_whatever_state_compare_would_tell_of_a_row_is_seen),
        STATE_TEST(test_keys_of_another_length_in_between_are_other_pages_rows),
        STATE_TEST(test_of_keys_whose_lengths_differ_none_may_be_in_between),
        STATE_TEST(test_a_range_of_many_other_rows_is_not_read_to_its_end),
        cmocka_unit_test(test_it_cannot_be_asked_of_every_page),
    };
    return cmocka_run_group_tests_name("state_unchanged", tests, NULL, NULL);
}
