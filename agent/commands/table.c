/*
 * Widths are settled before anything is written: natural ones first, then one column after the
 * other gives up a column of the screen until the whole fits. Slow for a screen a thousand wide,
 * and never wrong.
 */
#include "commands/table.h"

#include <string.h>

#define GAP       2
#define LINES_MAX 4 /* of one cell */
#define ELLIPSIS  "…"

void table_init(struct table *t, struct arena *a, const struct table_column *columns, size_t n)
{
    if (n > TABLE_MAX_COLUMNS)
        BUG("a table of %zu columns", n);
    *t = (struct table){.arena = a, .columns = columns, .n_columns = n};
}

void table_add_row(struct table *t)
{
    struct table_row *row = arena_alloc(t->arena, sizeof *row);
    if (t->last != NULL)
        t->last->next = row;
    else
        t->first = row;
    t->last = row;
}

void table_set(struct table *t, size_t column, const char *text, enum style style)
{
    t->last->cell[column] = output_clean(t->arena, text);
    t->last->style[column] = style;
}

/* ---- widths ---------------------------------------------------------------------------------- */

static size_t columns_of(const char *clean)
{
    return clean != NULL ? output_columns(clean, strlen(clean)) : 0;
}

static void natural_widths(const struct table *t, size_t width[])
{
    for (size_t i = 0; i < t->n_columns; i++) {
        width[i] = 0;
        for (const struct table_row *row = t->first; row != NULL; row = row->next)
            if (columns_of(row->cell[i]) > width[i])
                width[i] = columns_of(row->cell[i]);
        if (width[i] > 0 && columns_of(t->columns[i].title) > width[i])
            width[i] = columns_of(t->columns[i].title);
    }
}

static size_t total(const struct table *t, const size_t width[])
{
    size_t sum = 0;
    for (size_t i = 0; i < t->n_columns; i++)
        sum += width[i] > 0 ? width[i] + (sum > 0 ? GAP : 0) : 0;
    return sum;
}

/* The widest column of a kind that may still give way. */
static size_t *widest(const struct table *t, size_t width[], enum table_kind kind, size_t least)
{
    size_t *found = NULL;
    for (size_t i = 0; i < t->n_columns; i++)
        if (t->columns[i].kind == kind && width[i] > least && (found == NULL || width[i] > *found))
            found = &width[i];
    return found;
}

static void shrink(const struct table *t, size_t room, size_t width[])
{
    static const struct {
        enum table_kind kind;
        size_t least;
    } steps[] = {{TABLE_TEXT, 28}, {TABLE_WORD, 12}, {TABLE_TEXT, 10}, {TABLE_WORD, 5},
                 {TABLE_TEXT, 5},  {TABLE_WORD, 2},  {TABLE_NUMBER, 4}};
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        size_t *column;
        while (total(t, width) > room &&
               (column = widest(t, width, steps[i].kind, steps[i].least)) != NULL)
            (*column)--;
    }
}

/* ---- writing --------------------------------------------------------------------------------- */

/* What is still to be written of a cell, one line at a time. */
struct cursor {
    const char *at;
    int lines;
};

struct piece {
    const char *text;
    size_t bytes, columns;
    bool cut; /* "…" follows */
};

static struct piece take_line(struct cursor *c, enum table_kind kind, size_t width)
{
    struct piece p = {.text = c->at};
    const char *next = c->at + strlen(c->at);
    p.bytes = strlen(c->at);
    if (columns_of(c->at) > width) {
        bool last = kind != TABLE_TEXT || c->lines + 1 == LINES_MAX;
        p.bytes = output_line(c->at, last ? width - 1 : width, &next);
        p.cut = last;
        if (last)
            next = c->at + strlen(c->at);
    }
    p.columns = output_columns(p.text, p.bytes) + p.cut;
    c->at = next;
    c->lines++;
    return p;
}

static void write_blanks(struct buf *out, size_t n)
{
    for (size_t i = 0; i < n; i++)
        buf_addch(out, ' ');
}

static bool anything_left(const struct cursor *cursor, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (*cursor[i].at != '\0')
            return true;
    return false;
}

/* `pending` blanks are written only when something follows them: no line ends in blanks. */
static void write_line(const struct table *t, const struct output *o, const size_t width[],
                       const struct table_row *row, struct cursor *cursor, size_t indent,
                       struct buf *out)
{
    size_t pending = indent;
    for (size_t i = 0; i < t->n_columns; i++) {
        if (width[i] == 0)
            continue;
        struct piece p = take_line(&cursor[i], t->columns[i].kind, width[i]);
        size_t rest = p.columns < width[i] ? width[i] - p.columns : 0;
        bool right = t->columns[i].kind == TABLE_NUMBER;
        if (p.bytes > 0) {
            write_blanks(out, pending + (right ? rest : 0));
            output_styled(o, out, row->style[i], p.text, p.bytes);
            buf_addstr(out, p.cut ? ELLIPSIS : "");
            pending = 0;
        } else if (right)
            pending += rest;
        pending += (right ? 0 : rest) + GAP;
    }
    buf_addch(out, '\n');
}

static void write_row(const struct table *t, const struct output *o, const size_t width[],
                      const struct table_row *row, size_t indent, struct buf *out)
{
    struct cursor cursor[TABLE_MAX_COLUMNS];
    for (size_t i = 0; i < t->n_columns; i++)
        cursor[i] = (struct cursor){.at = row->cell[i] != NULL && width[i] > 0 ? row->cell[i] : ""};
    do
        write_line(t, o, width, row, cursor, indent, out);
    while (anything_left(cursor, t->n_columns));
}

static bool has_titles(const struct table *t)
{
    for (size_t i = 0; i < t->n_columns; i++)
        if (t->columns[i].title[0] != '\0')
            return true;
    return false;
}

void table_write(const struct table *t, const struct output *o, size_t indent, struct buf *out)
{
    size_t width[TABLE_MAX_COLUMNS];
    if (t->first == NULL)
        return;
    natural_widths(t, width);
    if (o->width > 0)
        shrink(t, o->width > indent ? o->width - indent : 1, width);
    struct table_row titles = {.next = NULL};
    for (size_t i = 0; i < t->n_columns; i++) {
        titles.cell[i] = t->columns[i].title;
        titles.style[i] = STYLE_DIM;
    }
    if (has_titles(t))
        write_row(t, o, width, &titles, indent, out);
    for (const struct table_row *row = t->first; row != NULL; row = row->next)
        write_row(t, o, width, row, indent, out);
}
