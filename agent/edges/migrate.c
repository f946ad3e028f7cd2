/*
 * A step is: begin, lock, read what is applied, apply the first that is missing, record it, commit.
 * Reading again behind the lock is what makes a second migrator harmless: it waits, then finds
 * nothing left to do. Nothing is remembered between steps.
 */
#include "edges/migrate.h"

#include <stdio.h>
#include <string.h>
#include <xxhash.h>

#include "edges/sql.h"

struct applied {
    int version;
    const char *name, *checksum, *at;
};

struct history {
    struct applied *applied;
    size_t n;
};

static const char *checksum_of(const struct migration *m, struct arena *a)
{
    XXH128_hash_t h = XXH3_128bits(m->text, strlen(m->text));
    return arena_printf(a, "%016llx%016llx", (unsigned long long)h.high64,
                        (unsigned long long)h.low64);
}

static int latest(void)
{
    int version = 0;
    for (const struct migration *m = migrations; m->text; m++)
        version = m->version;
    return version;
}

static const struct applied *find_applied(const struct history *h, int version)
{
    for (size_t i = 0; i < h->n; i++)
        if (h->applied[i].version == version)
            return &h->applied[i];
    return NULL;
}

static const struct migration *find_known(int version)
{
    for (const struct migration *m = migrations; m->text; m++)
        if (m->version == version)
            return m;
    return NULL;
}

static const struct migration *first_missing(const struct history *h)
{
    for (const struct migration *m = migrations; m->text; m++)
        if (!find_applied(h, m->version))
            return m;
    return NULL;
}

static bool read_history(struct pg *pg, struct arena *a, struct history *h, struct err *e)
{
    struct pg_result *r;
    *h = (struct history){.n = 0};
    if (!pg_query(pg, sql_migrate_exists, NULL, &r, e))
        return false;
    bool exists = pg_bool(r, 0, 0);
    pg_result_free(r);
    if (!exists)
        return true;
    if (!pg_query(pg, sql_migrate_list, NULL, &r, e))
        return false;
    h->n = pg_rows(r);
    h->applied = arena_alloc(a, h->n * sizeof(*h->applied));
    for (size_t i = 0; i < h->n; i++)
        h->applied[i] = (struct applied){.version = (int)pg_int(r, i, 0, 0),
                                         .name = arena_strdup(a, pg_str(r, i, 1)),
                                         .checksum = arena_strdup(a, pg_str(r, i, 2)),
                                         .at = arena_strdup(a, pg_str(r, i, 3))};
    pg_result_free(r);
    return true;
}

/* What was applied must be what this program would have applied. */
static bool check_history(const struct history *h, struct arena *a, struct err *e)
{
    for (size_t i = 0; i < h->n; i++) {
        const struct applied *was = &h->applied[i];
        const struct migration *m = find_known(was->version);
        if (!m) {
            err_set(e, ERR_CONFIG,
                    "the schema qudra_sync has migration %d, \"%s\", and this program knows none "
                    "after %d",
                    was->version, was->name, latest());
            return err_hint(e, "use the newer qudra-sync that made it");
        }
        if (strcmp(was->checksum, checksum_of(m, a)) != 0) {
            err_set(e, ERR_CONFIG, "migration %d, \"%s\", has changed since it was applied on %s",
                    was->version, was->name, was->at);
            return err_hint(e, "use a released qudra-sync; a migration is never edited, a new one "
                               "is added");
        }
    }
    return true;
}

static bool is_duplicate_object(const struct err *e)
{
    return strcmp(e->sqlstate, "42710") == 0 || strcmp(e->sqlstate, "42P07") == 0;
}

static bool apply(struct pg *pg, const struct migration *m, struct arena *a, struct err *e)
{
    struct pg_params p;
    char version[16];
    if (!pg_script(pg, m->text, e)) {
        if (is_duplicate_object(e))
            err_hint(e, "the schema qudra_sync holds objects of an unrecorded migration: if it may "
                        "go, drop it, and migrate again");
        return err_prefix(e, "migration %d, \"%s\": ", m->version, m->name);
    }
    if (!pg_script(pg, sql_migrate_create, e))
        return false;
    snprintf(version, sizeof(version), "%d", m->version);
    pg_params_init(&p);
    pg_add_str(&p, version);
    pg_add_str(&p, m->name);
    pg_add_str(&p, checksum_of(m, a));
    bool done = pg_query(pg, sql_migrate_record, &p, NULL, e);
    pg_params_release(&p);
    return done;
}

static bool take_lock(struct pg *pg, struct err *e)
{
    if (pg_query(pg, sql_migrate_lock, NULL, NULL, e))
        return true;
    if (strcmp(e->sqlstate, "57014") == 0)
        err_hint(e, "another migration is running: wait for its end");
    return false;
}

/* *more tells whether a migration was applied, so that another may be missing. */
static bool step(struct pg *pg, struct arena *a, bool *more, struct err *e)
{
    struct history h;
    if (!pg_begin(pg, e))
        return false;
    if (!take_lock(pg, e) || !read_history(pg, a, &h, e) || !check_history(&h, a, e))
        goto failed;
    const struct migration *m = first_missing(&h);
    *more = m != NULL;
    if ((m && !apply(pg, m, a, e)) || !pg_commit(pg, e))
        goto failed;
    return true;
failed:
    pg_rollback(pg);
    return false;
}

bool migrate_up(struct pg *pg, int *done, struct err *e)
{
    struct arena a;
    bool ok, more = false;
    arena_init(&a, 0);
    *done = 0;
    do {
        ok = step(pg, &a, &more, e);
        *done += ok && more;
    } while (ok && more);
    arena_release(&a);
    return ok;
}

bool migrate_require(struct pg *pg, struct err *e)
{
    struct arena a;
    struct history h;
    arena_init(&a, 0);
    bool ok = read_history(pg, &a, &h, e) && check_history(&h, &a, e);
    const struct migration *missing = ok ? first_missing(&h) : NULL;
    if (missing) {
        ok = err_set(e, ERR_CONFIG, "%s: %s %d, \"%s\"", pg_where(pg),
                     h.n ? "the schema qudra_sync lacks migration"
                         : "the schema qudra_sync is not there; it begins with migration",
                     missing->version, missing->name);
        err_hint(e, "run `qudra-sync migrate`");
    }
    arena_release(&a);
    return ok;
}

/* Also those that this program does not know: a newer one has been here. */
bool migrate_status(struct pg *pg, struct arena *a, struct migrate_step **steps, size_t *n,
                    struct err *e)
{
    struct history h;
    size_t known = 0;
    if (!read_history(pg, a, &h, e))
        return false;
    while (migrations[known].text)
        known++;
    *steps = arena_alloc(a, (known + h.n) * sizeof(**steps));
    *n = 0;
    for (size_t i = 0; i < known; i++) {
        const struct applied *was = find_applied(&h, migrations[i].version);
        (*steps)[(*n)++] = (struct migrate_step){.version = migrations[i].version,
                                                 .name = migrations[i].name,
                                                 .applied = was != NULL,
                                                 .applied_at = was ? was->at : NULL};
    }
    for (size_t i = 0; i < h.n; i++)
        if (!find_known(h.applied[i].version))
            (*steps)[(*n)++] = (struct migrate_step){.version = h.applied[i].version,
                                                     .name = h.applied[i].name,
                                                     .applied = true,
                                                     .applied_at = h.applied[i].at};
    return true;
}
