/*
 * Opening a source proves the mapping against the catalogue before any row is read: the types of
 * its columns decide how the statements cast, and the statements are run once for no rows. What the
 * server refuses there is traced back to the partner's own words in the YAML file.
 */
#include "edges/source_internal.h"

#include <stdio.h>
#include <string.h>

#include "edges/sql.h"

bool source_fail(struct err *e)
{
    if (e->kind == ERR_INTERNAL && e->sqlstate[0] && strncmp(e->sqlstate, "XX", 2) != 0)
        e->kind = ERR_CONFIG;
    return false;
}

/* ---- what is wrong with the mapping ------------------------------------------------------------
 */

/* The file has its own place for "source database … on host …": the server's words alone remain. */
static void blame(const struct source *s, enum mapping_query q, const struct err *e,
                  struct problems *problems)
{
    struct err bare = *e;
    size_t where = strlen(pg_where(s->pg));
    if (strncmp(e->message, pg_where(s->pg), where) == 0 &&
        strncmp(e->message + where, ": ", 2) == 0)
        snprintf(bare.message, sizeof(bare.message), "%s", e->message + where + 2);
    mapping_blame(s->mapping, q, &s->types, s->time_zone, &bare, problems);
}

static bool refuse(const struct source *s, enum mapping_query q, struct problems *problems,
                   struct err *e)
{
    source_fail(e);
    if (problems && e->kind == ERR_CONFIG && e->sqlstate[0])
        blame(s, q, e, problems);
    return false;
}

/* mapping_sql names the place in its message: "file:line:column: …". */
static void add_placed(const struct source *s, const struct err *e, struct problems *problems)
{
    struct problem p = {.file = s->mapping->file, .message = e->message};
    size_t file = strlen(p.file);
    int read = 0;
    if (strncmp(e->message, p.file, file) == 0 &&
        sscanf(e->message + file, ":%d:%d: %n", &p.line, &p.column, &read) == 2 && read > 0)
        p.message = e->message + file + read;
    p.hint = e->hint[0] ? e->hint : NULL;
    problems_add(problems, &p);
}

/* ---- types -------------------------------------------------------------------------------------
 */

/* The oids of the columns whose types the statements need: key parts, changed, priority, due. */
static void add_oids(const struct source *s, const struct pg_result *described,
                     struct pg_array *oids)
{
    static const size_t computed[] = {COLUMN_CHANGED, COLUMN_PRIORITY, COLUMN_DUE};
    size_t n_key = s->mapping->n_key;
    for (size_t i = 0; i < n_key; i++)
        pg_array_int(oids, pg_column_type(described, i));
    for (size_t i = 0; i < ARRAY_LEN(computed); i++)
        pg_array_int(oids, pg_column_type(described, n_key + computed[i]));
}

static void keep_types(struct source *s, const struct pg_result *names)
{
    const struct mapping *m = s->mapping;
    size_t i = 0;
    for (; i < m->n_key; i++)
        s->types.key[i] = arena_strdup(&s->arena, pg_str(names, i, 0));
    if (m->updated_at)
        s->types.changed = arena_strdup(&s->arena, pg_str(names, i, 0));
    if (m->priority)
        s->types.priority = arena_strdup(&s->arena, pg_str(names, i + 1, 0));
    if (m->n_due)
        s->types.due = arena_strdup(&s->arena, pg_str(names, i + 2, 0));
}

static bool read_types(struct source *s, const struct pg_result *described, struct err *e)
{
    struct pg_array oids;
    struct pg_params p;
    struct pg_result *names = NULL;
    pg_array_init(&oids, PG_INT8);
    pg_params_init(&p);
    add_oids(s, described, &oids);
    pg_add_array(&p, &oids);
    bool ok = pg_query(s->pg, sql_source_type_names, &p, &names, e);
    if (ok)
        keep_types(s, names);
    pg_result_free(names);
    pg_params_release(&p);
    pg_array_release(&oids);
    return ok;
}

static bool describe(struct source *s, struct problems *problems, struct err *e)
{
    struct pg_result *r;
    s->sql[MAPPING_DESCRIBE] =
        mapping_sql(s->mapping, MAPPING_DESCRIBE, NULL, s->time_zone, &s->arena, e);
    if (!s->sql[MAPPING_DESCRIBE])
        return false;
    if (!pg_query(s->pg, s->sql[MAPPING_DESCRIBE], NULL, &r, e))
        return refuse(s, MAPPING_DESCRIBE, problems, e);
    bool ok = read_types(s, r, e);
    pg_result_free(r);
    return ok;
}

/* ---- statements --------------------------------------------------------------------------------
 */

static bool is_for(const struct mapping *m, enum mapping_query q)
{
    switch (q) {
    case MAPPING_CHANGED:
    case MAPPING_CHANGED_AFTER:
        return m->updated_at != NULL;
    case MAPPING_WRITE_BACK:
        return mapping_writes_back(m);
    case MAPPING_DESCRIBE: /* done already */
    case MAPPING_WATCHED:
        return false;
    case MAPPING_SCAN:
    case MAPPING_SCAN_AFTER:
    case MAPPING_KEYS:
    case MAPPING_KEYS_AFTER:
    case MAPPING_BY_KEY:
    case MAPPING_PRESENT:
    case MAPPING_NULL_KEYS:
        return true;
    case MAPPING_QUERIES:
        break;
    }
    BUG("not a query");
}

