/* log: what stands on stderr, read back from a file put in its place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"

static FILE *captured;
static int real_stderr;
static char line[100 * 1024];

static void capture(void)
{
    captured = tmpfile();
    assert_non_null(captured);
    fflush(stderr);
    real_stderr = dup(STDERR_FILENO);
    dup2(fileno(captured), STDERR_FILENO);
}

static const char *captured_text(void)
{
    size_t n;

    dup2(real_stderr, STDERR_FILENO);
    close(real_stderr);
    rewind(captured);
    n = fread(line, 1, sizeof(line) - 1, captured);
    line[n] = '\0';
    fclose(captured);
    return line;
}

/* Past the time, which is 24 characters and a blank. */
static const char *text_after_time(void)
{
    const char *text = captured_text();

    assert_int_equal(text[10], 'T');
    assert_int_equal(text[23], 'Z');
    return text + 25;
}

static void test_text_form_is_message_and_pairs(void **state)
{
    (void)state;
    log_init(LOG_LEVEL_INFO, LOG_FORMAT_TEXT);
    capture();
    LOG_INFO("pass ended", log_str("mapping", "jobs"), log_int("created", -12),
             log_bool("full", true), log_str("absent", NULL));
    assert_string_equal(text_after_time(), "info pass ended mapping=jobs created=-12 full=true\n");
}

static void test_values_cannot_forge_a_line(void **state)
{
    (void)state;
    log_init(LOG_LEVEL_INFO, LOG_FORMAT_TEXT);
    capture();
    LOG_WARN("m", log_str("a", "x\ninfo forged k=v"), log_str("b", "q\"\\"), log_str("c", ""),
             log_str("d", "\x1b[31m"), log_str("e", "\xc2\x9b"), log_str("f", "\xe2\x80\xa8"),
             log_str("g", "\xff"), log_str("h", "C:\\x"), log_str("i", "\xd8\xb4"));
    assert_string_equal(text_after_time(),
                        "warn m a=\"x\\ninfo forged k=v\" b=\"q\\\"\\\\\" c=\"\" d=\"\\u001b[31m\" "
                        "e=\"\\u009b\" f=\"\\u2028\" g=\"\xef\xbf\xbd\" h=C:\\x i=\xd8\xb4\n");
}

static void test_json_form_is_one_object(void **state)
{
    const char *text;

    (void)state;
    log_init(LOG_LEVEL_INFO, LOG_FORMAT_JSON);
    capture();
    LOG_ERROR("key refused", log_str("why", "a \"b\"\n\xff"), log_int("n", INT64_MIN),
              log_bool("ok", false), log_str("absent", NULL));
    text = captured_text();
    assert_memory_equal(text, "{\"time\":\"", 9);
    assert_string_equal(text + 9 + 24, "\",\"level\":\"error\",\"message\":\"key refused\","
                                       "\"why\":\"a \\\"b\\\"\\n\xef\xbf\xbd\","
                                       "\"n\":-9223372036854775808,\"ok\":false}\n");
}

static void test_a_quiet_level_writes_nothing(void **state)
{
    (void)state;
    log_init(LOG_LEVEL_WARN, LOG_FORMAT_TEXT);
    assert_true(log_enabled(LOG_LEVEL_ERROR));
    assert_true(log_enabled(LOG_LEVEL_WARN));
    assert_false(log_enabled(LOG_LEVEL_INFO));
    capture();
    LOG_INFO("not this", log_int("n", 1));
    log_err(LOG_LEVEL_DEBUG, "nor this", &(struct err){.message = "x"});
    assert_string_equal(captured_text(), "");
}

static void test_an_err_becomes_fields(void **state)
{
    struct err e = ERR_INIT;

    (void)state;
    log_init(LOG_LEVEL_INFO, LOG_FORMAT_TEXT);
    err_set(&e, ERR_AWAY, "server gone");
    memcpy(e.sqlstate, "57P01", 6);
    capture();
    log_err(LOG_LEVEL_WARN, "pass failed", &e);
    assert_string_equal(text_after_time(),
                        "warn pass failed error=\"server gone\" sqlstate=57P01\n");
}

static void test_a_giant_value_is_cut_at_a_character(void **state)
{
    static char giant[60 * 1024];

    (void)state;
    for (size_t i = 0; i + 3 < sizeof(giant); i += 3)
        memcpy(giant + i, "\xe2\x82\xac", 3);
    log_init(LOG_LEVEL_INFO, LOG_FORMAT_TEXT);
    capture();
    LOG_INFO("m", log_str("v", giant), log_int("after", 1));
    assert_int_equal(strlen(text_after_time()), strlen("info m v= after=1\n") + 16383);
    assert_non_null(strstr(line, "\xe2\x82\xac after=1\n"));
}

static void spoil_errno(bool before)
{
    (void)before;
    errno = EBADF;
}

static void test_errno_survives(void **state)
{
    (void)state;
    log_init(LOG_LEVEL_INFO, LOG_FORMAT_TEXT);
    log_set_hook(spoil_errno);
    capture();
    errno = ENOENT;
    LOG_INFO("m", log_int("n", 1));
    assert_int_equal(errno, ENOENT);
    log_set_hook(NULL);
    captured_text();
}

static char hooked[8];

static void note_hook(bool before)
{
    strncat(hooked, before ? "b" : "a", sizeof(hooked) - strlen(hooked) - 1);
}

static void test_the_hook_stands_around_each_line(void **state)
{
    (void)state;
    log_init(LOG_LEVEL_INFO, LOG_FORMAT_TEXT);
    log_set_hook(note_hook);
    capture();
    LOG_INFO("m", log_int("n", 1));
    LOG_DEBUG("m", log_int("n", 1));
    log_set_hook(NULL);
    captured_text();
    assert_string_equal(hooked, "ba");
}

static void test_the_journal_gets_a_priority_in_place_of_the_time(void **state)
{
    struct stat st;
    char stream[64];

    (void)state;
    capture();
    assert_int_equal(fstat(STDERR_FILENO, &st), 0);
    snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
    setenv("JOURNAL_STREAM", stream, 1);
    log_init(LOG_LEVEL_TRACE, LOG_FORMAT_TEXT);
    LOG_ERROR("m", log_int("n", 1));
    LOG_TRACE("m", log_int("n", 2));
    setenv("JOURNAL_STREAM", "1:1", 1);
    log_init(LOG_LEVEL_INFO, LOG_FORMAT_TEXT);
    LOG_INFO("m", log_int("n", 3));
    unsetenv("JOURNAL_STREAM");
    assert_memory_equal(captured_text(), "<3>error m n=1\n<7>trace m n=2\n2", 31);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_form_is_message_and_pairs),
        cmocka_unit_test(test_values_cannot_forge_a_line),
        cmocka_unit_test(test_json_form_is_one_object),
        cmocka_unit_test(test_a_quiet_level_writes_nothing),
        cmocka_unit_test(test_an_err_becomes_fields),
        cmocka_unit_test(test_a_giant_value_is_cut_at_a_character),
        cmocka_unit_test(test_errno_survives),
        cmocka_unit_test(test_the_hook_stands_around_each_line),
        cmocka_unit_test(test_the_journal_gets_a_priority_in_place_of_the_time),
    };

    unsetenv("JOURNAL_STREAM");
    return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
