/* Which URLs the key may travel to, and the defaults of Part B. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "rules/dialect.h"

static void test_https_is_allowed(void **state)
{
    (void)state;
    assert_true(dialect_url_allowed("https://api.qudrah.io/v1"));
    assert_true(dialect_url_allowed("HTTPS://api.qudrah.io:8443/v1"));
}

static void test_http_is_allowed_to_loopback_alone(void **state)
{
    (void)state;
    static const char *const good[] = {"http://127.0.0.1:8080/v1", "http://127.3.2.1",
                                       "http://localhost/v1", "http://[::1]:8080/v1",
                                       "http://[::1]"};
    static const char *const bad[] = {"http://api.qudrah.io/v1",
                                      "http://127.0.0.1.example.org/",
                                      "http://localhost.example.org/",
                                      "http://127.0.0.1@example.org/",
                                      "http://example.org/127.0.0.1",
                                      "http://[2001:db8::1]/",
                                      "http://0x7f.1/",
                                      "http://127.1/",
                                      "http://128.0.0.1/"};
    for (size_t i = 0; i < ARRAY_LEN(good); i++)
        assert_true(dialect_url_allowed(good[i]));
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(dialect_url_allowed(bad[i]));
}

static void test_what_is_no_url_of_an_api_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "https://",
                                      "https:///v1",
                                      "ftp://example.org",
                                      "api.qudrah.io/v1",
                                      "https://user:secret@example.org/",
                                      "https://example.org/v1?x=1",
                                      "https://example.org/v1#x",
                                      "https://example.org:port/",
                                      "https://example.org:/",
                                      "https://exa mple.org/",
                                      "https://[::1/",
                                      "https://[::1]x/",
                                      "https://example.org\\@other.org/"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(dialect_url_allowed(bad[i]));
}

static void test_environments_are_told_by_the_keys_prefix(void **state)
{
    (void)state;
    assert_string_equal(environments[0].prefix, "qk_live_");
    assert_string_equal(environments[0].base_url, "https://api.qudrah.io/v1");
    assert_string_equal(environments[1].prefix, "qk_test_");
    assert_string_equal(environments[1].base_url, "https://sandbox.api.qudrah.io/v1");
    for (size_t i = 0; i < 2; i++)
        assert_true(dialect_url_allowed(environments[i].base_url));
}

static void test_each_path_of_one_job_has_its_id(void **state)
{
    (void)state;
    assert_non_null(strstr(dialect_defaults.update_path, "{id}"));
    assert_non_null(strstr(dialect_defaults.delete_path, "{id}"));
    assert_non_null(strstr(dialect_defaults.read_path, "{id}"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_https_is_allowed),
        cmocka_unit_test(test_http_is_allowed_to_loopback_alone),
        cmocka_unit_test(test_what_is_no_url_of_an_api_is_refused),
        cmocka_unit_test(test_environments_are_told_by_the_keys_prefix),
        cmocka_unit_test(test_each_path_of_one_job_has_its_id),
    };
    return cmocka_run_group_tests_name("dialect", tests, NULL, NULL);
}