static bool compile(struct source *s, struct problems *problems, struct err *e)
{
    for (enum mapping_query q = 0; q < MAPPING_QUERIES; q++) {
        if (!is_for(s->mapping, q))
            continue;
        s->sql[q] = mapping_sql(s->mapping, q, &s->types, s->time_zone, &s->arena, e);
        if (s->sql[q])
            continue;
        if (problems)
            add_placed(s, e, problems);
        return false;
    }
    return true;
}

/* Runs a paged statement for no rows: what cannot be planned is known before the first pass. */
static bool prove(struct source *s, enum mapping_query q, struct problems *problems, struct err *e)
{
    struct pg_params p;
    if (!s->sql[q])
        return true;
    pg_params_init(&p);
    if (q == MAPPING_CHANGED)
        pg_add_str(&p, "epoch");
    pg_add_int(&p, 0);
    bool ok = pg_query(s->pg, s->sql[q], &p, NULL, e);
    pg_params_release(&p);
    return ok || refuse(s, q, problems, e);
}

bool source_open(struct source **out, struct pg *pg, const struct mapping *m, const char *time_zone,
                 struct problems *problems, struct err *e)
{
    struct source *s = mem_alloc(sizeof(*s));
    arena_init(&s->arena, 0);
    arena_init(&s->page, 64 * 1024);
    s->pg = pg;
    s->mapping = m;
    s->time_zone = arena_strdup(&s->arena, time_zone);
    if (!describe(s, problems, e) || !compile(s, problems, e) ||
        !prove(s, MAPPING_SCAN, problems, e) || !prove(s, MAPPING_CHANGED, problems, e)) {
        source_free(s);
        return false;
    }
    *out = s;
    return true;
}

void source_free(struct source *s)
{
    if (!s)
        return;
    source_scan_stop(s);
    arena_release(&s->page);
    arena_release(&s->arena);
    mem_free(s);
}

const struct mapping_types *source_types(const struct source *s)
{
    return &s->types;
}

/* ---- the page in hand --------------------------------------------------------------------------
 */

void source_drop(struct source *s)
{
    pg_result_free(s->result);
    s->result = NULL;
    arena_clear(&s->page);
}

void source_hold(struct source *s, struct pg_result *r, struct source_page *page)
{
    source_drop(s);
    s->result = r;
    size_t rows = pg_rows(r), columns = pg_columns(r);
    bool utf8 = pg_is_utf8(s->pg);
    struct text *cells = arena_take(&s->page, rows * columns * sizeof(*cells));
    *page = (struct source_page){.rows = arena_take(&s->page, rows * sizeof(*page->rows)),
                                 .keys = arena_take(&s->page, rows * sizeof(*page->keys)),
                                 .n = rows};
    pg_texts(r, cells);
    for (size_t i = 0; i < rows; i++, cells += columns) {
        page->rows[i] = (struct row){.value = cells, .n = columns, .utf8 = utf8};
        page->keys[i] = mapping_key_text(s->mapping, &page->rows[i], &s->page);
    }
}

/* ---- the database as a whole -------------------------------------------------------------------
 */

bool source_horizon(struct source *s, int64_t overlap_ms, struct arena *a, const char **horizon,
                    struct err *e)
{
    struct pg_params p;
    struct pg_result *r = NULL;
    pg_params_init(&p);
    pg_add_int(&p, overlap_ms);
    bool ok = pg_query(s->pg, sql_source_horizon, &p, &r, e);
    if (ok)
        *horizon = arena_strdup(a, pg_str(r, 0, 0));
    pg_result_free(r);
    pg_params_release(&p);
    return ok;
}

bool source_identity(struct source *s, struct arena *a, const char **identity, struct err *e)
{
    struct pg_result *database, *cluster = NULL;
    if (!pg_query(s->pg, sql_source_identity, NULL, &database, e))
        return false;
    bool may_ask = pg_bool(database, 0, 1);
    bool ok = !may_ask || pg_query(s->pg, sql_source_system, NULL, &cluster, e);
    if (ok)
        *identity =
            arena_printf(a, "%s@%s", pg_str(database, 0, 0), cluster ? pg_str(cluster, 0, 0) : "");
    pg_result_free(cluster);
    pg_result_free(database);
    return ok;
}

bool source_is_same(const char *one, const char *other)
{
    const char *cluster1 = strrchr(one, '@'), *cluster2 = strrchr(other, '@');
    if (!cluster1 || !cluster2)
        return strcmp(one, other) == 0;
    if (!cluster1[1] || !cluster2[1])
        return cluster1 - one == cluster2 - other &&
               strncmp(one, other, (size_t)(cluster1 - one)) == 0;
    const char *oid1 = strrchr(one, '/'), *oid2 = strrchr(other, '/');
    return strcmp(oid1 ? oid1 : one, oid2 ? oid2 : other) == 0;
}
