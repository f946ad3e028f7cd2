/*
 * golden: holds what the mapping room makes of each case to the files kept beside it.
 *
 *     golden [--update] CASE…
 *
 * A case is a directory with mapping.yaml and either rows.json ({"types": {…}, "rows": [[…], …]},
 * each row in the order of struct row) or nothing, when the mapping is broken on purpose. Compared
 * or, with --update, rewritten: select.sql, payload.json and refusals.json, or problems.txt.
 * Reviewing the difference is a person's work.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "formats/html.h"
#include "formats/json.h"
#include "rules/mapping.h"

#define MAX_FILE ((size_t)16 << 20)

static const char *const query_names[MAPPING_QUERIES] = {
    "describe", "scan",          "scan_after", "by_key",     "present",
    "changed",  "changed_after", "null_keys",  "write_back", "watched"};

struct golden {
    struct arena arena;
    bool update;
    int failed;
    const char *directory;
};

/* No case depends on what the environment of the test run holds. */
static char *no_variable(const char *name)
{
    (void)name;
    return NULL;
}

static bool read_file(const char *file, struct buf *out)
{
    FILE *f = fopen(file, "r");
    char block[8192];
    size_t n;

    if (!f)
        return false;
    while ((n = fread(block, 1, sizeof(block), f)) > 0)
        buf_add(out, block, n);
    fclose(f);
    return true;
}

static void write_file(const char *file, const char *data, size_t len)
{
    FILE *f = fopen(file, "w");

    if (!f || fwrite(data, 1, len, f) != len || fclose(f) != 0) {
        perror(file);
        exit(EXIT_FAILURE);
    }
}

static void show_difference(const struct golden *g, const char *file, const char *old,
                            const char *new)
{
    size_t at = 0, line = 1, start = 0;

    for (; old[at] && old[at] == new[at]; at++)
        if (old[at] == '\n') {
            line++;
            start = at + 1;
        }
    fprintf(stderr, "%s/%s:%zu differs\n  kept: %.*s\n  now:  %.*s\n", g->directory, file, line,
            (int)strcspn(old + start, "\n"), old + start, (int)strcspn(new + start, "\n"),
            new + start);
}

static void compare(struct golden *g, const char *file, const struct buf *now)
{
    struct buf kept = BUF_INIT(MAX_FILE);

    if (g->update) {
        write_file(file, buf_str(now), now->len);
    } else if (!read_file(file, &kept)) {
        fprintf(stderr, "%s/%s is missing: run with --update\n", g->directory, file);
        g->failed++;
    } else if (strcmp(buf_str(&kept), buf_str(now)) != 0) {
        show_difference(g, file, buf_str(&kept), buf_str(now));
        g->failed++;
    }
    buf_release(&kept);
}

static void compare_problems(struct golden *g, const struct problems *problems)
{
    struct buf text = BUF_INIT(MAX_FILE);
    char *data = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&data, &len);

    if (!f)
        abort();
    problems_print(problems, f, false);
    fclose(f);
    buf_add(&text, data, len);
    free(data);
    compare(g, "problems.txt", &text);
    buf_release(&text);
}

/* ---- a good mapping ------------------------------------------------------------------------- */

static void read_types(const struct json *object, struct mapping_types *types)
{
    size_t n = 0;

    for (const struct json *k = json_get(object, "key")->first; k; k = k->next)
        types->key[n++] = json_string(k);
    types->changed = json_string(json_get(object, "changed"));
    types->priority = json_string(json_get(object, "priority"));
    types->due = json_string(json_get(object, "due"));
}

static bool is_composed(const struct mapping *m, enum mapping_query q)
{
    if (q == MAPPING_WRITE_BACK)
        return mapping_writes_back(m);
    if (q == MAPPING_WATCHED)
        return m->detect == DETECT_TRIGGER;
    return m->updated_at || (q != MAPPING_CHANGED && q != MAPPING_CHANGED_AFTER);
}

