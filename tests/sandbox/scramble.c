/*
 * Multiplying by an odd number and folding the upper half into the lower are each reversible: the
 * fold is its own inverse, and the factor's inverse modulo 2^64 comes from Newton's iteration.
 */
#include "scramble.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const uint64_t factors[] = {0x9e3779b97f4a7c15u, 0xd6e8feb86659fd93u};
enum { DIGITS = 16 };

static uint64_t inverse(uint64_t factor)
{
    uint64_t x = factor; /* right in the lowest three bits; each step doubles that */
    for (int i = 0; i < 5; i++)
        x *= 2 - factor * x;
    return x;
}

static uint64_t mix(uint64_t x, uint64_t seed)
{
    x ^= seed;
    for (int i = 0; i < 2; i++) {
        x *= factors[i];
        x ^= x >> 32;
    }
    return x;
}

static uint64_t unmix(uint64_t x, uint64_t seed)
{
    for (int i = 1; i >= 0; i--) {
        x ^= x >> 32;
        x *= inverse(factors[i]);
    }
    return x ^ seed;
}

void scramble_write(const struct scramble *s, uint64_t number, char text[SCRAMBLE_TEXT_BYTES])
{
    snprintf(text, SCRAMBLE_TEXT_BYTES, "%.8s%0*" PRIx64, s->prefix, DIGITS, mix(number, s->seed));
}

static bool digit(char c, uint64_t *value)
{
    static const char hex[] = "0123456789abcdef";
    const char *at = c == '\0' ? NULL : strchr(hex, c);
    if (at == NULL)
        return false;
    *value = (uint64_t)(at - hex);
    return true;
}

bool scramble_read(const struct scramble *s, const char *text, uint64_t *number)
{
    size_t prefix = strlen(s->prefix);
    if (strncmp(text, s->prefix, prefix) != 0 || strlen(text) != prefix + DIGITS)
        return false;
    uint64_t x = 0;
    for (const char *p = text + prefix; *p != '\0'; p++) {
        uint64_t value;
        if (!digit(*p, &value))
            return false;
        x = x << 4 | value;
    }
    *number = unmix(x, s->seed);
    return true;
}
