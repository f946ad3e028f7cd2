/*
 * The outbox is read in pages by id. Within a pass the next page begins behind the last: a change
 * that commits meanwhile with a smaller id is met by the next pass, because it is still there.
 */
#include "edges/outbox.h"

#include <stdlib.h>
#include <string.h>

#include "edges/outbox_internal.h"
#include "edges/sql.h"

enum { BATCH = 1000 };

/* ---- are the triggers there? -------------------------------------------------------------------
 */

enum { WHOLE, USABLE, MADE_FOR, SHAPE, MAY_NOTIFY };

static bool judge(struct pg *pg, const struct mapping *m, const struct pg_result *r, struct err *e)
{
    struct arena a;
    arena_init(&a, 0);
    const char *form = outbox_form(m, &a);
    bool fits = strncmp(pg_str(r, 0, MADE_FOR), form, strlen(form)) == 0;
    arena_release(&a);
    if (!pg_bool(r, 0, WHOLE))
        err_set(e, ERR_CONFIG, "%s: the triggers of detect: trigger are not (all) on table \"%s\"",
                pg_where(pg), m->table->text);
    else if (!fits)
        err_set(e, ERR_CONFIG,
                "%s: the triggers on table \"%s\" were made for an earlier form of "
                "the mapping",
                pg_where(pg), m->table->text);
    else if (pg_bool(r, 0, USABLE))
        return true;
    else {
        err_set(e, ERR_CONFIG,
                "%s: this role may not read, write and empty the outbox qudra_sync.change",
                pg_where(pg));
        return err_hint(e, "run `qudra-sync migrate --triggers --role` with this role's name as "
                           "whoever put the triggers there");
    }
    return err_hint(e, "run `qudra-sync migrate --triggers` as a role that may, or take another "
                       "`detect`");
}

bool outbox_require(struct pg *pg, const struct mapping *m, struct outbox_state *out, struct err *e)
{
    struct arena a;
    struct pg_params p;
    struct pg_result *r = NULL;
    arena_init(&a, 0);
    pg_params_init(&p);
    pg_add_str(&p, mapping_table_name(m, &a));
    pg_add_str(&p, mapping_watch_name(m, "change_", &a));
    bool ok = pg_query(pg, sql_outbox_state, &p, &r, e) && judge(pg, m, r, e);
    if (ok)
        *out = (struct outbox_state){.shape = pg_int(r, 0, SHAPE, 1),
                                     .may_notify = pg_bool(r, 0, MAY_NOTIFY)};
    pg_result_free(r);
    pg_params_release(&p);
    arena_release(&a);
    return ok;
}

/* ---- reading ------------------------------------------------------------------------------------
 */

static int compare_keys(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static size_t drop_twins(const char **keys, size_t n)
{
    size_t kept = 0;
    qsort(keys, n, sizeof(*keys), compare_keys);
    for (size_t i = 0; i < n; i++)
        if (kept == 0 || strcmp(keys[kept - 1], keys[i]) != 0)
            keys[kept++] = keys[i];
    return kept;
}

/* Keys of several parts come joined already. */
static const char *key_of(const struct mapping *m, const char *noted, struct arena *a)
{
    const struct text part = {.data = noted, .len = strlen(noted)};
    return m->n_key > 1 ? arena_strdup(a, noted)
                        : mapping_key_text(m, &(struct row){.value = &part, .n = 1}, a);
}

static void take_batch(const struct pg_result *r, const struct mapping *m, struct arena *a,
                       struct outbox_batch *out)
{
    size_t rows = pg_rows(r);
    *out = (struct outbox_batch){.keys = arena_alloc(a, (rows + 1) * sizeof(*out->keys)),
                                 .ids = arena_alloc(a, (rows + 1) * sizeof(*out->ids)),
                                 .n_ids = rows,
                                 .last = rows < BATCH};
    for (size_t i = 0; i < rows; i++) {
        const char *key = pg_str(r, i, 1);
        out->ids[i] = pg_int(r, i, 0, 0);
        if (key)
            out->keys[out->n++] = key_of(m, key, a);
        else
            out->scan = true;
    }
    out->n = drop_twins(out->keys, out->n);
}

bool outbox_read(struct pg *pg, const struct mapping *m, int64_t after, struct arena *a,
                 struct outbox_batch *out, struct err *e)
{
    struct pg_params p;
    struct pg_result *r;
    pg_params_init(&p);
    pg_add_str(&p, m->name);
    pg_add_int(&p, after);
    pg_add_int(&p, BATCH);
    bool ok = pg_query(pg, sql_outbox_read, &p, &r, e);
    if (ok) {
        take_batch(r, m, a, out);
        pg_result_free(r);
    }
    pg_params_release(&p);
    return ok;
}

static bool write_outbox(struct pg *writer, const char *sql, const struct pg_params *p,
                         struct pg_result **r, struct err *e)
{
    if (pg_query(writer, sql, p, r, e))
        return true;
    if (strcmp(e->sqlstate, "25006") != 0)
        return false;
    e->kind = ERR_CONFIG;
    return err_hint(e, "detect: trigger needs a source that can be written: name the primary in "
                       "database.source_url, or take detect: watermark");
}

bool outbox_forget(struct pg *writer, const struct mapping *m, const int64_t *ids, size_t n,
                   struct err *e)
{
    struct pg_array array;
    struct pg_params p;
    pg_array_init(&array, PG_INT8);
    for (size_t i = 0; i < n; i++)
        pg_array_int(&array, ids[i]);
    pg_params_init(&p);
    pg_add_str(&p, m->name);
    pg_add_array(&p, &array);
    bool ok = write_outbox(writer, sql_outbox_forget, &p, NULL, e);
    pg_params_release(&p);
    pg_array_release(&array);
    return ok;
}

/* ---- a whole scan
 * -------------------------------------------------------------------------------- */

bool outbox_begin_scan(struct pg *writer, const struct mapping *m, struct outbox_wish *out,
                       struct err *e)
{
    enum { ID, COUNT };
    struct pg_params p;
    struct pg_result *r = NULL;
    pg_params_init(&p);
    pg_add_str(&p, m->name);
    bool ok = write_outbox(writer, sql_outbox_scan_begin, &p, &r, e);
    if (ok)
        *out =
            (struct outbox_wish){.id = pg_int(r, 0, ID, 0), .stands_for = pg_int(r, 0, COUNT, 0)};
    pg_result_free(r);
    pg_params_release(&p);
    return ok;
}

/* ---- sleep
 * --------------------------------------------------------------------------------------- */

static bool ask_lock(struct pg *pg, const struct mapping *m, const char *sql, struct pg_result **r,
                     struct err *e)
{
    struct pg_params p;
    pg_params_init(&p);
    pg_add_int(&p, mapping_watch_lock(m));
    bool ok = pg_query(pg, sql, &p, r, e);
    pg_params_release(&p);
    return ok;
}

bool outbox_sleep(struct pg *listener, const struct mapping *m, bool *asleep, struct err *e)
{
    struct pg_result *r = NULL;
    bool ok = ask_lock(listener, m, sql_outbox_sleep, &r, e);
    if (ok)
        *asleep = pg_bool(r, 0, 0);
    pg_result_free(r);
    return ok;
}

bool outbox_wake(struct pg *listener, const struct mapping *m, struct err *e)
{
    return ask_lock(listener, m, sql_outbox_wake, NULL, e);
}
