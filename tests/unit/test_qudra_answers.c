/* qudra: an answer to a single operation, and what becomes of its row. */
#include "qudra_literals.h"

static const struct outcome *one(enum op_kind op, int status, const char *body)
{
    const struct http_response r = answered(status, body);
    qudra_outcomes(&dialect_defaults, op, false, 1, &r, &arena, out);
    return &out[0];
}

static void test_a_created_job_is_read_whole(void **state)
{
    (void)state;
    const struct outcome *o = one(
        OP_CREATE, 201,
        "{\"id\":\"job_1\",\"title\":\"Cook\",\"salary_min\":4000,\"status\":\"active\","
        "\"embedding_status\":\"processing\",\"match_ready\":false,"
        "\"qudra_url\":\"https://example.test/j\",\"created_at\":\"2026-01-01T00:00:00.000Z\"}");
    assert_int_equal(o->kind, OUTCOME_DONE);
    assert_string_equal(o->job_id, "job_1");
    assert_string_equal(o->qudra_url, "https://example.test/j");
    assert_string_equal(o->embedding_status, "processing");
    assert_int_equal(o->match_ready, 0);
    assert_string_equal(o->job_status, "active");
    assert_memory_equal(o->answered->field[JOB_TITLE].data, "Cook", 4);
    assert_null(o->code);
}

static void test_a_job_may_stand_under_data_or_job(void **state)
{
    (void)state;
    assert_string_equal(one(OP_CREATE, 201, "{\"data\":" JOB("2") "}")->job_id, "job_2");
    assert_string_equal(one(OP_CREATE, 200, "{\"job\":" JOB("3") "}")->job_id, "job_3");
    assert_string_equal(one(OP_CREATE, 200, "{\"data\":{\"job\":" JOB("4") "}}")->job_id, "job_4");
}

static void test_a_create_without_an_id_is_uncertain(void **state)
{
    (void)state;
    static const char *const bodies[] = {"",
                                         "{}",
                                         "{\"id\":7}",
                                         "{\"id\":\"\"}",
                                         "{\"id\":\"req_1\"}",
                                         "{\"id\":\"job_1\"",
                                         "<html>ok</html>",
                                         "null",
                                         "[]",
                                         ERROR("partner.odd")};
    for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
        const struct outcome *o = one(OP_CREATE, 201, bodies[i]);
        assert_int_equal(o->kind, OUTCOME_UNCERTAIN);
        assert_non_null(o->message);
        assert_non_null(o->message_ar);
        assert_null(o->job_id);
    }
}

static void test_statuses_sort_by_what_they_mean_for_the_operation(void **state)
{
    (void)state;
    static const struct {
        int status;
        const char *code;
        enum outcome_kind create, update, delete;
    } table[] = {
        {400, "partner.validation_failed", OUTCOME_REFUSED, OUTCOME_REFUSED, OUTCOME_REFUSED},
        {422, "partner.validation_failed", OUTCOME_REFUSED, OUTCOME_REFUSED, OUTCOME_REFUSED},
        {413, "x", OUTCOME_REFUSED, OUTCOME_REFUSED, OUTCOME_REFUSED},
        {401, "partner.unauthorized", OUTCOME_STOP, OUTCOME_STOP, OUTCOME_STOP},
        {403, "partner.forbidden", OUTCOME_STOP, OUTCOME_STOP, OUTCOME_STOP},
        {403, "partner.quota_exceeded", OUTCOME_QUOTA, OUTCOME_RETRY, OUTCOME_RETRY},
        {402, "pay", OUTCOME_QUOTA, OUTCOME_RETRY, OUTCOME_RETRY},
        {429, "partner.QUOTA_exceeded", OUTCOME_QUOTA, OUTCOME_RETRY, OUTCOME_RETRY},
        {429, "partner.rate_limit", OUTCOME_LIMITED, OUTCOME_LIMITED, OUTCOME_LIMITED},
        {404, "partner.not_found", OUTCOME_RETRY, OUTCOME_GONE, OUTCOME_GONE},
        {410, "partner.not_found", OUTCOME_RETRY, OUTCOME_GONE, OUTCOME_GONE},
        {405, "x", OUTCOME_RETRY, OUTCOME_RETRY, OUTCOME_RETRY},
        {408, "x", OUTCOME_UNCERTAIN, OUTCOME_RETRY, OUTCOME_RETRY},
        {409, "x", OUTCOME_UNCERTAIN, OUTCOME_RETRY, OUTCOME_RETRY},
        {425, "x", OUTCOME_RETRY, OUTCOME_RETRY, OUTCOME_RETRY},
        {301, "x", OUTCOME_UNCERTAIN, OUTCOME_RETRY, OUTCOME_RETRY},
        {500, "x", OUTCOME_UNCERTAIN, OUTCOME_RETRY, OUTCOME_RETRY},
        {503, "x", OUTCOME_UNCERTAIN, OUTCOME_RETRY, OUTCOME_RETRY},
    };
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        const char *body =
            arena_printf(&arena, "{\"error\":{\"code\":\"%s\",\"message\":\"no\"}}", table[i].code);
        assert_int_equal(one(OP_CREATE, table[i].status, body)->kind, table[i].create);
        assert_int_equal(one(OP_UPDATE, table[i].status, body)->kind, table[i].update);
        assert_int_equal(one(OP_CLOSE, table[i].status, body)->kind, table[i].update);
        assert_int_equal(one(OP_DELETE, table[i].status, body)->kind, table[i].delete);
    }
}

