/* mem: what an arena gives is zeroed, aligned and kept; a buf never passes its maximum. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"

static void test_arena_memory_is_zeroed_aligned_and_distinct(void **state)
{
    struct arena a;
    char *p[50];

    (void)state;
    arena_init(&a, 256);
    for (size_t i = 0; i < ARRAY_LEN(p); i++) {
        p[i] = arena_alloc(&a, i);
        assert_int_equal((uintptr_t)p[i] % _Alignof(max_align_t), 0);
        for (size_t j = 0; j < i; j++)
            assert_int_equal(p[i][j], 0);
        memset(p[i], (int)i, i);
    }
    for (size_t i = 0; i < ARRAY_LEN(p); i++) {
        for (size_t j = 0; j < i; j++)
            assert_int_equal(p[i][j], i);
    }
    arena_release(&a);
}

static void test_a_big_allocation_leaves_the_block_in_use(void **state)
{
    struct arena a;
    char *small, *big, *next;

    (void)state;
    arena_init(&a, 1024);
    small = arena_alloc(&a, 16);
    big = arena_alloc(&a, 100 * 1024);
    memset(big, 1, 100 * 1024);
    next = arena_alloc(&a, 16);
    assert_ptr_equal(next, small + 16);
    arena_release(&a);
}

static void test_a_cleared_arena_reuses_one_block_and_zeroes_it(void **state)
{
    struct arena a;
    char *first, *again;

    (void)state;
    arena_init(&a, 1024);
    first = arena_alloc(&a, 100);
    memset(first, 7, 100);
    arena_alloc(&a, 5000);
    arena_alloc(&a, 1000);
    assert_true(a.used_bytes >= 6100);
    arena_clear(&a);
    assert_int_equal(a.used_bytes, 0);
    again = arena_alloc(&a, 100);
    assert_ptr_equal(again, first);
    for (int i = 0; i < 100; i++)
        assert_int_equal(again[i], 0);
    arena_release(&a);
    assert_null(a.blocks);
}

static void test_an_arena_copies_strings(void **state)
{
    struct arena a;

    (void)state;
    arena_init(&a, 0);
    assert_null(arena_strdup(&a, NULL));
    assert_string_equal(arena_strdup(&a, "abc"), "abc");
    assert_string_equal(arena_strndup(&a, "abcdef", 3), "abc");
    assert_string_equal(arena_strndup(&a, NULL, 0), "");
    assert_string_equal(arena_printf(&a, "%d-%s", 12, "x"), "12-x");
    assert_memory_equal(arena_copy(&a, "a\0b", 3), "a\0b", 3);
    arena_release(&a);
}

static void test_a_zeroed_arena_works_without_init(void **state)
{
    struct arena a = {.blocks = NULL};

    (void)state;
    assert_string_equal(arena_strdup(&a, "abc"), "abc");
    arena_release(&a);
}

static void test_a_buf_grows_and_stays_terminated(void **state)
{
    struct buf b = BUF_INIT(10000);

    (void)state;
    assert_string_equal(buf_str(&b), "");
    for (int i = 0; i < 1000; i++) {
        buf_addch(&b, 'x');
        assert_int_equal(b.data[b.len], 0);
    }
    buf_addstr(&b, "yz");
    buf_printf(&b, "%03d", 7);
    assert_int_equal(b.len, 1005);
    assert_string_equal(b.data + 1000, "yz007");
    buf_truncate(&b, 2);
    assert_string_equal(buf_str(&b), "xx");
    buf_clear(&b);
    assert_string_equal(buf_str(&b), "");
    assert_false(b.overflowed);
    buf_release(&b);
    assert_int_equal(b.max, 10000);
}

static void test_what_would_pass_the_maximum_is_dropped_whole(void **state)
{
    struct buf b;

    (void)state;
    buf_init(&b, 5);
    buf_addstr(&b, "abcde");
    assert_false(b.overflowed);
    buf_addch(&b, 'f');
    assert_true(b.overflowed);
    buf_truncate(&b, 3);
    buf_printf(&b, "%s", "xyz");
    assert_string_equal(buf_str(&b), "abc");
    buf_add(&b, "xy", 2);
    assert_string_equal(buf_str(&b), "abcxy");
    assert_true(b.overflowed);
    buf_clear(&b);
    assert_false(b.overflowed);
    buf_add(&b, "", SIZE_MAX);
    assert_true(b.overflowed);
    buf_release(&b);
}

static void test_a_buf_hands_its_text_over(void **state)
{
    struct buf b = BUF_INIT(1000);
    char *text, *none;

    (void)state;
    buf_addstr(&b, "kept");
    text = buf_take(&b);
    none = buf_take(&b);
    buf_addstr(&b, "another"); /* in memory of its own */
    assert_string_equal(text, "kept");
    assert_string_equal(none, "");
    mem_free(text);
    mem_free(none);
    buf_release(&b);
}

static void test_plain_memory_is_zeroed_and_never_null(void **state)
{
    char *p = mem_alloc(8);
    char *empty = mem_alloc(0);
    char *copy = mem_strdup("abc");

    (void)state;
    assert_non_null(empty);
    assert_memory_equal(p, "\0\0\0\0\0\0\0\0", 8);
    p = mem_realloc(p, 100);
    assert_memory_equal(p, "\0\0\0\0\0\0\0\0", 8);
    assert_string_equal(copy, "abc");
    mem_free(p);
    mem_free(empty);
    mem_free(copy);
    mem_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arena_memory_is_zeroed_aligned_and_distinct),
        cmocka_unit_test(test_a_big_allocation_leaves_the_block_in_use),
        cmocka_unit_test(test_a_cleared_arena_reuses_one_block_and_zeroes_it),
        cmocka_unit_test(test_an_arena_copies_strings),
        cmocka_unit_test(test_a_zeroed_arena_works_without_init),
        cmocka_unit_test(test_a_buf_grows_and_stays_terminated),
        cmocka_unit_test(test_what_would_pass_the_maximum_is_dropped_whole),
        cmocka_unit_test(test_a_buf_hands_its_text_over),
        cmocka_unit_test(test_plain_memory_is_zeroed_and_never_null),
    };

    return cmocka_run_group_tests_name("mem", tests, NULL, NULL);
}
