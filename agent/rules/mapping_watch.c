/*
 * mapping_watch: what a trigger on the mapping's table looks at, and the function that it calls.
 *
 * The function runs inside the partner's own write, with the rights of the agent's role, so:
 *  - every name in it says its schema, operators too: what the writer may do, and what his
 *    search_path finds first, play no part. A SET search_path on the function would do the same
 *    at a sixth of its whole cost;
 *  - it does not fail for a column that has been renamed or dropped since: it asks for a whole
 *    scan. A WHEN clause would be cheaper, and keep the partner from dropping the column;
 *  - values are compared by their bytes (*=): json and point know no equality, and 1.0 is sent
 *    otherwise than 1.00. Long values, which may have to be fetched, come last;
 *  - each statement costs more than what it does: it is planned anew in every transaction;
 *  - a commit with a NOTIFY makes writers stand in line until it is on disk, and cannot be prepared
 *    (two-phase commit). So it is sent only to an agent that sleeps, which is one that holds the
 *    mapping's lock; a writer holds it with others until its end, and keeps the agent awake;
 *  - its text is right whatever standard_conforming_strings is where it runs: hence E''.
 */
#include <string.h>
#include <xxhash.h>

#include "rules/mapping_compose.h"

#define MAX_FUNCTION_BYTES ((size_t)1 << 20)
#define LONGEST_NAME       32 /* of a mapping within a name of PostgreSQL, which has 63 bytes */
#define LOCK_SEED          0x71756472615f73ULL /* apart from what else hashes a name to a lock */

/* ---- what is watched ------------------------------------------------------------------------ */

static void put_watched(struct composer *c, const struct yaml_node *node, size_t *n)
{
    if (!node)
        return;
    compose_put(c, *n > 0 ? ",\n    " : "SELECT ");
    if (node == c->m->priority)
        compose_part(c, node, mapping_priority_length(node->text, &(bool){false}));
    else
        compose_expression(c, node);
    buf_printf(&c->text, " AS qudra_sync_%zu", ++*n);
}

/* updated_at is not in it: when it alone has moved, nothing has changed. */
void compose_watched(struct composer *c)
{
    const struct mapping *m = c->m;
    size_t n = 0;

    for (size_t i = 0; i < m->n_key; i++)
        put_watched(c, m->key[i], &n);
    put_watched(c, m->where, &n);
    put_watched(c, m->removed, &n);
    put_watched(c, m->priority, &n);
    put_watched(c, m->account_sql, &n);
    for (size_t i = 0; i < m->n_due; i++)
        put_watched(c, m->due[i], &n);
    for (size_t i = 0; i < JOB_FIELDS; i++)
        if (m->field[i] && m->field[i]->source != FIELD_CONST)
            put_watched(c, m->field[i]->node, &n);
    compose_from(c);
}

/* ---- names ---------------------------------------------------------------------------------- */

const char *mapping_table_name(const struct mapping *m, struct arena *a)
{
    const char *parts[MAPPING_MAX_PARTS] = {""};
    size_t n = mapping_split_name(a, m->table->text, parts);
    struct buf out = BUF_INIT(1024);

    for (size_t i = 0; i < n; i++) {
        buf_addstr(&out, i > 0 ? "." : "");
        mapping_quote_name(&out, parts[i]);
    }
    const char *name = arena_strdup(a, buf_str(&out));
    buf_release(&out);
    return name;
}

const char *mapping_key_name(const struct mapping *m, size_t i, struct arena *a)
{
    const char *parts[MAPPING_MAX_PARTS] = {""};

    mapping_split_name(a, m->key[i]->text, parts);
    return parts[0];
}

const char *mapping_watch_name(const struct mapping *m, const char *prefix, struct arena *a)
{
    size_t len = strlen(m->name);

    if (len <= LONGEST_NAME)
        return arena_printf(a, "%s%s", prefix, m->name);
    return arena_printf(a, "%s%016llx", prefix, (unsigned long long)XXH3_64bits(m->name, len));
}

/* ---- the function --------------------------------------------------------------------------- */

struct writer {
    const struct mapping *m;
    const struct mapping_watch *w;
    struct arena *arena;
    struct buf out;
};

static void put_column(struct writer *f, const char *row, const char *name)
{
    buf_printf(&f->out, "%s.", row);
    mapping_quote_name(&f->out, name);
}

#define EQUALS "OPERATOR(pg_catalog.=)"

/* Of a key of one part, the part; of several, the text that mapping_key_text makes. NULL when a
 * part is. */
static void put_key(struct writer *f, const char *row)
{
    size_t n = f->m->n_key;
    for (size_t i = 0; i < n; i++) {
        buf_addstr(&f->out, i > 0 ? " OPERATOR(pg_catalog.||) ',' OPERATOR(pg_catalog.||) " : "");
        buf_addstr(&f->out, n > 1 ? "pg_catalog.replace(pg_catalog.replace(" : "");
        put_column(f, row, mapping_key_name(f->m, i, f->arena));
        buf_addstr(&f->out, "::pg_catalog.text");
        buf_addstr(&f->out, n > 1 ? ", E'\\\\', E'\\\\\\\\'), ',', E'\\\\,')" : "");
    }
}