static void test_errors_are_kept_in_both_languages(void **state)
{
    (void)state;
    const struct outcome *o = one(
        OP_UPDATE, 422,
        "{\"error\":{\"code\":\"partner.validation_failed\",\"message\":\"Invalid\",\"messageAr\":"
        "\"غير صالح\",\"request_id\":\"req_9\",\"details\":[{\"field\":\"title\",\"message\":"
        "\"too\\nshort\"},{\"field\":\"city\"}]}}");
    assert_string_equal(o->code, "partner.validation_failed");
    assert_string_equal(o->message, "Invalid (title: too short; city)");
    assert_string_equal(o->message_ar, "غير صالح");
    assert_string_equal(o->request_id, "req_9");
}

/* They could forge lines in a log or on a terminal. */
static void test_control_characters_become_blanks_wherever_they_stand(void **state)
{
    static const char text[] = "A sentence of more than forty bytes, as they are";
    (void)state;
    for (size_t at = 0; at < sizeof text - 1; at++) {
        char expected[sizeof text];
        memcpy(expected, text, sizeof text);
        expected[at] = ' ';
        const char *body =
            arena_printf(&arena, "{\"error\":{\"code\":\"c\",\"message\":\"%.*s%s%s\"}}", (int)at,
                         text, at % 2 ? "\\u001b" : "\x7f", text + at + 1);
        assert_string_equal(one(OP_UPDATE, 422, body)->message, expected);
    }
}

static void test_a_proxys_page_gives_a_short_clean_message(void **state)
{
    (void)state;
    const struct outcome *o = one(OP_CREATE, 502, "<html><body>Bad Gateway</body></html>");
    assert_int_equal(o->kind, OUTCOME_UNCERTAIN);
    assert_string_equal(o->code, "http_status_502");
    assert_null(strchr(o->message, '<'));
    assert_non_null(o->message_ar);
    /* A portal's 200 is not Qudra's word, neither for an update nor for a removal. */
    assert_int_equal(one(OP_UPDATE, 200, "<html>")->kind, OUTCOME_RETRY);
    assert_int_equal(one(OP_DELETE, 200, "<html>")->kind, OUTCOME_RETRY);
}

static void test_long_texts_are_cut_at_a_character(void **state)
{
    (void)state;
    struct buf b = BUF_INIT(100000);
    buf_addstr(&b, "{\"error\":{\"code\":\"c\",\"message\":\"x");
    for (int i = 0; i < 4000; i++)
        buf_addstr(&b, "ق");
    buf_addstr(&b, "\"}}");
    const struct outcome *o = one(OP_UPDATE, 400, buf_str(&b));
    assert_int_equal(strlen(o->message), 4095); /* x and 2047 letters of two bytes */
    buf_release(&b);
}

static void test_updates_and_removals_are_done_without_a_body(void **state)
{
    (void)state;
    assert_int_equal(one(OP_UPDATE, 204, "")->kind, OUTCOME_DONE);
    assert_int_equal(one(OP_DELETE, 204, "")->kind, OUTCOME_DONE);
    assert_int_equal(one(OP_DELETE, 200, "{\"deleted\":true}")->kind, OUTCOME_DONE);
    assert_string_equal(one(OP_UPDATE, 200, JOB("5"))->job_id, "job_5");
}

static void test_a_lost_create_is_uncertain_and_one_not_sent_is_not(void **state)
{
    (void)state;
    static const struct {
        enum http_end end;
        int status;
        const char *failure;
        enum outcome_kind create, update;
        const char *code;
    } table[] = {
        {HTTP_NOT_SENT, 0, "Could not resolve host", OUTCOME_RETRY, OUTCOME_RETRY, "unreachable"},
        {HTTP_LOST, 0, "Operation timed out after 30000 ms", OUTCOME_UNCERTAIN, OUTCOME_RETRY,
         "timeout"},
        {HTTP_LOST, 0, "Empty reply", OUTCOME_UNCERTAIN, OUTCOME_RETRY, "connection_lost"},
        {HTTP_LOST, 201, "transfer closed", OUTCOME_UNCERTAIN, OUTCOME_RETRY, "torn_body"},
    };
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        struct http_response r = answered(table[i].status, "");
        r.end = table[i].end;
        memcpy(r.failure, table[i].failure, strlen(table[i].failure) + 1);
        qudra_outcomes(&dialect_defaults, OP_CREATE, false, 1, &r, &arena, out);
        assert_int_equal(out[0].kind, table[i].create);
        assert_string_equal(out[0].code, table[i].code);
        assert_non_null(out[0].message_ar);
        qudra_outcomes(&dialect_defaults, OP_CLOSE, false, 1, &r, &arena, out);
        assert_int_equal(out[0].kind, table[i].update);
        qudra_outcomes(&dialect_defaults, OP_CREATE, true, 3, &r, &arena, out);
        assert_int_equal(out[2].kind, table[i].create);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        QUDRA_TEST(test_a_created_job_is_read_whole),
        QUDRA_TEST(test_a_job_may_stand_under_data_or_job),
        QUDRA_TEST(test_a_create_without_an_id_is_uncertain),
        QUDRA_TEST(test_statuses_sort_by_what_they_mean_for_the_operation),
        QUDRA_TEST(test_errors_are_kept_in_both_languages),
        QUDRA_TEST(test_control_characters_become_blanks_wherever_they_stand),
        QUDRA_TEST(test_a_proxys_page_gives_a_short_clean_message),
        QUDRA_TEST(test_long_texts_are_cut_at_a_character),
        QUDRA_TEST(test_updates_and_removals_are_done_without_a_body),
        QUDRA_TEST(test_a_lost_create_is_uncertain_and_one_not_sent_is_not),
    };
    return cmocka_run_group_tests_name("qudra_answers", tests, NULL, NULL);
}
