/*
 * What the mapping reads is asked of PostgreSQL itself: a view of the mapping's SQL stands for the
 * time of the transaction, and its dependencies are the columns. The server also writes the DDL,
 * with its own quoting, and only what is missing: a second run takes no lock on the partner's
 * table.
 *
 * A table that is being written to lets the DDL wait, and everyone else behind it: so it waits only
 * briefly.
 */
#include "edges/outbox.h"

#include <string.h>
#include <xxhash.h>

#include "edges/outbox_internal.h"
#include "edges/sql.h"

#define IMPATIENCE "SET LOCAL lock_timeout = '3s'"
#define VIEW       "qudra_sync.watched"

struct install {
    struct pg *pg;
    const struct mapping *mapping;
    const char *role;
    struct arena *arena;
    const char *table, *function;
    struct outbox_install *out;
};

const char *outbox_form(const struct mapping *m, struct arena *a)
{
    struct err e = ERR_INIT;
    const char *sql = mapping_sql(m, MAPPING_WATCHED, NULL, "UTC", a, &e);
    if (!sql)
        BUG("mapping \"%s\": %s", m->name, e.message);
    return arena_printf(a, "qudra-sync %016llx ",
                        (unsigned long long)XXH3_64bits(sql, strlen(sql)));
}

/* ---- running what the server has written -------------------------------------------------------
 */

static bool run(struct pg *pg, const char *statement, struct err *e)
{
    if (pg_script(pg, statement, e))
        return true;
    if (strcmp(e->sqlstate, "55P03") == 0)
        err_hint(e, "the table is in use by a long transaction: run this again in a quiet moment");
    if (strcmp(e->sqlstate, "42501") == 0)
        err_hint(e,
                 "run this as the table's owner, by its url in DATABASE_URL or SOURCE_DATABASE_URL "
                 "for this once");
    return false;
}

/* Runs the first column of every row that has one; adds to *changes. */
static bool run_rows(struct pg *pg, const struct pg_result *r, int *changes, struct err *e)
{
    for (size_t i = 0; i < pg_rows(r); i++) {
        const char *statement = pg_str(r, i, 0);
        if (!statement)
            continue;
        if (!run(pg, statement, e))
            return false;
        ++*changes;
    }
    return true;
}

static bool query(const struct install *in, const char *sql, const struct pg_params *p,
                  struct pg_result **r, struct err *e)
{
    return pg_query(in->pg, sql, p, r, e);
}

/* ---- the steps
 * ------------------------------------------------------------------------------------ */

static bool make_outbox(struct install *in, struct err *e)
{
    struct pg_params p;
    struct pg_result *r = NULL;
    pg_params_init(&p);
    pg_add_str(&p, in->role);
    bool ok = query(in, sql_outbox_schema, &p, &r, e) &&
              run_rows(in->pg, r, &in->out->changes, e) && run(in->pg, sql_outbox_create, e);
    pg_result_free(r);
    pg_params_release(&p);
    return ok;
}

static bool make_view(struct install *in, struct err *e)
{
    const char *sql = mapping_sql(in->mapping, MAPPING_WATCHED, NULL, "UTC", in->arena, e);
    return sql && run(in->pg, arena_printf(in->arena, "CREATE VIEW " VIEW " AS %s", sql), e);
}

static bool check_table(const struct install *in, const struct pg_result *r, struct err *e)
{
    if (pg_rows(r) == 0)
        return err_set(e, ERR_CONFIG, "there is no table \"%s\"", in->mapping->table->text);
    if (strchr("rp", pg_str(r, 0, 0)[0]))
        return true;
    err_set(e, ERR_CONFIG, "\"%s\" is no table: detect: trigger needs one",
            in->mapping->table->text);
    return err_hint(e, "take detect: watermark or detect: scan");
}

static bool read_facts(struct install *in, struct mapping_watch *w, struct err *e)
{
    enum { KIND, FIXED_KEY, WHOLE_ROW };
    struct pg_params p;
    struct pg_array keys;
    struct pg_result *r = NULL;
    pg_array_init(&keys, PG_TEXT);
    for (size_t i = 0; i < in->mapping->n_key; i++)
        pg_array_str(&keys, mapping_key_name(in->mapping, i, in->arena));
    pg_params_init(&p);
    pg_add_str(&p, in->table);
    pg_add_array(&p, &keys);
    bool ok = query(in, sql_outbox_table, &p, &r, e) && check_table(in, r, e);
    if (ok)
        *w = (struct mapping_watch){.fixed_key = pg_bool(r, 0, FIXED_KEY),
                                    .whole_row = pg_bool(r, 0, WHOLE_ROW)};
    pg_result_free(r);
    pg_params_release(&p);
    pg_array_release(&keys);
    return ok;
}

