/* mapping: what a file says and leaves out: the defaults, the fingerprint, the reference. */
#include "mapping_text.h"

static void test_the_fingerprint_follows_what_decides_the_payload(void **state)
{
    uint64_t one = load_with("  table: jobs\n", "{column: t}")->fingerprint;

    (void)state;
    assert_true(one == load_with("  table: jobs\n  overlap: 5m\n", "{column: t}")->fingerprint);
    assert_true(one != load_with("  table: job\n", "{column: t}")->fingerprint);
    assert_true(one != load_with("  table: jobs\n", "{sql: t}")->fingerprint);
    assert_true(one != load_with("  table: jobs\n  where: x\n", "{column: t}")->fingerprint);
}

static void test_the_reference_names_every_transform_and_key(void **state)
{
    struct buf out = BUF_INIT((size_t)1 << 20);

    (void)state;
    mapping_write_reference(&out);
    expect_in(buf_str(&out), "| `list_to_markdown` |");
    expect_in(buf_str(&out), "| `updated_at_unit` | `seconds`, `milliseconds`.");
    buf_release(&out);
}

static void test_defaults_follow_what_is_given(void **state)
{
    const struct mapping *m = load_with("  table: jobs\n  updated_at: u\n", "{column: t}");

    (void)state;
    assert_int_equal(m->detect, DETECT_WATERMARK);
    assert_int_equal(m->overlap_ms, -1);
    assert_int_equal(m->on_removed, REMOVED_CLOSE);
    assert_int_equal(m->on_missing, MISSING_RECREATE);
    assert_int_equal(load_with("  table: jobs\n", "{column: t}")->detect, DETECT_SCAN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        MAPPING_TEST(test_the_fingerprint_follows_what_decides_the_payload),
        MAPPING_TEST(test_the_reference_names_every_transform_and_key),
        MAPPING_TEST(test_defaults_follow_what_is_given),
    };
    return cmocka_run_group_tests_name("mapping_load", tests, arena_begin, arena_end);
}
