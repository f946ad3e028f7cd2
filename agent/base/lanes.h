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
#ifdef __SSE2__
#include <emmintrin.h>
#endif

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

/* From 0x80 up to the byte before this one, which is above 0x80: they are the least of all when the
 * highest bit is a sign. */
static inline lanes lanes_below(lanes v, uint8_t byte)
{
    typedef int8_t signed_lanes __attribute__((vector_size(LANES)));
    return (lanes)((signed_lanes)v < (signed_lanes)lanes_fill(byte));
}

/* 0x80-0xBF: bytes of UTF-8 that go on with a character. */
static inline lanes lanes_go_on(lanes v)
{
    return lanes_below(v, 0xC0);
}

/* Ones in the first n lanes. */
static inline lanes lanes_first(size_t n)
{
    static const char ones[2 * LANES] = {[0 ... LANES - 1] = -1};
    return lanes_at(ones + LANES - n);
}

/* The highest bit of each lane, that of the first lane lowest. Where there is no instruction for
 * it, every byte of half a mask keeps a bit of its own, and the product adds them up in the highest
 * byte. */
static inline unsigned lanes_bits(lanes mask)
{
#ifdef __SSE2__
    return (unsigned)_mm_movemask_epi8((__m128i)mask);
#else
    const lanes own = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
    uint64_t half[2];
    mask = lanes_between(mask, 0x80, 0xFF) & own;
    memcpy(half, &mask, sizeof half);
    return (unsigned)(half[0] * UINT64_C(0x0101010101010101) >> 56 |
                      half[1] * UINT64_C(0x0101010101010101) >> 56 << 8);
#endif
}

static inline bool lanes_all(lanes mask)
{
    return lanes_bits(mask) == 0xffff;
}

static inline bool lanes_any(lanes mask)
{
    return lanes_bits(mask) != 0;
}

/* The first lane of ones, of a mask that has any. */
static inline size_t lanes_where(lanes mask)
{
    return (size_t)__builtin_ctz(lanes_bits(mask));
}

#endif
