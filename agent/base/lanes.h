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

#define LANES 16

typedef uint8_t lanes __attribute__((vector_size(LANES)));

static inline lanes lanes_at(const char *p)
{
    lanes v;
    memcpy(&v, p, sizeof v);
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

/* Each lane gets what the one before it had, the first nothing. */
static inline lanes lanes_moved_on(lanes v)
{
    uint8_t bytes[LANES + 1] = {0};
    memcpy(bytes + 1, &v, LANES);
    memcpy(&v, bytes, LANES);
    return v;
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
