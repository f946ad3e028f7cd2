/*
 * Keys come as the text that names a row in the state and go as one array for each part. A key that
 * does not split into the mapping's parts names no row of this source and is left out: it is what
 * an earlier form of the mapping has left in the state.
 */
#include "edges/source_internal.h"

#include <stdlib.h>
#include <string.h>

struct key_arrays {
    struct pg_array part[MAPPING_MAX_KEY];
    size_t n_key;
};

static void arrays_init(struct key_arrays *k, const struct mapping *m)
{
    k->n_key = m->n_key;
    for (size_t i = 0; i < k->n_key; i++)
        pg_array_init(&k->part[i], PG_TEXT);
}

static void arrays_release(struct key_arrays *k)
{
    for (size_t i = 0; i < k->n_key; i++)
        pg_array_release(&k->part[i]);
}

static bool arrays_add(struct key_arrays *k, const struct mapping *m, const char *key,
                       struct arena *a)
{
    struct text parts[MAPPING_MAX_KEY];
    struct err ignored = ERR_INIT;
    if (strncmp(key, KEY_MOVED, strlen(KEY_MOVED)) == 0)
        return false;
    if (!mapping_key_split(m, key, a, parts, &ignored))
        return false;
    for (size_t i = 0; i < k->n_key; i++)
        pg_array_text(&k->part[i], parts[i]);
    return true;
}

static void arrays_as_params(struct key_arrays *k, struct pg_params *p)
{
    pg_params_init(p);
    for (size_t i = 0; i < k->n_key; i++)
        pg_add_array(p, &k->part[i]);
}

/* Runs MAPPING_BY_KEY or MAPPING_PRESENT and takes its rows in hand. */
static bool look_up(struct source *s, enum mapping_query q, const char *const *keys, size_t n,
                    struct source_page *page, struct err *e)
{
    struct key_arrays arrays;
    struct pg_params p;
    struct pg_result *r;
    source_drop(s);
    arrays_init(&arrays, s->mapping);
    for (size_t i = 0; i < n; i++)
        arrays_add(&arrays, s->mapping, keys[i], &s->page);
    arrays_as_params(&arrays, &p);
    bool ok = pg_query(s->pg, s->sql[q], &p, &r, e);
    pg_params_release(&p);
    arrays_release(&arrays);
    if (ok)
        source_hold(s, r, page);
    else
        source_fail(e);
    return ok;
}

struct keyed {
    const char *key;
    struct row row;
};

static int by_key(const void *a, const void *b)
{
    const struct keyed *x = a, *y = b;
    return strcmp(x->key, y->key);
}

/* Brings equal keys side by side, as they are in a scan, and lets a key be found. */
static void sort_by_key(struct source *s, struct source_page *page)
{
    struct keyed *order = arena_take(&s->page, page->n * sizeof(*order));
    for (size_t i = 0; i < page->n; i++)
        order[i] = (struct keyed){.key = page->keys[i], .row = page->rows[i]};
    qsort(order, page->n, sizeof(*order), by_key);
    for (size_t i = 0; i < page->n; i++) {
        page->keys[i] = order[i].key;
        page->rows[i] = order[i].row;
    }
}

bool source_rows(struct source *s, const char *const *keys, size_t n, struct source_page *page,
                 struct err *e)
{
    if (!look_up(s, MAPPING_BY_KEY, keys, n, page, e))
        return false;
    sort_by_key(s, page);
    page->last = true;
    return true;
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

bool source_present(struct source *s, const char *const *keys, size_t n, bool *present,
                    struct err *e)
{
    struct source_page page;
    if (!look_up(s, MAPPING_PRESENT, keys, n, &page, e)) {
        if (strcmp(e->sqlstate, "22P02") == 0)
            err_hint(e, "the state has keys of another type: if source.key was changed, give the "
                        "mapping a new name");
        return false;
    }
    sort_by_key(s, &page);
    for (size_t i = 0; i < n; i++)
        present[i] =
            bsearch(&keys[i], page.keys, page.n, sizeof(*page.keys), compare_texts) != NULL;
    source_drop(s);
    return true;
}

bool source_null_keys(struct source *s, int64_t *count, struct err *e)
{
    struct pg_result *r;
    if (!pg_query(s->pg, s->sql[MAPPING_NULL_KEYS], NULL, &r, e))
        return source_fail(e);
    *count = pg_int(r, 0, 0, 0);
    pg_result_free(r);
    return true;
}

/* ---- write-back --------------------------------------------------------------------------------
 */

enum { NOTE_COLUMNS = 3 };

static bool write_notes(struct pg *writer, const struct source *s, struct key_arrays *keys,
                        struct pg_array column[NOTE_COLUMNS], struct err *e)
{
    struct pg_params p;
    arrays_as_params(keys, &p);
    for (size_t i = 0; i < NOTE_COLUMNS; i++)
        pg_add_array(&p, &column[i]);
    bool ok = pg_query(writer, s->sql[MAPPING_WRITE_BACK], &p, NULL, e);
    pg_params_release(&p);
    if (!ok && strcmp(e->sqlstate, "42501") == 0)
        err_hint(e, "let the owner give the role UPDATE on the columns of source.write_back and "
                    "SELECT on the table");
    return ok || source_fail(e);
}

bool source_write_back(struct pg *writer, const struct source *s, const struct source_note *notes,
                       size_t n, struct err *e)
{
    struct key_arrays keys;
    struct pg_array column[NOTE_COLUMNS];
    struct arena a;
    if (!s->sql[MAPPING_WRITE_BACK])
        BUG("mapping \"%s\" writes nothing back", s->mapping->name);
    arena_init(&a, 0);
    arrays_init(&keys, s->mapping);
    for (size_t i = 0; i < NOTE_COLUMNS; i++)
        pg_array_init(&column[i], PG_TEXT);
    for (size_t i = 0; i < n; i++) {
        if (!arrays_add(&keys, s->mapping, notes[i].key, &a))
            continue;
        pg_array_str(&column[0], notes[i].job_id);
        pg_array_str(&column[1], notes[i].qudra_url);
        pg_array_str(&column[2], notes[i].status);
    }
    bool ok = write_notes(writer, s, &keys, column, e);
    for (size_t i = 0; i < NOTE_COLUMNS; i++)
        pg_array_release(&column[i]);
    arrays_release(&keys);
    arena_release(&a);
    return ok;
}