static bool read_columns(struct install *in, struct mapping_watch *w, struct err *e)
{
    enum { NAME, IS_SHORT };
    struct pg_params p;
    struct pg_result *r = NULL;
    pg_params_init(&p);
    pg_add_str(&p, in->table);
    bool ok = query(in, sql_outbox_columns, &p, &r, e);
    if (ok) {
        w->n_columns = pg_rows(r);
        w->columns = arena_alloc(in->arena, (w->n_columns + 1) * sizeof(*w->columns));
        for (size_t i = 0; i < w->n_columns; i++) {
            w->columns[i] = arena_strdup(in->arena, pg_str(r, i, NAME));
            w->n_short += pg_bool(r, i, IS_SHORT);
        }
    }
    pg_result_free(r);
    pg_params_release(&p);
    return ok;
}

static bool write_function(struct install *in, const char *text, const char *made_for,
                           struct err *e)
{
    in->out->changes++;
    return run(in->pg, text, e) &&
           run(in->pg,
               arena_printf(in->arena, "COMMENT ON FUNCTION qudra_sync.\"%s\"() IS '%s'",
                            in->function, made_for),
               e);
}

/* Replaced only when it would be another one: what it is made of stands in its comment. */
static bool make_function(struct install *in, const struct mapping_watch *w, struct err *e)
{
    enum { MADE_FOR, STATEMENT };
    const char *text = mapping_watch_function(in->mapping, w, in->arena);
    const char *made_for = arena_printf(in->arena, "%s%016llx", outbox_form(in->mapping, in->arena),
                                        (unsigned long long)XXH3_64bits(text, strlen(text)));
    struct pg_params p;
    struct pg_result *r = NULL;
    pg_params_init(&p);
    pg_add_str(&p, in->function);
    pg_add_str(&p, in->role);
    bool ok = query(in, sql_outbox_function, &p, &r, e);
    const char *was = ok ? pg_str(r, 0, MADE_FOR) : NULL;
    if (ok && (!was || strcmp(was, made_for) != 0))
        ok = write_function(in, text, made_for, e);
    const char *owner = ok ? pg_str(r, 0, STATEMENT) : NULL;
    ok = ok && (!owner || run(in->pg, owner, e));
    pg_result_free(r);
    pg_params_release(&p);
    return ok;
}

static bool make_triggers(struct install *in, struct err *e)
{
    enum { STATEMENT, RELATION, ALWAYS };
    struct pg_params p;
    struct pg_result *r = NULL;
    pg_params_init(&p);
    pg_add_str(&p, in->table);
    pg_add_str(&p, in->function);
    pg_add_str(&p, mapping_watch_name(in->mapping, "qudra_sync_", in->arena));
    bool ok =
        query(in, sql_outbox_triggers, &p, &r, e) && run_rows(in->pg, r, &in->out->changes, e);
    for (size_t i = 0; ok && i < pg_rows(r); i++)
        if (!pg_bool(r, i, ALWAYS))
            in->out->partial = arena_strdup(in->arena, pg_str(r, i, RELATION));
    pg_result_free(r);
    pg_params_release(&p);
    return ok;
}

static bool request_scan(struct install *in, struct err *e)
{
    struct pg_params p;
    if (in->out->changes == 0)
        return true;
    pg_params_init(&p);
    pg_add_str(&p, in->mapping->name);
    bool ok = query(in, sql_outbox_request_scan, &p, NULL, e);
    pg_params_release(&p);
    return ok;
}

static bool install(struct install *in, struct err *e)
{
    struct mapping_watch w;
    return run(in->pg, IMPATIENCE, e) && make_outbox(in, e) && make_view(in, e) &&
           read_facts(in, &w, e) && read_columns(in, &w, e) && run(in->pg, "DROP VIEW " VIEW, e) &&
           make_function(in, &w, e) && make_triggers(in, e) && request_scan(in, e);
}

bool outbox_install(struct pg *pg, const struct mapping *m, const char *role, struct arena *a,
                    struct outbox_install *out, struct err *e)
{
    struct install in = {.pg = pg,
                         .mapping = m,
                         .role = role,
                         .arena = a,
                         .table = mapping_table_name(m, a),
                         .function = mapping_watch_name(m, "change_", a),
                         .out = out};
    *out = (struct outbox_install){.changes = 0};
    if (pg_begin(pg, e) && install(&in, e) && pg_commit(pg, e))
        return true;
    pg_rollback(pg);
    return err_prefix(e, "mapping \"%s\": ", m->name);
}

bool outbox_drop(struct pg *pg, const struct mapping *m, int *changes, struct err *e)
{
    struct arena a;
    struct pg_params p;
    struct pg_result *r = NULL;
    arena_init(&a, 0);
    pg_params_init(&p);
    pg_add_str(&p, m ? mapping_watch_name(m, "change_", &a) : NULL);
    *changes = 0;
    bool ok = pg_begin(pg, e) && run(pg, IMPATIENCE, e) &&
              pg_query(pg, sql_outbox_drop, &p, &r, e) && run_rows(pg, r, changes, e) &&
              pg_commit(pg, e);
    if (!ok)
        pg_rollback(pg);
    pg_result_free(r);
    pg_params_release(&p);
    arena_release(&a);
    return ok;
}
