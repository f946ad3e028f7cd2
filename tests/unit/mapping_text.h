/*
 * mapping_text: a mapping read from a text in which only its source and its title matter. The arena
 * is a group's (arena_begin, arena_end) and is cleared after each test.
 */
#ifndef QS_TESTS_UNIT_MAPPING_TEXT_H
#define QS_TESTS_UNIT_MAPPING_TEXT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "rules/mapping.h"

static struct arena arena;
static struct problems problems;

static inline char *no_variable(const char *name)
{
    (void)name;
    return NULL;
}

static inline struct mapping *load(const char *yaml)
{
    char file[] = "/tmp/test_mapping_XXXXXX";
    int fd = mkstemp(file);
    struct mapping *m;

    assert_true(fd >= 0);
    assert_int_equal(write(fd, yaml, strlen(yaml)), strlen(yaml));
    close(fd);
    problems_init(&problems, &arena);
    m = mapping_load(&arena, file, no_variable, NULL, 0, &problems);
    unlink(file);
    return m;
}

/* A mapping with these lines under source and this title; everything else is constant. */
static inline struct mapping *load_with(const char *source, const char *title)
{
    struct mapping *m = load(arena_printf(&arena,
                                          "name: jobs\n"
                                          "source:\n"
                                          "  key: id\n"
                                          "%s"
                                          "fields:\n"
                                          "  title: %s\n"
                                          "  city: {const: Riyadh}\n"
                                          "  employment_type: {const: part_time}\n"
                                          "  currency: {const: SAR}\n"
                                          "  status: {const: active}\n",
                                          source, title));

    if (!m)
        problems_print(&problems, stderr, false);
    return m;
}

static inline void expect_in(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("no \"%s\" in:\n%s", part, text);
}

static inline int arena_begin(void **state)
{
    (void)state;
    arena_init(&arena, 0);
    return 0;
}

static inline int arena_end(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

static inline int clear_arena(void **state)
{
    (void)state;
    arena_clear(&arena);
    return 0;
}

#define MAPPING_TEST(name) cmocka_unit_test_teardown(name, clear_arena)

#endif
