/*
 * How PostgreSQL would run the queries of a mapping, and which tables it reads from end to end.
 *
 * The planner's choice alone proves little: a table that was just filled, or is small, is scanned
 * even where an index stands ready. So a query is planned a second time without sequential scans.
 * What is scanned even then has no index; and where the way around the scan is no cheaper (another
 * index, walked from end to end), the index that there is does not serve.
 */
#include <stdlib.h>
#include <string.h>

#include "commands/check.h"
#include "edges/sql.h"
#include "formats/json.h"

#define BIG_ROWS     10000
#define RELATIONS    64
#define SAMPLE_LIMIT 1000

struct relation {
    const char *schema, *name;
    bool scanned; /* from end to end */
};
struct relations {
    struct relation relation[RELATIONS];
    size_t n;
    double cost;     /* of the whole plan, in the planner's units */
    const char *way; /* how the tables are read, in the plan's words; NULL: none is */
};

struct planning {
    struct check *check;
    struct pg *pg;
    const struct mapping *mapping;
    const struct mapping_types *types;
    const char *key;
};

/* ---- reading a plan -------------------------------------------------------------------------- */

static bool is_scan(const struct json *node)
{
    const char *type = json_string(json_get(node, "Node Type"));
    return type != NULL && strcmp(type, "Seq Scan") == 0;
}

static void add_relation(struct relations *out, const struct json *node)
{
    const char *schema = json_string(json_get(node, "Schema"));
    const char *name = json_string(json_get(node, "Relation Name"));
    if (schema == NULL || name == NULL)
        return;
    for (size_t i = 0; i < out->n; i++)
        if (strcmp(out->relation[i].schema, schema) == 0 &&
            strcmp(out->relation[i].name, name) == 0) {
            out->relation[i].scanned |= is_scan(node);
            return;
        }
    if (out->n < RELATIONS)
        out->relation[out->n++] =
            (struct relation){.schema = schema, .name = name, .scanned = is_scan(node)};
}

/* "Index Scan by job_pkey of job, Seq Scan of city" */
static void add_way(struct relations *out, const struct json *node, struct arena *a)
{
    const char *name = json_string(json_get(node, "Relation Name"));
    const char *index = json_string(json_get(node, "Index Name"));
    if (name == NULL && index == NULL)
        return;
    out->way = arena_printf(a, "%s%s%s%s%s%s%s", out->way != NULL ? out->way : "",
                            out->way != NULL ? ", " : "", json_string(json_get(node, "Node Type")),
                            index != NULL ? " by " : "", index != NULL ? index : "",
                            name != NULL ? " of " : "", name != NULL ? name : "");
}

static void walk(const struct json *node, struct relations *out, struct arena *a)
{
    add_relation(out, node);
    add_way(out, node, a);
    const struct json *below = json_get(node, "Plans");
    for (const struct json *n = below != NULL ? below->first : NULL; n != NULL; n = n->next)
        walk(n, out, a);
}

static void read_plan(const struct json *plan, struct relations *out, struct arena *a)
{
    const struct json *cost = json_get(plan, "Total Cost");
    out->cost = cost != NULL && cost->type == JSON_NUMBER ? strtod(cost->text, NULL) : 0;
    walk(plan, out, a);
}

static bool is_scanned(const struct relations *r, const char *schema, const char *name)
{
    for (size_t i = 0; i < r->n; i++)
        if (strcmp(r->relation[i].schema, schema) == 0 && strcmp(r->relation[i].name, name) == 0)
            return r->relation[i].scanned;
    return false;
}

/* ---- asking for one -------------------------------------------------------------------------- */

/* Parameters as a pass would give them: changes of the last hour, the page behind a key, one key.
 */
static bool fill_params(const struct planning *p, enum mapping_query q, struct pg_params *params,
                        struct pg_array *arrays, struct err *e)
{
    struct text part[MAPPING_MAX_KEY];
    if (q == MAPPING_CHANGED)
        pg_add_str(params, "now");
    if (q != MAPPING_BY_KEY)
        pg_add_int(params, SAMPLE_LIMIT);
    if (q == MAPPING_CHANGED)
        return true;
    if (!mapping_key_split(p->mapping, p->key, p->check->arena, part, e))
        return false;
    for (size_t i = 0; i < p->mapping->n_key; i++) {
        if (q == MAPPING_SCAN_AFTER) {
            pg_add_text(params, part[i]);
            continue;
        }
        pg_array_text(&arrays[i], part[i]);
        pg_add_array(params, &arrays[i]);
    }
    return true;
}

