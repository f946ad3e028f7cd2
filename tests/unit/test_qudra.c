#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "edges/qudra.h"

/* ---- answers as literals: this test has no network, so it brings its own headers ----------------
 */

static const char *const (*headers)[2];
static size_t n_headers;

const char *http_header(const struct http_response *r, const char *name)
{
    (void)r;
    for (size_t i = 0; i < n_headers; i++)
        if (strcmp(headers[i][0], name) == 0)
            return headers[i][1];
    return NULL;
}

static struct http_response answered(int status, const char *body)
{
    return (struct http_response){
        .end = HTTP_ANSWERED, .status = status, .body = body, .body_len = strlen(body)};
}

static struct arena arena;
static struct outcome out[8];

static int setup(void **state)
{
    (void)state;
    arena_init(&arena, 0);
    n_headers = 0;
    memset(out, 0, sizeof out);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

static const struct outcome *one(enum op_kind op, int status, const char *body)
{
    const struct http_response r = answered(status, body);
    qudra_outcomes(&dialect_defaults, op, false, 1, &r, &arena, out);
    return &out[0];
}

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

#define JOB(id)     "{\"id\":\"job_" id "\",\"title\":\"Cook\"}"
#define ERROR(code) "{\"error\":{\"code\":\"" code "\",\"message\":\"no\",\"messageAr\":\"لا\"}}"

/* ---- requests -----------------------------------------------------------------------------------
 */

static struct dialect local(void)
{
    struct dialect d = dialect_defaults;
    d.base_url = "http://127.0.0.1:9/v1/";
    return d;
}

static void test_requests_name_method_address_and_body(void **state)
{
    (void)state;
    const struct dialect d = local();
    const struct job job = {.field[JOB_TITLE] = text_of("Cook"),
                            .field[JOB_CITY] = text_of("Riyadh")};
    const struct job *const jobs[] = {&job, &job};
    struct qudra_request q;
    qudra_create(&d, &job, &arena, &q);
    assert_string_equal(q.method, "POST");
    assert_string_equal(q.url, "http://127.0.0.1:9/v1/partner/jobs");
    assert_string_equal(q.body, "{\"title\":\"Cook\",\"city\":\"Riyadh\"}");
    assert_int_equal(q.body_len, strlen(q.body));
    qudra_bulk_create(&d, jobs, 2, &arena, &q);
    assert_string_equal(q.url, "http://127.0.0.1:9/v1/partner/jobs/bulk");
    assert_string_equal(q.body, "{\"jobs\":[{\"title\":\"Cook\",\"city\":\"Riyadh\"},"
                                "{\"title\":\"Cook\",\"city\":\"Riyadh\"}]}");
    qudra_close(&d, "job_1", &job, &arena, &q);
    assert_string_equal(q.method, "PATCH");
    assert_string_equal(q.body, "{\"status\":\"closed\"}");
    qudra_update(&d, "job_1", &job, 1u << JOB_CITY | 1u << JOB_SALARY_MIN, &arena, &q);
    assert_string_equal(q.body, "{\"city\":\"Riyadh\",\"salary_min\":null}");
    qudra_delete(&d, "job_1/../x?", &arena, &q);
    assert_string_equal(q.method, "DELETE");
    assert_string_equal(q.url, "http://127.0.0.1:9/v1/partner/jobs/job_1%2F..%2Fx%3F");
    assert_null(q.body);
}

static void test_an_update_that_replaces_holds_the_whole_job(void **state)
{
    (void)state;
    struct dialect d = local();
    const struct job job = {.field[JOB_TITLE] = text_of("Cook"),
                            .field[JOB_CITY] = text_of("Riyadh")};
    struct qudra_request q;
    assert_false(qudra_replaces(&d));
    d.update_method = "PUT";
    assert_true(qudra_replaces(&d));
    qudra_update(&d, "job_1", &job, 1u << JOB_CITY, &arena, &q);
    assert_string_equal(q.method, "PUT");
    assert_string_equal(q.body, "{\"title\":\"Cook\",\"description\":null,\"city\":\"Riyadh\","
                                "\"employment_type\":null,\"salary_min\":null,\"salary_max\":null,"
                                "\"currency\":null,\"status\":null}");
    qudra_close(&d, "job_1", &job, &arena, &q);
    assert_non_null(strstr(q.body, "\"title\":\"Cook\""));
    assert_non_null(strstr(q.body, "\"status\":\"closed\""));
}

static void test_pages_are_asked_for_by_cursor_or_by_number(void **state)
{
    (void)state;
    struct dialect d = local();
    struct qudra_request q;
    qudra_list(&d, NULL, 1, &arena, &q);
    assert_string_equal(q.url, "http://127.0.0.1:9/v1/partner/jobs?limit=100");
    qudra_list(&d, "a b&c=", 2, &arena, &q);
    assert_string_equal(q.url, "http://127.0.0.1:9/v1/partner/jobs?limit=100&cursor=a%20b%26c%3D");
    d.paging = PAGING_PAGE;
    d.list_path = "/partner/jobs?mine=1";
    qudra_list(&d, NULL, 3, &arena, &q);
    assert_string_equal(q.url, "http://127.0.0.1:9/v1/partner/jobs?mine=1&limit=100&page=3");
}

/* ---- single answers -----------------------------------------------------------------------------
 */

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
        struct http_response r = {.end = table[i].end, .status = table[i].status, .body = ""};
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

/* ---- bulk ---------------------------------------------------------------------------------------
 */

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

/* ---- lists --------------------------------------------------------------------------------------
 */

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

/* ---- headers ------------------------------------------------------------------------------------
 */

static struct limiter_headers read_headers(const char *const (*h)[2], size_t n)
{
    static const struct http_response r = {.body = ""};
    struct limiter_headers l;
    headers = h;
    n_headers = n;
    qudra_headers(&r, 1000000, &l);
    return l;
}

#define HEADERS(...)                                                                               \
    read_headers((const char *const[][2]){__VA_ARGS__},                                            \
                 sizeof((const char *const[][2]){__VA_ARGS__}) / sizeof(const char *const[2]))

static void test_headers_are_read_in_milliseconds(void **state)
{
    (void)state;
    const struct limiter_headers h =
        HEADERS({"x-ratelimit-limit", "1000"}, {"x-ratelimit-remaining", "7"},
                {"x-ratelimit-reset", "1700000060"}, {"date", "Tue, 14 Nov 2023 22:13:20 GMT"});
    assert_int_equal(h.limit, 1000);
    assert_int_equal(h.remaining, 7);
    assert_int_equal(h.reset_ms, 1700000060000);
    assert_int_equal(h.date_ms, 1700000000000);
    assert_int_equal(h.retry_after_ms, -1);
}

static void test_retry_after_may_be_seconds_or_a_date(void **state)
{
    (void)state;
    assert_int_equal(HEADERS({"retry-after", "17"}).retry_after_ms, 17000);
    assert_int_equal(HEADERS({"retry-after", "1.2"}).retry_after_ms, 2000);
    assert_int_equal(HEADERS({"retry-after", "Tue, 14 Nov 2023 22:13:50 GMT"},
                             {"date", "Tue, 14 Nov 2023 22:13:20 GMT"})
                         .retry_after_ms,
                     30000);
    assert_int_equal(HEADERS({"retry-after", "Tue, 14 Nov 2023 22:13:20 GMT"},
                             {"date", "Tue, 14 Nov 2023 22:13:50 GMT"})
                         .retry_after_ms,
                     0);
}

static void test_nonsense_in_headers_is_as_if_absent(void **state)
{
    (void)state;
    const struct limiter_headers h = HEADERS(
        {"x-ratelimit-limit", "many"}, {"x-ratelimit-remaining", "-3"},
        {"x-ratelimit-reset", "99999999999999999999"}, {"date", "today"}, {"retry-after", ""});
    assert_int_equal(h.limit, -1);
    assert_int_equal(h.remaining, -1);
    assert_int_equal(h.reset_ms, -1);
    assert_int_equal(h.date_ms, -1);
    assert_int_equal(h.retry_after_ms, -1);
    assert_int_equal(HEADERS({"x-ratelimit-limit", "100, 100;w=60"}).limit, 100);
    assert_int_equal(HEADERS({"x-ratelimit-reset", "30"}).reset_ms, 1030000);
    assert_int_equal(HEADERS({"x-ratelimit-reset", "1700000060000"}).reset_ms, 1700000060000);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

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
        TEST(test_requests_name_method_address_and_body),
        TEST(test_an_update_that_replaces_holds_the_whole_job),
        TEST(test_pages_are_asked_for_by_cursor_or_by_number),
        TEST(test_a_created_job_is_read_whole),
        TEST(test_a_job_may_stand_under_data_or_job),
        TEST(test_a_create_without_an_id_is_uncertain),
        TEST(test_statuses_sort_by_what_they_mean_for_the_operation),
        TEST(test_errors_are_kept_in_both_languages),
        TEST(test_a_proxys_page_gives_a_short_clean_message),
        TEST(test_long_texts_are_cut_at_a_character),
        TEST(test_updates_and_removals_are_done_without_a_body),
        TEST(test_a_lost_create_is_uncertain_and_one_not_sent_is_not),
        TEST(test_bulk_results_are_matched_by_index_in_any_order),
        TEST(test_the_list_may_stand_in_many_places),
        TEST(test_without_index_the_counts_must_agree),
        TEST(test_a_numbering_that_is_not_ours_is_not_trusted),
        TEST(test_what_is_missing_or_twice_is_uncertain),
        TEST(test_items_that_contradict_themselves_are_uncertain),
        TEST(test_item_failures_sort_by_their_code),
        TEST(test_a_bulk_answer_that_cannot_be_read_is_uncertain_for_all),
        TEST(test_a_bulk_refused_whole_is_split_and_a_single_row_refused),
        TEST(test_a_plan_without_bulk_is_told_by_its_code),
        TEST(test_pages_are_read_in_all_their_shapes),
        TEST(test_numbered_pages_end_with_an_empty_one),
        TEST(test_a_list_that_cannot_be_read_proves_nothing),
        TEST(test_a_full_page_without_a_word_on_what_follows_is_cut),
        TEST(test_headers_are_read_in_milliseconds),
        TEST(test_retry_after_may_be_seconds_or_a_date),
        TEST(test_nonsense_in_headers_is_as_if_absent),
    };
    return cmocka_run_group_tests_name("qudra", tests, NULL, NULL);
}
