/*
 * rows: the state's rows, filtered, a page at a time. Paging is by mapping and key, so a page costs
 * the same wherever it begins, and nothing is missed while the agent works.
 */
#include "commands/rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/names.h"
#include "commands/setup.h"
#include "commands/table.h"

#define LIMIT          50
#define LIMIT_MAX      10000
#define CHOSEN_MAX     64
#define PAGE_MAX_BYTES ((size_t)64 * 1024 * 1024)

struct question {
    struct report_filter filter;
    bool arabic, json;
};

struct page {
    const struct report_row *rows;
    size_t n;
    const char *next; /* where the following page begins; NULL: nothing follows */
};

/* ---- reading the command line ---------------------------------------------------------------- */

static const char *const *read_names(const struct invocation *in, const char *option,
                                     struct arena *a, size_t *n)
{
    const char **names = arena_alloc(a, CHOSEN_MAX * sizeof *names);
    *n = invocation_values(in, option, names, CHOSEN_MAX);
    return names;
}

static bool read_state(const struct invocation *in, const char **out, struct err *e)
{
    *out = invocation_value(in, "--state");
    for (int i = 0; *out != NULL && i < ROW_STATES; i++)
        if (strcmp(*out, row_state_names[i]) == 0)
            return true;
    if (*out == NULL)
        return true;
    const char *nearest = names_nearest(*out, row_state_names, ROW_STATES);
    err_set(e, ERR_USAGE, "no row is ever \"%s\"", *out);
    if (nearest != NULL)
        return err_hint(e, "did you mean \"%s\"?", nearest);
    return err_hint(e,
                    "states are pending, sending, synced, refused, uncertain, deferred, held and "
                    "removed");
}

static bool read_limit(const struct invocation *in, int64_t *out, struct err *e)
{
    const char *given = invocation_value(in, "--limit");
    char *end;
    *out = LIMIT;
    if (given == NULL)
        return true;
    *out = strtol(given, &end, 10);
    return (*end == '\0' && *out >= 1 && *out <= LIMIT_MAX) ||
           err_set(e, ERR_USAGE, "\"%s\" is not a number of rows from 1 to %d", given, LIMIT_MAX);
}

/* "MAPPING/KEY": no mapping's name holds a slash, a key may. */
static bool read_after(const struct invocation *in, struct arena *a, struct report_filter *f,
                       struct err *e)
{
    const char *given = invocation_value(in, "--after");
    const char *slash = given != NULL ? strchr(given, '/') : NULL;
    if (given == NULL)
        return true;
    if (slash == NULL)
        return err_set(e, ERR_USAGE, "\"%s\" is not of the form MAPPING/KEY", given);
    f->after_mapping = arena_strndup(a, given, (size_t)(slash - given));
    f->after_key = slash + 1;
    return true;
}

bool rows_read_language(const struct invocation *in, bool *arabic, struct err *e)
{
    const char *given = invocation_value(in, "--lang");
    *arabic = given != NULL && strcmp(given, "ar") == 0;
    return given == NULL || *arabic || strcmp(given, "en") == 0 ||
           err_set(e, ERR_USAGE, "\"%s\" is no language that messages are kept in: en or ar",
                   given);
}

static bool read_question(const struct invocation *in, struct arena *a, struct question *q,
                          struct err *e)
{
    *q = (struct question){.json = invocation_has(in, "--json")};
    q->filter.code = invocation_value(in, "--code");
    q->filter.embedding = invocation_value(in, "--embedding");
    q->filter.accounts = read_names(in, "--account", a, &q->filter.n_accounts);
    q->filter.mappings = read_names(in, "--mapping", a, &q->filter.n_mappings);
    return read_state(in, &q->filter.state, e) && read_limit(in, &q->filter.limit, e) &&
           read_after(in, a, &q->filter, e) && rows_read_language(in, &q->arabic, e);
}

/* ---- reading the rows ------------------------------------------------------------------------ */