static bool explain(const struct planning *p, enum mapping_query q, struct relations *out,
                    struct err *e)
{
    struct pg_params params;
    struct pg_array arrays[MAPPING_MAX_KEY];
    struct pg_result *r = NULL;
    struct arena *a = p->check->arena;
    const char *sql =
        mapping_sql(p->mapping, q, p->types, p->check->setup->config->time_zone, a, e);
    if (sql == NULL)
        return false;
    pg_params_init(&params);
    for (size_t i = 0; i < MAPPING_MAX_KEY; i++)
        pg_array_init(&arrays[i], PG_TEXT);
    bool ok =
        fill_params(p, q, &params, arrays, e) &&
        pg_query(p->pg, arena_printf(a, "EXPLAIN (VERBOSE, FORMAT JSON) %s", sql), &params, &r, e);
    if (ok) {
        struct text text = pg_text(r, 0, 0);
        const struct json *list = json_read(a, text.data, text.len, e);
        ok = list != NULL;
        if (ok)
            read_plan(json_get(list->first, "Plan"), out, a);
    }
    pg_result_free(r);
    for (size_t i = 0; i < MAPPING_MAX_KEY; i++)
        pg_array_release(&arrays[i]);
    pg_params_release(&params);
    return ok;
}

static bool explain_reluctant(const struct planning *p, enum mapping_query q, struct relations *out,
                              struct err *e)
{
    if (!pg_begin(p->pg, e))
        return false;
    bool ok =
        pg_query(p->pg, "SET LOCAL enable_seqscan = off", NULL, NULL, e) && explain(p, q, out, e);
    pg_rollback(p->pg);
    return ok;
}

/* ---- telling --------------------------------------------------------------------------------- */

static bool ask_relations(const struct planning *p, const struct relations *r,
                          struct pg_result **out, struct err *e)
{
    struct pg_params params;
    struct pg_array schemas, names;
    pg_params_init(&params);
    pg_array_init(&schemas, PG_TEXT);
    pg_array_init(&names, PG_TEXT);
    for (size_t i = 0; i < r->n; i++) {
        pg_array_str(&schemas, r->relation[i].schema);
        pg_array_str(&names, r->relation[i].name);
    }
    pg_add_array(&params, &schemas);
    pg_add_array(&params, &names);
    bool ok = pg_query(p->pg, sql_check_relations, &params, out, e);
    pg_array_release(&schemas);
    pg_array_release(&names);
    pg_params_release(&params);
    return ok;
}

static void say_whole(const struct planning *p, enum mapping_query q, const char *what,
                      const char *relation, int64_t rows)
{
    const char *index = mapping_index(p->mapping, q, p->check->arena);
    const char *hint = index != NULL ? arena_printf(p->check->arena, "run: %s", index)
                                     : "make an index that it can use on what it filters and joins "
                                       "by";
    check_say(p->check, CHECK_WARNING, hint, "%s reads all of \"%s\", about %lld rows, each time",
              what, relation, (long long)rows);
}

/* No index serves the query: it scans the table even when told not to, or what it does instead
 * costs half as much as scanning it. The second is judged only where the table is the whole source.
 */
static bool lacks_index(const struct planning *p, const struct relations *chosen,
                        const struct relations *forced, const char *schema, const char *name,
                        double scan_cost)
{
    return is_scanned(chosen, schema, name) &&
           (is_scanned(forced, schema, name) ||
            (p->mapping->table != NULL && forced->cost >= scan_cost / 2));
}

/* The first query alone tells of filtered rows: the others read the same tables. */
static bool check_plan(const struct planning *p, enum mapping_query q, const char *what,
                       bool filters, struct err *e)
{
    struct relations chosen = {.n = 0}, forced = {.n = 0};
    struct pg_result *r = NULL;
    bool big = false;
    if (!explain(p, q, &chosen, e) || !explain_reluctant(p, q, &forced, e) ||
        !ask_relations(p, &chosen, &r, e))
        return false;
    for (size_t i = 0; i < pg_rows(r); i++) {
        const char *schema = pg_str(r, i, 0), *name = pg_str(r, i, 1);
        int64_t rows = pg_int(r, i, 2, 0);
        big = big || rows > BIG_ROWS;
        if (filters && pg_bool(r, i, 3))
            check_say(
                p->check, CHECK_WARNING,
                "give the agent's role a policy that shows every row, or BYPASSRLS",
                "row level security applies to \"%s\": rows that no policy shows count as gone",
                name);
        if (rows > BIG_ROWS && lacks_index(p, &chosen, &forced, schema, name, pg_float(r, i, 4, 0)))
            say_whole(p, q, what, name, rows);
    }
    if (big && chosen.way != NULL)
        check_say(p->check, CHECK_NOTE, NULL, "%s: %s", what, chosen.way);
    pg_result_free(r);
    return true;
}

void check_plans(struct check *c, struct pg *pg, const struct mapping *m,
                 const struct mapping_types *types, const char *key)
{
    struct err e = ERR_INIT;
    const struct planning p = {.check = c, .pg = pg, .mapping = m, .types = types, .key = key};
    bool watches = m->updated_at != NULL && m->detect == DETECT_WATERMARK;
    bool ok = true;
    if (key != NULL)
        ok = check_plan(&p, MAPPING_BY_KEY, "looking up a row", true, &e) &&
             check_plan(&p, MAPPING_SCAN_AFTER, "each page of a full scan", false, &e);
    if (ok && watches)
        ok = check_plan(&p, MAPPING_CHANGED, "looking for changes", key == NULL, &e);
    if (!ok)
        check_fail(c, &e);
}
