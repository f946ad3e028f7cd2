/*
 * lanes: the portable form of what the machine here has an instruction for.
 */
#undef __SSE2__
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/lanes.h"

static void test_every_lane_has_its_bit(void **state)
{
    (void)state;
    for (unsigned bits = 0; bits <= 0xffff; bits++) {
        char bytes[LANES];
        for (unsigned i = 0; i < LANES; i++)
            bytes[i] = (bits >> i & 1) != 0 ? -1 : (char)(bits % 0x80);
        lanes mask = lanes_at(bytes);
        assert_int_equal(lanes_bits(mask), bits);
        assert_int_equal(lanes_any(mask), bits != 0);
        assert_int_equal(lanes_all(mask), bits == 0xffff);
        if (bits != 0)
            assert_true((bits >> lanes_where(mask)) % 2 == 1 &&
                        bits % (1u << lanes_where(mask)) == 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_lane_has_its_bit),
    };
    return cmocka_run_group_tests_name("lanes", tests, NULL, NULL);
}
