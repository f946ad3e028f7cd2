/* qudra: a page of the list of jobs, and whether another follows. */
#include "qudra_literals.h"

static struct qudra_page page_of(const struct dialect *d, int status, const char *body)
{
    const struct http_response r = answered(status, body);
    struct qudra_page p;
    qudra_read_page(d, &r, &arena, &p);
    return p;
}

static void test_pages_are_read_in_all_their_shapes(void **state)
{
    (void)state;
    const struct dialect *d = &dialect_defaults;
    struct qudra_page p =
        page_of(d, 200, "{\"data\":[" JOB("a") "," JOB("b") "],\"next_cursor\":\"c1\"}");
    assert_true(p.ok);
    assert_int_equal(p.n, 2);
    assert_string_equal(p.jobs[1].job_id, "job_b");
    assert_string_equal(p.next, "c1");
    assert_string_equal(page_of(d, 200, "{\"jobs\":[],\"meta\":{\"next_cursor\":\"c2\"}}").next,
                        "c2");
    assert_string_equal(page_of(d, 200, "{\"items\":[],\"pagination\":{\"next_cursor\":7}}").next,
                        "7");
    assert_null(page_of(d, 200, "{\"data\":[" JOB("a") "],\"next_cursor\":null}").next);
    assert_null(page_of(d, 200, "{\"data\":[],\"next_cursor\":\"\"}").next);
    assert_true(page_of(d, 200, "[]").ok);
}

static void test_numbered_pages_end_with_an_empty_one(void **state)
{
    (void)state;
    struct dialect d = dialect_defaults;
    d.paging = PAGING_PAGE;
    assert_non_null(page_of(&d, 200, "{\"data\":[" JOB("a") "]}").next);
    assert_null(page_of(&d, 200, "{\"data\":[]}").next);
    assert_null(page_of(&d, 200, "{\"data\":[" JOB("a") "],\"has_more\":false}").next);
}

static void test_a_list_that_cannot_be_read_proves_nothing(void **state)
{
    (void)state;
    const struct dialect *d = &dialect_defaults;
    assert_false(page_of(d, 200, "{\"data\":[" JOB("a") ",{\"title\":\"no id\"}]}").ok);
    assert_false(page_of(d, 200, "{\"data\":[" JOB("a")).ok);
    assert_false(page_of(d, 200, "{}").ok);
    assert_int_equal(page_of(d, 401, "").error.kind, OUTCOME_STOP);
    assert_int_equal(page_of(d, 403, "").error.kind, OUTCOME_STOP);
    assert_int_equal(page_of(d, 429, "").error.kind, OUTCOME_LIMITED);
    assert_int_equal(page_of(d, 404, "").error.kind, OUTCOME_RETRY);
    assert_int_equal(page_of(d, 502, "<html>").error.kind, OUTCOME_RETRY);
}

static void test_a_full_page_without_a_word_on_what_follows_is_cut(void **state)
{
    (void)state;
    struct buf bare = BUF_INIT(1 << 16);
    for (int i = 0; i < QUDRA_PAGE_LIMIT; i++)
        buf_printf(&bare, "%s{\"id\":\"job_%d\"}", i == 0 ? "[" : ",", i);
    buf_addstr(&bare, "]");
    const struct http_response full = answered(200, buf_str(&bare));
    const struct http_response part = answered(200, "[{\"id\":\"job_1\"}]");
    struct qudra_page p;
    qudra_read_page(&dialect_defaults, &full, &arena, &p);
    assert_true(p.ok && p.cut && p.next == NULL);
    qudra_read_page(&dialect_defaults, &part, &arena, &p);
    assert_true(p.ok && !p.cut);
    buf_release(&bare);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        QUDRA_TEST(test_pages_are_read_in_all_their_shapes),
        QUDRA_TEST(test_numbered_pages_end_with_an_empty_one),
        QUDRA_TEST(test_a_list_that_cannot_be_read_proves_nothing),
        QUDRA_TEST(test_a_full_page_without_a_word_on_what_follows_is_cut),
    };
    return cmocka_run_group_tests_name("qudra_pages", tests, NULL, NULL);
}
