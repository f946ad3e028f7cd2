/*
 * introspect: a mapping draft for a table, from the catalogue and a look at its rows.
 */
#include <stdio.h>
#include <string.h>

#include "base/names.h"
#include "commands/setup.h"
#include "edges/sql.h"
#include "rules/mapping_draft.h"

#define SAMPLE_ROWS 500
#define NAMES_MAX   2000
#define DRAFT_MAX   ((size_t)4 << 20)

struct looked {
    struct arena *arena;
    struct pg *pg;
    const char *quoted; /* schema and name as SQL has them */
    int64_t oid;
    struct draft_table table;
    struct draft_column *column;
};

static const char *copy(const struct looked *l, const struct pg_result *r, size_t row,
                        size_t column)
{
    return arena_strdup(l->arena, pg_str(r, row, column));
}

static bool ask(const struct looked *l, const char *sql, struct pg_result **out, struct err *e)
{
    struct pg_params p;
    pg_params_init(&p);
    pg_add_int(&p, l->oid);
    bool ok = pg_query(l->pg, sql, &p, out, e);
    pg_params_release(&p);
    return ok;
}

/* ---- the table ------------------------------------------------------------------------------- */

static bool unknown_table(struct looked *l, const char *name, struct err *e)
{
    struct pg_result *r;
    const char *names[NAMES_MAX];
    size_t n = 0;
    if (!pg_query(l->pg, sql_introspect_names, NULL, &r, e))
        return false;
    for (; n < pg_rows(r) && n < NAMES_MAX; n++)
        names[n] = pg_str(r, n, strchr(name, '.') != NULL ? 0 : 1);
    const char *nearest = names_nearest(name, names, n);
    err_set(e, ERR_CONFIG, "%s: there is no table or view \"%s\"", pg_where(l->pg), name);
    if (nearest != NULL)
        err_hint(e, "did you mean \"%s\"?", nearest);
    else
        err_hint(e, "write it with its schema, as in public.jobs");
    pg_result_free(r);
    return false;
}

static bool find_table(struct looked *l, const char *name, struct err *e)
{
    struct pg_params p;
    struct pg_result *r = NULL;
    pg_params_init(&p);
    pg_add_str(&p, name);
    bool ok = pg_query(l->pg, sql_introspect_table, &p, &r, e);
    pg_params_release(&p);
    if (ok && pg_rows(r) == 0)
        ok = unknown_table(l, name, e);
    else if (ok) {
        l->quoted = copy(l, r, 0, 0);
        l->table.schema = copy(l, r, 0, 1);
        l->table.name = copy(l, r, 0, 2);
        l->table.rows = pg_int(r, 0, 3, 0);
        l->oid = pg_int(r, 0, 4, 0);
    }
    pg_result_free(r);
    return ok;
}

/* ---- its columns ----------------------------------------------------------------------------- */

static bool read_columns(struct looked *l, struct err *e)
{
    struct pg_result *r;
    if (!ask(l, sql_introspect_columns, &r, e))
        return false;
    l->table.n_columns = pg_rows(r);
    l->column = arena_alloc(l->arena, (pg_rows(r) + 1) * sizeof *l->column);
    l->table.column = l->column;
    for (size_t i = 0; i < pg_rows(r); i++)
        l->column[i] = (struct draft_column){.name = copy(l, r, i, 0),
                                             .type = copy(l, r, i, 1),
                                             .is_enum = pg_bool(r, i, 2),
                                             .reference = copy(l, r, i, 3),
                                             .reference_key = copy(l, r, i, 4),
                                             .reference_label = copy(l, r, i, 5),
                                             .reference_name = copy(l, r, i, 6)};
    pg_result_free(r);
    return true;
}

static bool read_key(struct looked *l, struct err *e)
{
    struct pg_result *r;
    if (!ask(l, sql_introspect_key, &r, e))
        return false;
    const char **key = arena_alloc(l->arena, (pg_rows(r) + 1) * sizeof *key);
    for (size_t i = 0; i < pg_rows(r); i++)
        key[i] = copy(l, r, i, 0);
    l->table.key = key;
    l->table.n_key = pg_rows(r);
    pg_result_free(r);
    return true;
}

/* ---- its values ------------------------------------------------------------------------------ */

static void keep_sample(struct looked *l, const struct pg_result *r, size_t column)
{
    struct draft_column *c = &l->column[column];
    struct text *sample = arena_alloc(l->arena, (pg_rows(r) + 1) * sizeof *sample);
    for (size_t i = 0; i < pg_rows(r); i++) {
        struct text t = pg_text(r, i, column);
        if (t.data == NULL || text_utf8_valid(t.data, t.len) != t.len || text_trim(t).len == 0)
            continue;
        t = text_trim(t);
        sample[c->n_sample++] =
            (struct text){.data = arena_strndup(l->arena, t.data, t.len), .len = t.len};
    }
    c->sample = sample;
}

/* The name comes quoted from the server; a result has the columns in the catalogue's order. */
static bool read_sample(struct looked *l, struct err *e)
{
    struct pg_result *r;
    const char *sql = arena_printf(l->arena, "SELECT * FROM %s LIMIT %d", l->quoted, SAMPLE_ROWS);
    if (!pg_query(l->pg, sql, NULL, &r, e))
        return false;
    for (size_t i = 0; i < l->table.n_columns && i < pg_columns(r); i++)
        keep_sample(l, r, i);
    l->table.looked_at = pg_rows(r);
    if (l->table.rows < (int64_t)pg_rows(r))
        l->table.rows = (int64_t)pg_rows(r);
    pg_result_free(r);
    return true;
}

/* ---- the draft ------------------------------------------------------------------------------- */

static void show(const struct looked *l)
{
    const struct preset *preset = mapping_draft_preset(&l->table);
    struct buf out = BUF_INIT(DRAFT_MAX);
    if (preset != NULL) {
        fprintf(stderr, "%s is a table that the preset \"%s\" is made for: this is the preset\n",
                l->quoted, preset->name);
        fputs(preset->text, stdout);
        return;
    }
    mapping_draft_write(&l->table, l->arena, &out);
    fputs(buf_str(&out), stdout);
    buf_release(&out);
}

static int run(const struct invocation *in, struct err *e)
{
    struct setup s;
    struct looked l = {.pg = NULL};
    if (!setup_load_without_mappings(&s, in, e))
        return EXIT_CONVERGED;
    l.arena = &s.arena;
    if (setup_connect_source(&s, &l.pg, e) && find_table(&l, invocation_argument(in, 0), e) &&
        read_columns(&l, e) && read_key(&l, e) && read_sample(&l, e))
        show(&l);
    pg_free(l.pg);
    setup_release(&s);
    return EXIT_CONVERGED;
}

const struct command command_introspect = {
    .name = "introspect",
    .arguments = "TABLE",
    .min_arguments = 1,
    .max_arguments = 1,
    .summary = "a mapping draft for a table",
    .details = "Recognises the tables of products that it has a preset for; otherwise it guesses "
               "by names,\n"
               "types, references and a sample of the values, and says at each line how sure it "
               "is. What it\n"
               "cannot find stands as GAP, which `check` names.\n"
               "    qudra-sync introspect public.job_postings > mappings/jobs.yaml",
    .run = run,
};