static void compare_sql(struct golden *g, const struct mapping *m,
                        const struct mapping_types *types)
{
    struct buf text = BUF_INIT(MAX_FILE);

    for (enum mapping_query q = 0; q < MAPPING_QUERIES; q++) {
        struct err e = ERR_INIT;
        const char *sql;

        if (!is_composed(m, q))
            continue;
        sql = mapping_sql(m, q, types, "Asia/Riyadh", &g->arena, &e);
        buf_printf(&text, "-- %s\n%s;\n\n", query_names[q], sql ? sql : e.message);
    }
    if (m->detect == DETECT_TRIGGER)
        buf_printf(&text, "-- function\n%s;\n\n",
                   mapping_watch_function(
                       m,
                       &(struct mapping_watch){.columns = (const char *[]){"ref", "it's"},
                                               .n_columns = 2,
                                               .n_short = 1},
                       &g->arena));
    compare(g, "select.sql", &text);
    buf_release(&text);
}

static struct row read_row(struct arena *a, const struct json *list)
{
    struct text *values = arena_alloc(a, list->count * sizeof(*values));
    size_t n = 0;

    for (const struct json *v = list->first; v; v = v->next)
        values[n++] = (struct text){.data = json_string(v), .len = v->len};
    return (struct row){.value = values, .n = n};
}

static void write_refusals(struct json_writer *w, const struct desired *d)
{
    json_open_array(w);
    for (size_t i = 0; i < d->n_refusals; i++) {
        json_open_object(w);
        json_key(w, "rule");
        json_write_str(w, d->refusals[i].rule);
        json_key(w, "message");
        json_write_str(w, d->refusals[i].message);
        json_key(w, "message_ar");
        json_write_str(w, d->refusals[i].message_ar);
        json_close_object(w);
    }
    json_close_array(w);
}

/* One line a row, so that a difference is easy to read. */
static void compare_rows(struct golden *g, const struct mapping *m, const struct json *rows)
{
    struct buf payload = BUF_INIT(MAX_FILE), refused = BUF_INIT(MAX_FILE);

    for (const struct json *v = rows->first; v; v = v->next) {
        struct row row = read_row(&g->arena, v);
        struct refusal refusals[JOB_MAX_REFUSALS];
        struct json_writer p, r;
        struct desired desired;
        struct job job;

        json_writer_init(&p, &payload);
        json_writer_init(&r, &refused);
        mapping_apply(m, &row, &g->arena, &job, refusals, &desired, NULL);
        if (desired.kind == DESIRED_JOB)
            job_write(&p, &job, JOB_ALL, false);
        else
            json_write_str(&p, desired.kind == DESIRED_GONE ? "gone" : "refused");
        write_refusals(&r, &desired);
        buf_addch(&payload, '\n');
        buf_addch(&refused, '\n');
    }
    compare(g, "payload.json", &payload);
    compare(g, "refusals.json", &refused);
    buf_release(&payload);
    buf_release(&refused);
}

static void check_good(struct golden *g, const struct mapping *m, const struct buf *rows)
{
    struct err e = ERR_INIT;
    const struct json *root = json_read(&g->arena, buf_str(rows), rows->len, &e);
    struct mapping_types types = {.changed = NULL};

    if (!root) {
        fprintf(stderr, "%s/rows.json: %s\n", g->directory, e.message);
        g->failed++;
        return;
    }
    read_types(json_get(root, "types"), &types);
    compare_sql(g, m, &types);
    compare_rows(g, m, json_get(root, "rows"));
}

static void check_case(struct golden *g)
{
    struct buf rows = BUF_INIT(MAX_FILE);
    struct problems problems;
    const struct mapping *m;

    problems_init(&problems, &g->arena);
    m = mapping_load(&g->arena, "mapping.yaml", no_variable, NULL, 0, &problems);
    if (!read_file("rows.json", &rows)) {
        compare_problems(g, &problems);
    } else if (m) {
        check_good(g, m, &rows);
    } else {
        fprintf(stderr, "%s: the mapping is wrong\n", g->directory);
        problems_print(&problems, stderr, false);
        g->failed++;
    }
    buf_release(&rows);
}

int main(int argc, char **argv)
{
    struct golden g = {.failed = 0};
    char *start = getcwd(NULL, 0);
    int cases = 0;

    html_init();
    arena_init(&g.arena, 0);
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--update") == 0) {
            g.update = true;
            continue;
        }
        g.directory = argv[i];
        if (chdir(argv[i]) != 0) {
            perror(argv[i]);
            return EXIT_FAILURE;
        }
        check_case(&g);
        arena_clear(&g.arena);
        cases++;
        if (chdir(start) != 0)
            return EXIT_FAILURE;
    }
    arena_release(&g.arena);
    html_release();
    free(start);
    printf("golden: %d cases, %d differences\n", cases, g.failed);
    return g.failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
