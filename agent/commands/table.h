/*
 * table: rows of cells in columns that fit the terminal.
 *
 * Columns are as wide as what they hold. Where that is too much for the terminal, text columns give
 * way first, the widest before the others, and wrap; then words are cut with "…"; a character is
 * never broken. Columns that hold nothing are left out.
 */
#ifndef QS_COMMANDS_TABLE_H
#define QS_COMMANDS_TABLE_H

#include "commands/output.h"

enum table_kind {
    TABLE_WORD,   /* names, keys, states: cut only when nothing else helps */
    TABLE_NUMBER, /* stands at the right; the same */
    TABLE_TEXT,   /* sentences: wrapped */
};

struct table_column {
    const char *title;
    enum table_kind kind;
};

#define TABLE_MAX_COLUMNS 16

struct table_row {
    const char *cell[TABLE_MAX_COLUMNS]; /* clean; NULL: empty */
    enum style style[TABLE_MAX_COLUMNS];
    struct table_row *next;
};

/* Lives in the arena, with all its cells. */
struct table {
    struct arena *arena;
    const struct table_column *columns;
    size_t n_columns;
    struct table_row *first, *last;
};

void table_init(struct table *t, struct arena *a, const struct table_column *columns, size_t n);
void table_add_row(struct table *t);
/* Sets a cell of the last row; the text is copied and made safe. */
void table_set(struct table *t, size_t column, const char *text, enum style style);
/* Titles and rows; each line begins with `indent` blanks. Nothing when there are no rows. */
void table_write(const struct table *t, const struct output *o, size_t indent, struct buf *out);

#endif
