/*
 * lanes: sixteen bytes looked at at once, for loops over text.
 *
 * Written with the compilers' vectors, so that it becomes what the machine has for this. A
 * comparison gives a lane of ones where it holds and of zeros where not; masks combine with & and
 * |.
 */
#ifndef QS_BASE_LANES_H
#define QS_BASE_LANES_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define LANES     16
#define LANES_FEW 4 /* bytes at least for lanes_of_few */

typedef uint8_t lanes __attribute__((vector_size(LANES)));

static inline lanes lanes_at(const char *p)
{
    lanes v;
    memcpy(&v, p, sizeof v);
    return v;
}

/* All of four to sixteen bytes, some of them more than once. */
static inline lanes lanes_of_few(const char *p, size_t n)
{
    uint64_t half[2];
    if (n >= sizeof *half) {
        memcpy(&half[0], p, sizeof *half);
        memcpy(&half[1], p + n - sizeof *half, sizeof *half);
    } else {
        uint32_t quarter[2];
        memcpy(&quarter[0], p, sizeof *quarter);
        memcpy(&quarter[1], p + n - sizeof *quarter, sizeof *quarter);
        half[0] = half[1] = (uint64_t)quarter[1] << 32 | quarter[0];
    }
    lanes v;
    memcpy(&v, half, sizeof v);
    return v;
}

static inline lanes lanes_fill(uint8_t byte)
{
    return (lanes){0} + byte;
}

static inline lanes lanes_are(lanes v, uint8_t byte)
{
    return (lanes)(v == lanes_fill(byte));
}

static inline lanes lanes_between(lanes v, uint8_t least, uint8_t most)
{
    return (lanes)(v - lanes_fill(least) <= lanes_fill((uint8_t)(most - least)));
}

/* 0x80-0xBF: bytes of UTF-8 that go on with a character. They are the least of all when the highest
 * bit is a sign. */
static inline lanes lanes_go_on(lanes v)
{
    typedef int8_t signed_lanes __attribute__((vector_size(LANES)));
    return (lanes)((signed_lanes)v < (signed_lanes)lanes_fill(0xC0));
}

/* Ones in the first n lanes. */
static inline lanes lanes_first(size_t n)
{
    static const char ones[2 * LANES] = {[0 ... LANES - 1] = -1};
    return lanes_at(ones + LANES - n);
}

static inline bool lanes_all(lanes mask)
{
    uint64_t half[2];
    memcpy(half, &mask, sizeof half);
    return (half[0] & half[1]) == UINT64_MAX;
}

static inline bool lanes_any(lanes mask)
{
    uint64_t half[2];
    memcpy(half, &mask, sizeof half);
    return (half[0] | half[1]) != 0;
}

#endif