/* One row more than is shown tells whether anything follows. */
static bool read_page(struct pg *state, const struct question *q, struct arena *a, struct page *out,
                      struct err *e)
{
    struct report_filter f = q->filter;
    struct report_row *rows;
    f.limit++;
    if (!report_rows(state, &f, a, &rows, &out->n, e))
        return false;
    out->rows = rows;
    out->next = NULL;
    if (out->n == (size_t)f.limit) {
        const struct report_row *last = &rows[--out->n - 1];
        out->next = arena_printf(a, "%s/%s", last->mapping, last->key);
    }
    return true;
}

/* ---- the table ------------------------------------------------------------------------------- */

enum style rows_state_style(const char *state)
{
    static const struct {
        const char *state;
        enum style style;
    } styles[] = {{"synced", STYLE_GOOD},    {"refused", STYLE_BAD},   {"held", STYLE_BAD},
                  {"uncertain", STYLE_WARN}, {"deferred", STYLE_WARN}, {"removed", STYLE_DIM}};
    for (size_t i = 0; i < ARRAY_LEN(styles); i++)
        if (strcmp(styles[i].state, state) == 0)
            return styles[i].style;
    return STYLE_PLAIN;
}

bool rows_is_ambiguous(const char *code)
{
    return code != NULL &&
           (strcmp(code, "create.ambiguous") == 0 || strcmp(code, "job_bound_twice") == 0);
}

/* "title.too_short: the title has 2 characters…" */
static const char *reason_of(struct arena *a, const struct report_row *r, bool arabic)
{
    const char *message =
        arabic && r->error_message_ar != NULL ? r->error_message_ar : r->error_message;
    if (r->error_code == NULL || message == NULL)
        return message != NULL ? message : r->error_code;
    return arena_printf(a, "%s: %s", r->error_code, message);
}

static void add_row(struct table *t, const struct report_row *r, bool arabic, int64_t wall_ms)
{
    enum { MAPPING, KEY, STATE, OPERATION, CHANGED, NEXT, REASON, EMBEDDING, JOB };
    bool failed = r->embedding_status != NULL && strcmp(r->embedding_status, "failed") == 0;
    table_add_row(t);
    table_set(t, MAPPING, r->mapping, STYLE_PLAIN);
    table_set(t, KEY, r->key, STYLE_BOLD);
    table_set(t, STATE, r->state, rows_state_style(r->state));
    table_set(t, OPERATION, r->operation, STYLE_PLAIN);
    table_set(t, CHANGED, output_ago(t->arena, r->changed_at, wall_ms), STYLE_DIM);
    table_set(t, NEXT, output_ago(t->arena, r->next_attempt_at, wall_ms), STYLE_PLAIN);
    table_set(t, REASON, reason_of(t->arena, r, arabic), STYLE_PLAIN);
    table_set(t, EMBEDDING, failed ? r->embedding_status : NULL, STYLE_BAD);
    table_set(t, JOB, r->job_id, STYLE_PLAIN);
}

static void write_table(const struct page *p, const struct question *q, struct arena *a,
                        struct buf *out)
{
    static const struct table_column columns[] = {
        {"mapping", TABLE_WORD}, {"key", TABLE_WORD},       {"state", TABLE_WORD},
        {"to do", TABLE_WORD},   {"changed", TABLE_WORD},   {"next try", TABLE_WORD},
        {"reason", TABLE_TEXT},  {"embedding", TABLE_WORD}, {"job", TABLE_WORD}};
    struct output o;
    struct table t;
    int64_t wall_ms = clock_wall_ms();
    output_init(&o);
    table_init(&t, a, columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < p->n; i++)
        add_row(&t, &p->rows[i], q->arabic, wall_ms);
    table_write(&t, &o, 0, out);
}

/* Talk: it goes to stderr, so that a pipe gets rows and nothing else. */
static void tell_what_follows(const struct page *p)
{
    if (p->n == 0)
        fprintf(stderr, "no rows\n");
    if (p->next != NULL)
        fprintf(stderr, "more rows follow: add --after '%s'\n", p->next);
}