static void put_row(struct writer *f, const char *row, size_t from, size_t to)
{
    if (f->w->whole_row) {
        buf_addstr(&f->out, row);
        return;
    }
    for (size_t i = from; i < to; i++) {
        buf_addstr(&f->out, i > from ? ", " : "ROW(");
        put_column(f, row, f->w->columns[i]);
    }
    buf_addstr(&f->out, ")::pg_catalog.record");
}

static void put_equal(struct writer *f, size_t from, size_t to)
{
    buf_addstr(&f->out, "            IF ");
    put_row(f, "OLD", from, to);
    buf_addstr(&f->out, "\n               OPERATOR(pg_catalog.*=) ");
    put_row(f, "NEW", from, to);
    buf_addstr(&f->out, " THEN\n");
}

static void put_unless_changed(struct writer *f)
{
    size_t n_short = f->w->whole_row ? 0 : f->w->n_short, n = f->w->n_columns;
    bool two = n_short > 0 && n_short < n;
    put_equal(f, 0, two ? n_short : n);
    if (two)
        put_equal(f, n_short, n);
    buf_printf(&f->out, "                RETURN NULL;\n            END IF;\n%s",
               two ? "            END IF;\n" : "");
}

static void put_assignment(struct writer *f, const char *variable, const char *row)
{
    buf_printf(&f->out, "            %s := ", variable);
    put_key(f, row);
    buf_addstr(&f->out, ";\n");
}

/* Only reads happen under the handler, so that it takes no transaction id. */
static void put_read_row(struct writer *f)
{
    buf_addstr(&f->out, "    BEGIN\n        IF TG_OP " EQUALS " 'UPDATE' THEN\n");
    put_unless_changed(f);
    put_assignment(f, "is_now", "NEW");
    put_assignment(f, "was", "OLD");
    buf_addstr(&f->out, "        ELSIF TG_OP " EQUALS " 'INSERT' THEN\n");
    put_assignment(f, "is_now", "NEW");
    buf_addstr(&f->out, "        ELSIF TG_OP " EQUALS " 'DELETE' THEN\n");
    put_assignment(f, "was", "OLD");
    buf_addstr(&f->out, "        ELSE\n            all_rows := true;\n        END IF;\n"
                        "    EXCEPTION WHEN undefined_column THEN\n"
                        "        is_now := NULL;\n        was := NULL;\n"
                        "        all_rows := true;\n    END;\n");
}

static void put_insert(struct writer *f, const char *values)
{
    buf_addstr(&f->out, "    INSERT INTO qudra_sync.change (mapping, source_key) SELECT ");
    mapping_quote_literal(&f->out, f->m->name);
    buf_addstr(&f->out, values);
}

static void put_body(struct writer *f)
{
    buf_addstr(&f->out, "\nDECLARE\n    was pg_catalog.text;\n    is_now pg_catalog.text;\n"
                        "    all_rows boolean;\nBEGIN\n");
    put_read_row(f);
    put_insert(f, ", coalesce(is_now, was)\n"
                  "     WHERE coalesce(is_now, was) IS NOT NULL OR all_rows;\n"
                  "    IF was OPERATOR(pg_catalog.<>) is_now THEN\n");
    put_insert(f, ", was;\n    END IF;\n");
    buf_printf(&f->out,
               "    IF NOT pg_catalog.pg_try_advisory_xact_lock_shared(%lld) THEN\n"
               "        PERFORM pg_catalog.pg_notify('qudra_sync', '');\n"
               "    END IF;\n    RETURN NULL;\nEND ",
               (long long)mapping_watch_lock(f->m));
}

int64_t mapping_watch_lock(const struct mapping *m)
{
    return (int64_t)XXH3_64bits_withSeed(m->name, strlen(m->name), LOCK_SEED);
}

const char *mapping_watch_function(const struct mapping *m, const struct mapping_watch *w,
                                   struct arena *a)
{
    struct writer f = {.m = m, .w = w, .arena = a, .out = BUF_INIT(MAX_FUNCTION_BYTES)};
    struct buf sql = BUF_INIT(MAX_FUNCTION_BYTES);

    put_body(&f);
    buf_addstr(&sql, "CREATE OR REPLACE FUNCTION qudra_sync.");
    mapping_quote_name(&sql, mapping_watch_name(m, "change_", a));
    buf_addstr(&sql, "()\n    RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER");
    if (!w->fixed_key)
        buf_addstr(&sql, "\n    SET \"DateStyle\" = 'ISO' SET \"TimeZone\" = 'UTC'\n"
                         "    SET \"IntervalStyle\" = 'postgres' SET bytea_output = 'hex'\n"
                         "    SET extra_float_digits = 1");
    buf_addstr(&sql, "\nAS ");
    mapping_quote_literal(&sql, buf_str(&f.out));
    const char *text = arena_strdup(a, buf_str(&sql));
    buf_release(&f.out);
    buf_release(&sql);
    return text;
}
