/* parcel: what it keeps of its rows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "engine/push_internal.h"

static struct account account;
static struct push push = {.o.account = &account};

static struct parcel_row *add(struct parcel *c, const char *mapping, const char *key)
{
    char of[32], is[32];
    snprintf(of, sizeof of, "%s", mapping);
    snprintf(is, sizeof is, "%s", key);
    struct parcel_row *row = parcel_add(c, &(struct parcel_row){.mapping = of, .key = is});
    memset(of, 0, sizeof of);
    memset(is, 0, sizeof is);
    return row;
}

static void test_what_the_row_before_says_too_is_kept_once(void **state)
{
    (void)state;
    struct parcel *c = parcel_new(&push, OP_CREATE, 3);
    const struct parcel_row *first = add(c, "jobs", "1"), *second = add(c, "jobs", "1");
    const struct parcel_row *third = add(c, "others", "2");
    assert_string_equal(first->mapping, "jobs");
    assert_ptr_equal(second->mapping, first->mapping);
    assert_string_equal(third->mapping, "others");
    assert_ptr_not_equal(second->key, first->key);
    assert_string_equal(third->key, "2");
    assert_null(parcel_copy(c, NULL, "before"));
    assert_string_equal(parcel_copy(c, "now", NULL), "now");
    parcel_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_the_row_before_says_too_is_kept_once),
    };
    return cmocka_run_group_tests_name("parcel", tests, NULL, NULL);
}