/* ---- JSON ------------------------------------------------------------------------------------ */

void rows_write_json(struct json_writer *w, const struct report_row *r)
{
    json_open_object(w);
    output_member_str(w, "mapping", r->mapping);
    output_member_str(w, "key", r->key);
    output_member_str(w, "account", r->account);
    output_member_str(w, "state", r->state);
    output_member_str(w, "operation", r->operation);
    output_member_str(w, "job_id", r->job_id);
    output_member_str(w, "qudra_url", r->qudra_url);
    output_member_str(w, "job_status", r->job_status);
    output_member_str(w, "embedding_status", r->embedding_status);
    json_key(w, "match_ready");
    if (r->match_ready < 0)
        json_write_null(w);
    else
        json_write_bool(w, r->match_ready == 1);
    output_member_int(w, "attempts", r->attempts);
    output_member_str(w, "error_code", r->error_code);
    output_member_str(w, "error_message", r->error_message);
    output_member_str(w, "error_message_ar", r->error_message_ar);
    output_member_str(w, "request_id", r->request_id);
    output_member_str(w, "first_seen_at", r->first_seen_at);
    output_member_str(w, "changed_at", r->changed_at);
    output_member_str(w, "synced_at", r->synced_at);
    output_member_str(w, "next_attempt_at", r->next_attempt_at);
    output_member_str(w, "gone_at", r->gone_at);
    output_member_str(w, "due_at", r->due_at);
    json_close_object(w);
}

static void write_json(const struct page *p, struct buf *out)
{
    struct json_writer w;
    json_writer_init(&w, out);
    json_open_object(&w);
    json_key(&w, "rows");
    json_open_array(&w);
    for (size_t i = 0; i < p->n; i++)
        rows_write_json(&w, &p->rows[i]);
    json_close_array(&w);
    output_member_str(&w, "next", p->next);
    json_close_object(&w);
    buf_addch(out, '\n');
}

/* ---- the command ----------------------------------------------------------------------------- */

static bool show(struct setup *s, const struct question *q, struct arena *a, struct err *e)
{
    struct pg *state;
    struct page p;
    struct buf out = BUF_INIT(PAGE_MAX_BYTES);
    if (!setup_connect_state(s, &state, e))
        return false;
    bool ok = read_page(state, q, a, &p, e);
    if (ok && q->json)
        write_json(&p, &out);
    else if (ok)
        write_table(&p, q, a, &out);
    output_flush(&out);
    if (ok && !q->json)
        tell_what_follows(&p);
    buf_release(&out);
    pg_free(state);
    return ok;
}

static int run(const struct invocation *in, struct err *e)
{
    struct setup s;
    struct question q;
    if (!setup_load(&s, in, e))
        return EXIT_CONVERGED;
    bool ok = read_question(in, &s.arena, &q, e) && show(&s, &q, &s.arena, e);
    (void)ok; /* e says it */
    setup_release(&s);
    return EXIT_CONVERGED;
}

static const struct command_option options[] = {
    {"--state", "STATE", "pending, sending, synced, refused, uncertain, deferred, held or removed"},
    {"--code", "CODE", "only rows with this error code"},
    {"--embedding", "STATUS", "only rows whose embedding is processing, ready or failed"},
    {"--lang", "LANGUAGE", "en or ar: of the messages"},
    {"--limit", "N", "at most so many rows (50)"},
    {"--after", "MAPPING/KEY", "the page that begins behind this row"},
    {"--json", NULL, "one JSON object: rows, and next for --after"},
    {NULL, NULL, NULL},
};

const struct command command_rows = {
    .name = "rows",
    .arguments = "",
    .summary = "rows with their state and errors",
    .details = "By mapping and key. `explain MAPPING KEY` tells one row's whole story.",
    .options = options,
    .run = run,
};
