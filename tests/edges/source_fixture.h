/*
 * source_fixture: a source on a real server, through a real mapping file. The tests own the schema
 * qs_source of the test database; `admin` may write to it, `pg`, the source's own, may not.
 */
#ifndef QS_TESTS_EDGES_SOURCE_FIXTURE_H
#define QS_TESTS_EDGES_SOURCE_FIXTURE_H

#include "edges/database.h"

#include <unistd.h>

#include "edges/source.h"

static struct err err;

struct fixture {
    struct pg *admin, *pg;
    struct arena arena;
    struct problems problems;
    char file[64];
    struct source *source;
};

static inline int set_up(void **state)
{
    struct fixture *f = mem_alloc(sizeof(*f));
    struct pg_options o = database_options();
    arena_init(&f->arena, 0);
    problems_init(&f->problems, &f->arena);
    f->admin = database_open();
    database_run(f->admin, "DROP SCHEMA IF EXISTS qs_source CASCADE; CREATE SCHEMA qs_source");
    o.read_only = true;
    o.own_search_path = true;
    f->pg = database_open_with(&o);
    *state = f;
    return 0;
}

static inline int tear_down(void **state)
{
    struct fixture *f = *state;
    source_free(f->source);
    pg_free(f->pg);
    database_run(f->admin, "DROP SCHEMA IF EXISTS qs_source CASCADE");
    pg_free(f->admin);
    arena_release(&f->arena);
    if (f->file[0])
        unlink(f->file);
    mem_free(f);
    return 0;
}

static inline char *no_variable(const char *name)
{
    (void)name;
    return NULL;
}

static inline const struct mapping *load(struct fixture *f, const char *source_yaml)
{
    snprintf(f->file, sizeof(f->file), "/tmp/qs_source_XXXXXX");
    int fd = mkstemp(f->file);
    assert_true(fd >= 0);
    dprintf(fd,
            "name: jobs\nsource:\n%s\nfields:\n  title: {column: title}\n"
            "  description: {const: \"A description that is long enough for any rule\"}\n"
            "  city: {const: Riyadh}\n  employment_type: {const: full_time}\n"
            "  currency: {const: SAR}\n  status: {const: active}\n",
            source_yaml);
    close(fd);
    const struct mapping *m = mapping_load(&f->arena, f->file, no_variable, NULL, 0, &f->problems);
    if (!m)
        problems_print(&f->problems, stderr, false);
    assert_non_null(m);
    return m;
}

static inline void open_source(struct fixture *f, const char *tables, const char *source_yaml)
{
    database_run(f->admin, tables);
    const struct mapping *m = load(f, source_yaml);
    assert_done(source_open(&f->source, f->pg, m, "Asia/Riyadh", NULL, &err));
}

struct walked {
    int64_t rows, pages, split; /* split: groups of equal keys that were over two pages */
    size_t most_rows;
    char last_key[256];
};

static inline void note_page(struct walked *w, const struct source_page *p)
{
    if (p->n > 0 && strcmp(w->last_key, p->keys[0]) == 0)
        w->split++;
    if (p->n > 0)
        snprintf(w->last_key, sizeof(w->last_key), "%s", p->keys[p->n - 1]);
    w->rows += (int64_t)p->n;
    w->pages++;
    if (p->n > w->most_rows)
        w->most_rows = p->n;
}

#define BY_ID "  table: qs_source.job\n  key: id\n  detect: scan\n"

#define SOURCE_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
