/*
 * yaml_text: a text that is read as the file f.yaml, its variables made up here, and what is told
 * of it. Each test begins with no problems.
 */
#ifndef QS_TESTS_UNIT_YAML_TEXT_H
#define QS_TESTS_UNIT_YAML_TEXT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "formats/yaml.h"

static struct arena arena;
static struct problems problems;

static inline char *lookup(const char *name)
{
    static char key[] = "s3cret-value", empty[] = "", arabic[] = "\xd8\xac\xd8\xaf\xd8\xa9",
                again[] = "${KEY}";

    if (!strcmp(name, "KEY"))
        return key;
    if (!strcmp(name, "EMPTY"))
        return empty;
    if (!strcmp(name, "CITY_2"))
        return arabic;
    return !strcmp(name, "AGAIN") ? again : NULL;
}

static inline const struct yaml_node *read_bytes(const char *text, size_t len)
{
    return yaml_read("f.yaml", text, len, lookup, &problems)->root;
}

static inline const struct yaml_node *read_any(const char *text)
{
    return read_bytes(text, strlen(text));
}

static inline const char *told(void)
{
    static char text[16384];
    FILE *f = fmemopen(text, sizeof(text), "w");

    problems_print(&problems, f, false);
    fclose(f);
    return problems.first ? text : "";
}

static inline const struct yaml_node *read_good(const char *text)
{
    const struct yaml_node *n = read_any(text);

    assert_string_equal(told(), "");
    assert_non_null(n);
    return n;
}

static inline void assert_problem(int line, int column, const char *message)
{
    const struct problem *p = problems.first;

    if (!p || p->line != line || p->column != column || strcmp(p->message, message) != 0)
        fail_msg("expected %d:%d: %s, got\n%s", line, column, message, told());
}

static inline int set_up(void **state)
{
    (void)state;
    arena_init(&arena, 0);
    problems_init(&problems, &arena);
    return 0;
}

static inline int tear_down(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

#define YAML_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
