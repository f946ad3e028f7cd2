/* qudra: what is sent: method, address and body of every operation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "edges/qudra.h"

static struct arena arena;

static int setup(void **state)
{
    (void)state;
    arena_init(&arena, 0);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

/* Looks at a body and frees it, as http does. */
static void check_body(struct qudra_request *q, const char *expected)
{
    assert_string_equal(q->body, expected);
    assert_int_equal(q->body_len, strlen(expected));
    mem_free(q->body);
    q->body = NULL;
}

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
    check_body(&q, "{\"title\":\"Cook\",\"city\":\"Riyadh\"}");
    qudra_bulk_create(&d, jobs, 2, &arena, &q);
    assert_string_equal(q.url, "http://127.0.0.1:9/v1/partner/jobs/bulk");
    check_body(&q, "{\"jobs\":[{\"title\":\"Cook\",\"city\":\"Riyadh\"},"
                   "{\"title\":\"Cook\",\"city\":\"Riyadh\"}]}");
    qudra_close(&d, "job_1", &job, &arena, &q);
    assert_string_equal(q.method, "PATCH");
    check_body(&q, "{\"status\":\"closed\"}");
    qudra_update(&d, "job_1", &job, 1u << JOB_CITY | 1u << JOB_SALARY_MIN, &arena, &q);
    check_body(&q, "{\"city\":\"Riyadh\",\"salary_min\":null}");
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
    check_body(&q, "{\"title\":\"Cook\",\"description\":null,\"city\":\"Riyadh\","
                   "\"employment_type\":null,\"salary_min\":null,\"salary_max\":null,"
                   "\"currency\":null,\"status\":null}");
    qudra_close(&d, "job_1", &job, &arena, &q);
    assert_non_null(strstr(q.body, "\"title\":\"Cook\""));
    assert_non_null(strstr(q.body, "\"status\":\"closed\""));
    mem_free(q.body);
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

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_requests_name_method_address_and_body),
        TEST(test_an_update_that_replaces_holds_the_whole_job),
        TEST(test_pages_are_asked_for_by_cursor_or_by_number),
    };
    return cmocka_run_group_tests_name("qudra_requests", tests, NULL, NULL);
}
