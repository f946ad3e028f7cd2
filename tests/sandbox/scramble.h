/*
 * scramble: a running number as an opaque one, and back.
 *
 * Ids and cursors must look like Qudra's (nothing can be read from them), yet be found again
 * without an index: a bijection on 64 bits does both. It hides nothing from an attacker.
 */
#ifndef SANDBOX_SCRAMBLE_H
#define SANDBOX_SCRAMBLE_H

#include <stdbool.h>
#include <stdint.h>

enum { SCRAMBLE_TEXT_BYTES = 32 };

struct scramble {
    const char *prefix; /* "job_" */
    uint64_t seed;
};

void scramble_write(const struct scramble *s, uint64_t number, char text[SCRAMBLE_TEXT_BYTES]);
bool scramble_read(const struct scramble *s, const char *text, uint64_t *number);

#endif
