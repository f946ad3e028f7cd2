/*
 * qudra_literals: answers as literals. These tests have no network, so they bring their own
 * headers: http_header() here stands before the agent's.
 */
#ifndef QS_TESTS_UNIT_QUDRA_LITERALS_H
#define QS_TESTS_UNIT_QUDRA_LITERALS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "edges/qudra.h"

static const char *const (*headers)[2];
static size_t n_headers;

const char *http_header(const struct http_response *r, const char *name)
{
    (void)r;
    for (size_t i = 0; i < n_headers; i++)
        if (strcmp(headers[i][0], name) == 0)
            return headers[i][1];
    return NULL;
}

static struct arena arena;

/* Every reading changes the body: it is a fresh one each time. */
static inline struct http_response answered(int status, const char *body)
{
    return (struct http_response){.end = HTTP_ANSWERED,
                                  .status = status,
                                  .body = arena_strdup(&arena, body),
                                  .body_len = strlen(body)};
}

static struct outcome out[8];

static inline int setup(void **state)
{
    (void)state;
    arena_init(&arena, 0);
    n_headers = 0;
    memset(out, 0, sizeof out);
    return 0;
}

static inline int teardown(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

#define JOB(id)     "{\"id\":\"job_" id "\",\"title\":\"Cook\"}"
#define ERROR(code) "{\"error\":{\"code\":\"" code "\",\"message\":\"no\",\"messageAr\":\"لا\"}}"

#define QUDRA_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

#endif
