/*
 * mapping_watch: what a trigger on the mapping's table looks at, and the function that it calls.
 *
 * The function runs inside the partner's own write, with the rights of the agent's role, so:
 *  - names are looked up in pg_catalog alone, and what the writer may do plays no part;
 *  - it does not fail for a column that has been renamed or dropped since: it asks for a whole
 * scan;
 *  - values are compared by their bytes (*=): json and point know no equality, and 1.0 is sent
 *    otherwise than 1.00;
 *  - a commit with a NOTIFY holds a lock until it is on disk, and so makes writers stand in line:
 *    only the first of a burst sends one;
 *  - its text is right whatever standard_conforming_strings is where it runs: hence E''.
 */
#include <string.h>
#include <xxhash.h>

#include "rules/mapping_compose.h"

#define MAX_FUNCTION_BYTES ((size_t)1 << 20)
#define LONGEST_NAME       32 /* of a mapping within a name of PostgreSQL, which has 63 bytes */

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

/* The text that names the row in the state: see mapping_key_text. NULL when a part is. */
static void put_key(struct writer *f, const char *row)
{
    for (size_t i = 0; i < f->m->n_key; i++) {
        buf_addstr(&f->out, i > 0 ? " || ',' || replace(replace(" : "replace(replace(");
        put_column(f, row, mapping_key_name(f->m, i, f->arena));
        buf_addstr(&f->out, "::text, E'\\\\', E'\\\\\\\\'), ',', E'\\\\,')");
    }
}

static void put_row(struct writer *f, const char *row)
{
    if (f->w->whole_row) {
        buf_addstr(&f->out, row);
        return;
    }
    for (size_t i = 0; i < f->w->n_columns; i++) {
        buf_addstr(&f->out, i > 0 ? ", " : "ROW(");
        put_column(f, row, f->w->columns[i]);
    }
    buf_addstr(&f->out, ")::record");
}

static void put_name(struct writer *f)
{
    mapping_quote_literal(&f->out, f->m->name);
}

/* Only reads happen under the handler, so that it takes no transaction id. */
static void put_read_row(struct writer *f)
{
    buf_addstr(&f->out, "    IF TG_OP <> 'TRUNCATE' THEN\n        BEGIN\n"
                        "            IF TG_OP = 'UPDATE' THEN\n                IF ");
    put_row(f, "OLD");
    buf_addstr(&f->out, "\n                   OPERATOR(pg_catalog.*=) ");
    put_row(f, "NEW");
    buf_addstr(&f->out, " THEN\n                    RETURN NULL;\n                END IF;\n"
                        "            END IF;\n"
                        "            IF TG_OP <> 'DELETE' THEN\n                is_now := ");
    put_key(f, "NEW");
    buf_addstr(&f->out, ";\n            END IF;\n"
                        "            IF TG_OP <> 'INSERT' THEN\n                was := ");
    put_key(f, "OLD");
    buf_addstr(&f->out, ";\n            END IF;\n"
                        "        EXCEPTION WHEN undefined_column THEN\n"
                        "            all_rows := true;\n        END;\n    END IF;\n");
}

static void put_insert(struct writer *f, const char *condition, const char *rest)
{
    buf_addstr(&f->out, condition);
    buf_addstr(&f->out, "        INSERT INTO qudra_sync.change (mapping, source_key) SELECT ");
    put_name(f);
    buf_addstr(&f->out, rest);
}

static void put_inserts(struct writer *f)
{
    put_insert(f, "    IF TG_OP = 'TRUNCATE' OR all_rows THEN\n", ", NULL;\n");
    put_insert(f, "    ELSE\n",
               ", k.key FROM (VALUES (is_now), (nullif(was, is_now))) AS k (key)\n"
               "         WHERE k.key IS NOT NULL;\n    END IF;\n");
}

/* Whoever finds the outbox filled need not tell of it: the agent has been told, and looks again
 * until all are over that may have thought so. With a snapshot older than the statement that cannot
 * be known, and looking would let serializable transactions fail each other. */
static void put_body(struct writer *f)
{
    buf_addstr(&f->out, "\nDECLARE\n    was text;\n    is_now text;\n"
                        "    all_rows boolean := false;\n    is_first boolean;\nBEGIN\n");
    put_read_row(f);
    buf_addstr(&f->out, "    is_first := CASE WHEN current_setting('transaction_isolation') <> "
                        "'read committed' THEN true\n        ELSE NOT EXISTS (SELECT FROM "
                        "qudra_sync.change WHERE mapping = ");
    put_name(f);
    buf_addstr(&f->out, ") END;\n");
    put_inserts(f);
    buf_addstr(&f->out,
               "    IF FOUND AND is_first THEN\n        PERFORM pg_notify('qudra_sync', '');\n"
               "    END IF;\n    RETURN NULL;\nEND ");
}

const char *mapping_watch_function(const struct mapping *m, const struct mapping_watch *w,
                                   struct arena *a)
{
    struct writer f = {.m = m, .w = w, .arena = a, .out = BUF_INIT(MAX_FUNCTION_BYTES)};
    struct buf sql = BUF_INIT(MAX_FUNCTION_BYTES);

    put_body(&f);
    buf_addstr(&sql, "CREATE OR REPLACE FUNCTION qudra_sync.");
    mapping_quote_name(&sql, mapping_watch_name(m, "change_", a));
    buf_addstr(&sql, "()\n    RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER\n"
                     "    SET search_path = pg_catalog, pg_temp");
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
