/* qudra: an answer to a bulk-create, and what becomes of each of its rows. */
#include "qudra_literals.h"

static const struct outcome *bulk(size_t n, int status, const char *body)
{
    const struct http_response r = answered(status, body);
    qudra_outcomes(&dialect_defaults, OP_CREATE, true, n, &r, &arena, out);
    return out;
}

/* Kinds of the rows as letters: d(one) u(ncertain) r(efused) q(uota) s(plit) l(imited) S(top)
 * t(ry). */
static const char *kinds(size_t n)
{
    static const char letters[OUTCOMES] = {
        [OUTCOME_DONE] = 'd',      [OUTCOME_RETRY] = 't',   [OUTCOME_LIMITED] = 'l',
        [OUTCOME_UNCERTAIN] = 'u', [OUTCOME_REFUSED] = 'r', [OUTCOME_GONE] = 'g',
        [OUTCOME_QUOTA] = 'q',     [OUTCOME_STOP] = 'S',    [OUTCOME_SPLIT] = 's'};
    static char text[9];
    for (size_t i = 0; i < n; i++)
        text[i] = letters[out[i].kind];
    text[n] = '\0';
    return text;
}

#define assert_bulk(n, status, body, want)                                                         \
    do {                                                                                           \
        bulk(n, status, body);                                                                     \
        assert_string_equal(kinds(n), want);                                                       \
    } while (0)

#define DONE(i, id) "{\"index\":" i ",\"status\":\"created\",\"job\":" JOB(id) "}"
#define FAILED(i, code)                                                                            \
    "{\"index\":" i ",\"status\":\"failed\",\"error\":{\"code\":\"" code "\",\"message\":\"no\"}}"

static void test_bulk_results_are_matched_by_index_in_any_order(void **state)
{
    (void)state;
    assert_bulk(3, 207,
                "{\"results\":[" DONE("2", "c") "," FAILED(
                    "1", "partner.validation_failed") "," DONE("0", "a") "]}",
                "drd");
    assert_string_equal(out[0].job_id, "job_a");
    assert_string_equal(out[1].code, "partner.validation_failed");
    assert_string_equal(out[2].job_id, "job_c");
}

static void test_the_list_may_stand_in_many_places(void **state)
{
    (void)state;
    assert_bulk(2, 201, "[" JOB("a") "," JOB("b") "]", "dd");
    assert_bulk(2, 201, "{\"data\":[" JOB("a") "," JOB("b") "]}", "dd");
    assert_bulk(2, 201, "{\"jobs\":[" JOB("a") "," JOB("b") "]}", "dd");
    assert_bulk(2, 201, "{\"items\":[" JOB("a") ",{\"data\":" JOB("b") "}]}", "dd");
    assert_bulk(2, 201, "{\"data\":{\"results\":[" JOB("a") "," JOB("b") "]}}", "dd");
}

static void test_without_index_the_counts_must_agree(void **state)
{
    (void)state;
    assert_bulk(3, 201, "[" JOB("a") "," JOB("b") "]", "uuu");
    assert_bulk(1, 201, "[" JOB("a") "," JOB("b") "]", "u");
}

static void test_a_numbering_that_is_not_ours_is_not_trusted(void **state)
{
    (void)state;
    assert_bulk(2, 207, "[" DONE("1", "a") "," DONE("2", "b") "]", "uu");
    assert_bulk(2, 207, "[" DONE("0", "a") "," DONE("-1", "b") "]", "uu");
}

static void test_what_is_missing_or_twice_is_uncertain(void **state)
{
    (void)state;
    assert_bulk(3, 207, "[" DONE("0", "a") "," DONE("2", "c") "]", "dud");
    assert_bulk(3, 207, "[" DONE("0", "a") "," DONE("0", "x") "," DONE("2", "c") "]", "uud");
    assert_bulk(3, 207, "[" DONE("0", "a") "," DONE("0", "b") "," DONE("0", "c") "]", "uuu");
    assert_bulk(3, 207, "[" DONE("0", "a") "," DONE("1", "b") "," DONE("2", "a") "]", "udu");
    assert_bulk(2, 207, "[" DONE("0", "a") "," JOB("b") "]", "du");
}

static void test_items_that_contradict_themselves_are_uncertain(void **state)
{
    (void)state;
    assert_bulk(1, 207, "[{\"index\":0,\"status\":\"failed\",\"job\":" JOB("a") "}]", "u");
    assert_bulk(1, 207, "[{\"index\":0,\"error\":{\"code\":\"x\"},\"job\":" JOB("a") "}]", "u");
    assert_bulk(1, 207, "[{\"index\":0,\"status\":\"created\"}]", "u");
    assert_bulk(2, 207, "[null,7]", "uu");
}

static void test_item_failures_sort_by_their_code(void **state)
{
    (void)state;
    assert_bulk(
        4, 207,
        "[" FAILED("0", "partner.quota_exceeded") "," FAILED("1", "partner.rate_limit") "," FAILED(
            "2", "partner.internal_error") ",{\"index\":3,\"status\":422}]",
        "qlur");
    assert_string_equal(out[3].code, "refused");
}

static void test_a_bulk_answer_that_cannot_be_read_is_uncertain_for_all(void **state)
{
    (void)state;
    assert_bulk(2, 201, "[" JOB("a") ",", "uu");
    assert_bulk(2, 201, "", "uu");
    assert_bulk(2, 200, "{}", "uu");
    assert_bulk(2, 500, "", "uu");
    assert_bulk(2, 408, "", "uu");
}

static void test_a_bulk_refused_whole_is_split_and_a_single_row_refused(void **state)
{
    (void)state;
    assert_bulk(2, 400, ERROR("partner.validation_failed"), "ss");
    assert_bulk(2, 422, ERROR("partner.validation_failed"), "ss");
    assert_bulk(2, 413, "", "ss");
    assert_bulk(1, 422, ERROR("partner.validation_failed"), "r");
    assert_bulk(2, 429, ERROR("partner.quota_exceeded"), "qq");
    assert_bulk(2, 401, ERROR("partner.unauthorized"), "SS");
}

static void test_a_plan_without_bulk_is_told_by_its_code(void **state)
{
    (void)state;
    static const int statuses[] = {403, 404, 405};
    for (size_t i = 0; i < ARRAY_LEN(statuses); i++) {
        assert_bulk(1, statuses[i], "", "s");
        assert_string_equal(out[0].code, "partner.forbidden");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        QUDRA_TEST(test_bulk_results_are_matched_by_index_in_any_order),
        QUDRA_TEST(test_the_list_may_stand_in_many_places),
        QUDRA_TEST(test_without_index_the_counts_must_agree),
        QUDRA_TEST(test_a_numbering_that_is_not_ours_is_not_trusted),
        QUDRA_TEST(test_what_is_missing_or_twice_is_uncertain),
        QUDRA_TEST(test_items_that_contradict_themselves_are_uncertain),
        QUDRA_TEST(test_item_failures_sort_by_their_code),
        QUDRA_TEST(test_a_bulk_answer_that_cannot_be_read_is_uncertain_for_all),
        QUDRA_TEST(test_a_bulk_refused_whole_is_split_and_a_single_row_refused),
        QUDRA_TEST(test_a_plan_without_bulk_is_told_by_its_code),
    };
    return cmocka_run_group_tests_name("qudra_bulk", tests, NULL, NULL);
}
