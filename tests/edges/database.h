/*
 * database: what the tests of edges/ share: connections to the database that QS_TEST_DATABASE_URL
 * names (postgresql:///name?host=…, a superuser's). Without it they fail: a test that was not run
 * proves nothing.
 */
#ifndef QS_TESTS_EDGES_DATABASE_H
#define QS_TESTS_EDGES_DATABASE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "edges/pg.h"

#define assert_done(call)                                                                          \
    do {                                                                                           \
        if (!(call))                                                                               \
            fail_msg("%s: %s (hint: %s)", #call, err.message, err.hint);                           \
    } while (0)

/* Fails the test unless the call fails with this kind of err. */
#define assert_err(expected, call)                                                                 \
    do {                                                                                           \
        err = (struct err)ERR_INIT;                                                                \
        assert_false(call);                                                                        \
        if (err.kind != (expected))                                                                \
            fail_msg("%s: kind %d: %s", #call, (int)err.kind, err.message);                        \
    } while (0)

static inline struct pg_options database_options(void)
{
    const char *url = getenv("QS_TEST_DATABASE_URL");
    if (!url)
        fail_msg("QS_TEST_DATABASE_URL is not set");
    return (struct pg_options){.url = url,
                               .what = "test",
                               .application_name = "qudra-sync test",
                               .connect_timeout_ms = 5000,
                               .statement_timeout_ms = 20000,
                               .stop_fd = -1};
}

static inline struct pg *database_open_with(const struct pg_options *o)
{
    struct err err = ERR_INIT;
    struct pg *pg = NULL;
    assert_done(pg_connect(&pg, o, &err));
    return pg;
}

static inline struct pg *database_open(void)
{
    struct pg_options o = database_options();
    return database_open_with(&o);
}

static inline void database_run(struct pg *pg, const char *sql)
{
    struct err err = ERR_INIT;
    assert_done(pg_script(pg, sql, &err));
}

/* One value; -1 for NULL or no row. */
static inline int64_t database_int(struct pg *pg, const char *sql)
{
    struct err err = ERR_INIT;
    struct pg_result *r = NULL;
    assert_done(pg_query(pg, sql, NULL, &r, &err));
    int64_t v = pg_rows(r) > 0 ? pg_int(r, 0, 0, -1) : -1;
    pg_result_free(r);
    return v;
}

#endif
