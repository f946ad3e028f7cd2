/* secret: which key files are taken, which refused, and that no text of a key gets into an err. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/secret.h"

static char dir[] = "/tmp/qs-test-secret-XXXXXX";
static char path[64];

static void put_file(const char *text, size_t len, mode_t mode)
{
    int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, len), len);
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

static void assert_refused(const char *why)
{
    struct err e = ERR_INIT;

    assert_null(secret_load(path, &e));
    assert_int_equal(e.kind, ERR_CONFIG);
    assert_non_null(strstr(e.message, why));
    assert_null(strstr(e.message, "qk_"));
    assert_null(strstr(e.hint, "qk_"));
}

static void test_a_key_file_is_read_and_trimmed(void **state)
{
    struct err e = ERR_INIT;
    struct secret *s;

    (void)state;
    put_file(" \n\tqk_test_abc\r\n", 15, 0600);
    s = secret_load(path, &e);
    assert_non_null(s);
    assert_string_equal(secret_expose(s), "qk_test_abc");
    assert_true(secret_has_prefix(s, "qk_test_"));
    assert_false(secret_has_prefix(s, "qk_live_"));
    secret_free(s);
    secret_free(NULL);
}

static void test_useless_files_are_refused(void **state)
{
    static char big[5000];
    struct err e = ERR_INIT;

    (void)state;
    put_file("", 0, 0600);
    assert_refused("is empty");
    put_file(" \n ", 3, 0600);
    assert_refused("is empty");
    put_file("qk_a\nqk_b", 9, 0600);
    assert_refused("control characters");
    put_file("qk_a\0qk_b", 9, 0600);
    assert_refused("control characters");
    memset(big, 'k', sizeof(big));
    put_file(big, sizeof(big), 0600);
    assert_refused("longer than 4096");
    assert_null(secret_load("/nonexistent/key", &e));
    assert_non_null(strstr(e.message, "No such file"));
    assert_null(secret_load(dir, &e));
    assert_non_null(strstr(e.message, "not a regular file"));
    assert_null(secret_load("/dev/null", &e));
    assert_non_null(strstr(e.message, "not a regular file"));
}

static void test_a_key_of_the_greatest_length_is_taken(void **state)
{
    static char big[4096];
    struct err e = ERR_INIT;
    struct secret *s;

    (void)state;
    memset(big, 'k', sizeof(big));
    put_file(big, sizeof(big), 0400);
    s = secret_load(path, &e);
    assert_non_null(s);
    assert_int_equal(strlen(secret_expose(s)), 4096);
    secret_free(s);
}

static void test_a_file_that_others_can_read_is_refused(void **state)
{
    static const mode_t modes[] = {0640, 0604, 0660, 0440, 0644, 0601};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
        put_file("qk_test_abc", 11, modes[i]);
        assert_refused("can be reached by others");
    }
}

static void test_a_credential_of_systemd_may_be_the_groups(void **state)
{
    struct err e = ERR_INIT;
    struct secret *s;

    (void)state;
    setenv("CREDENTIALS_DIRECTORY", dir, 1);
    put_file("qk_test_abc", 11, 0440);
    s = secret_load(path, &e);
    assert_non_null(s);
    secret_free(s);
    put_file("qk_test_abc", 11, 0444);
    assert_refused("can be reached by others");
    setenv("CREDENTIALS_DIRECTORY", "/tmp/qs-test", 1);
    put_file("qk_test_abc", 11, 0440);
    assert_refused("can be reached by others");
    unsetenv("CREDENTIALS_DIRECTORY");
}

static void test_a_pipe_is_allowed(void **state)
{
    struct err e = ERR_INIT;
    struct secret *s;
    char name[32];
    int ends[2];

    (void)state;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], "qk_test_abc\n", 12), 12);
    close(ends[1]);
    snprintf(name, sizeof(name), "/dev/fd/%d", ends[0]);
    s = secret_load(name, &e);
    assert_non_null(s);
    assert_string_equal(secret_expose(s), "qk_test_abc");
    secret_free(s);
    close(ends[0]);
}

static void test_a_taken_text_is_wiped_in_place(void **state)
{
    char text[] = " qk_test_abc\n";
    char bad[] = "qk_\x01";
    struct err e = ERR_INIT;
    struct secret *s = secret_take(text, &e);

    (void)state;
    assert_string_equal(secret_expose(s), "qk_test_abc");
    for (size_t i = 0; i < sizeof(text); i++)
        assert_int_equal(text[i], 0);
    secret_free(s);
    assert_null(secret_take(bad, &e));
    assert_int_equal(bad[0], 0);
    assert_null(strstr(e.message, "qk_"));
}

static void test_secrets_are_compared_whole(void **state)
{
    char a[] = "qk_test_abc", b[] = "qk_test_abc", c[] = "qk_test_abd", d[] = "qk_test_ab";
    struct err e = ERR_INIT;
    struct secret *s[] = {secret_take(a, &e), secret_take(b, &e), secret_take(c, &e),
                          secret_take(d, &e)};

    (void)state;
    assert_true(secret_equal(s[0], s[1]));
    assert_false(secret_equal(s[0], s[2]));
    assert_false(secret_equal(s[0], s[3]));
    for (size_t i = 0; i < ARRAY_LEN(s); i++)
        secret_free(s[i]);
}

/* In a child: the guard cannot be taken back, and would hinder the leak checker. */
static void test_a_guarded_process_leaves_no_core(void **state)
{
    pid_t child = fork();
    int status;

    (void)state;
    if (child == 0) {
        struct rlimit limit;

        secret_guard_process();
        getrlimit(RLIMIT_CORE, &limit);
        _exit(limit.rlim_max == 0 && prctl(PR_GET_DUMPABLE) == 0 ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static int set_up(void **state)
{
    (void)state;
    if (!mkdtemp(dir))
        return -1;
    snprintf(path, sizeof(path), "%s/key", dir);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(dir);
}

/* Neighbours on a page come and go, and none touches another. */
static void test_thousands_of_keys_share_pages(void **state)
{
    (void)state;
    enum { KEYS = 3000 };
    static struct secret *keys[KEYS];
    struct err e = ERR_INIT;
    char text[64];
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < KEYS; i++) {
            snprintf(text, sizeof text, "qk_test_%d_%d", round, i);
            if (keys[i] == NULL)
                keys[i] = secret_take(text, &e);
            assert_non_null(keys[i]);
        }
        for (int i = round; i < KEYS; i += 2) {
            secret_free(keys[i]);
            keys[i] = NULL;
        }
    }
    for (int i = 0; i < KEYS; i++) {
        snprintf(text, sizeof text, "qk_test_%d_%d", i % 2 == 0, i);
        if (i % 2 == 0)
            assert_string_equal(secret_expose(keys[i]), text);
        secret_free(keys[i]);
    }
}

static void test_a_long_key_has_pages_of_its_own(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    for (size_t len = 100; len < 140; len++) {
        char text[160] = "", again[160] = "";
        memset(text, 'k', len);
        memset(again, 'k', len);
        struct secret *a = secret_take(text, &e), *b = secret_take(again, &e);
        assert_int_equal(strlen(secret_expose(a)), len);
        assert_true(secret_equal(a, b));
        secret_free(a);
        secret_free(b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_key_file_is_read_and_trimmed),
        cmocka_unit_test(test_thousands_of_keys_share_pages),
        cmocka_unit_test(test_a_long_key_has_pages_of_its_own),
        cmocka_unit_test(test_useless_files_are_refused),
        cmocka_unit_test(test_a_key_of_the_greatest_length_is_taken),
        cmocka_unit_test(test_a_file_that_others_can_read_is_refused),
        cmocka_unit_test(test_a_credential_of_systemd_may_be_the_groups),
        cmocka_unit_test(test_a_pipe_is_allowed),
        cmocka_unit_test(test_a_taken_text_is_wiped_in_place),
        cmocka_unit_test(test_secrets_are_compared_whole),
        cmocka_unit_test(test_a_guarded_process_leaves_no_core),
    };

    return cmocka_run_group_tests_name("secret", tests, set_up, tear_down);
}
