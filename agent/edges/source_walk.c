/*
 * The next page is asked for as soon as this one has come and before it is given away, so that the
 * server reads while the caller works. Of a full page the last group of equal keys may go on behind
 * the page: it is left for the next one, which begins after the group before it. A page that is one
 * single group is given as it is and skipped behind: more than one row is all that anyone needs to
 * know of such a key.
 *
 * The first pages are small because nothing is known of the width of a row; each grows to four
 * times the one before at most, so that a wide region behind a narrow one does not fill the memory.
 */
#include "edges/source_internal.h"

#include <string.h>

enum {
    FIRST_ROWS = 100,
    LEAST_ROWS = 2, /* to see that a key stands twice */
    MOST_ROWS = 5000,
    MOST_KEYS = 1000, /* of which each becomes a row of the state in one statement */
    PAGE_BYTES = 1024 * 1024,
    GROWTH = 4,
};

static struct text cell(const struct source *s, size_t row, size_t column)
{
    return pg_text(s->result, row, column);
}

static enum mapping_query query_of(const struct walk *w)
{
    if (w->changed)
        return w->first ? MAPPING_CHANGED : MAPPING_CHANGED_AFTER;
    if (w->keys)
        return w->first ? MAPPING_KEYS : MAPPING_KEYS_AFTER;
    return w->first ? MAPPING_SCAN : MAPPING_SCAN_AFTER;
}

static bool ask(struct source *s, struct err *e)
{
    struct walk *w = &s->walk;
    size_t n_key = s->mapping->n_key;
    struct pg_params p;
    pg_params_init(&p);
    if (w->changed && w->first)
        pg_add_str(&p, s->since);
    else if (w->changed)
        pg_add_text(&p, cell(s, w->after, n_key + COLUMN_CHANGED));
    pg_add_int(&p, (int64_t)w->limit);
    for (size_t i = 0; i < n_key && !w->first; i++)
        pg_add_text(&p, cell(s, w->after, i));
    w->sent = pg_send(s->pg, s->sql[query_of(w)], &p, e);
    pg_params_release(&p);
    return w->sent;
}

/* The server's statement_timeout runs on while it waits for a caller that is busy with the page
 * before. That is no failure of the statement: it is asked once more, with nothing in between. */
static bool receive(struct source *s, struct pg_result **r, struct err *e)
{
    bool was_early = !s->walk.first;
    if (pg_receive(s->pg, r, e))
        return true;
    if (!was_early || strcmp(e->sqlstate, "57014") != 0)
        return false;
    *e = (struct err)ERR_INIT;
    return ask(s, e) && pg_receive(s->pg, r, e);
}

static bool same_place(const struct source *s, const struct source_page *page, size_t i, size_t k)
{
    if (strcmp(page->keys[i], page->keys[k]) != 0)
        return false;
    if (!s->walk.changed)
        return true;
    size_t column = s->mapping->n_key + COLUMN_CHANGED;
    return strcmp(cell(s, i, column).data, cell(s, k, column).data) == 0;
}

/* Rows of a full page up to its last group, or all of them when there is only one. */
static size_t whole_groups(const struct source *s, const struct source_page *page)
{
    size_t start = page->n - 1;
    while (start > 0 && same_place(s, page, start - 1, page->n - 1))
        start--;
    return start > 0 ? start : page->n;
}

static size_t next_limit(const struct source *s, size_t rows)
{
    size_t fit = PAGE_BYTES / (pg_result_bytes(s->result) / rows + 1);
    size_t most = s->walk.keys ? MOST_KEYS : MOST_ROWS;
    if (most > s->walk.limit * GROWTH)
        most = s->walk.limit * GROWTH;
    if (fit > most)
        fit = most;
    return fit > LEAST_ROWS ? fit : LEAST_ROWS;
}

static bool start(struct source *s, struct walk kind, struct err *e)
{
    s->walk = kind;
    s->walk.open = s->walk.first = true;
    s->walk.limit = FIRST_ROWS;
    return ask(s, e);
}

static bool next(struct source *s, struct source_page *page, struct err *e)
{
    struct walk *w = &s->walk;
    struct pg_result *r;
    if (!w->open)
        BUG("no page is to come");
    w->open = false; /* a walk that fails is over */
    if (!receive(s, &r, e))
        return source_fail(e);
    w->sent = false;
    source_hold(s, r, page);
    page->last = page->n < w->limit;
    if (page->last)
        return true;
    size_t rows = page->n;
    page->n = whole_groups(s, page);
    w->after = page->n - 1;
    w->limit = next_limit(s, rows);
    w->first = false;
    w->open = ask(s, e);
    return w->open;
}

bool source_scan_start(struct source *s, struct err *e)
{
    source_scan_stop(s);
    return start(s, (struct walk){.changed = false}, e);
}

bool source_keys_start(struct source *s, struct err *e)
{
    source_scan_stop(s);
    return start(s, (struct walk){.keys = true}, e);
}

/* A number of seconds knows no infinity; the year 1 is before all of them. */
static const char *since_when(const struct source *s, const char *since)
{
    bool is_time =
        strncmp(s->types.changed, "timestamp", 9) == 0 || strcmp(s->types.changed, "date") == 0;
    return is_time || strcmp(since, "-infinity") != 0 ? since : "0001-01-01T00:00:00Z";
}

bool source_changed_start(struct source *s, const char *since, struct err *e)
{
    if (!s->sql[MAPPING_CHANGED])
        BUG("mapping \"%s\" has no updated_at", s->mapping->name);
    source_scan_stop(s);
    s->since = mem_strdup(since_when(s, since));
    return start(s, (struct walk){.changed = true}, e);
}

bool source_scan_next(struct source *s, struct source_page *page, struct err *e)
{
    return next(s, page, e);
}

bool source_changed_next(struct source *s, struct source_page *page, struct err *e)
{
    return next(s, page, e);
}

void source_read_ahead(struct source *s, bool whole)
{
    if (s->walk.open && s->walk.sent)
        pg_read_ahead(s->pg, whole);
}

void source_scan_stop(struct source *s)
{
    if (s->walk.sent && pg_is_sending(s->pg))
        pg_give_up(s->pg);
    s->walk = (struct walk){.open = false};
    mem_free(s->since);
    s->since = NULL;
    source_drop(s);
}
