/*
 * text_markdown: which characters of plain text Markdown would take for a mark, shared by
 * text_escape_markdown and html. It reads a line from its beginning, as both of them write it.
 */
#ifndef QS_FORMATS_TEXT_MARKDOWN_H
#define QS_FORMATS_TEXT_MARKDOWN_H

#include "formats/text.h"

/* Where the writer is in its line; all zero at the start of each line. */
struct text_line {
    uint32_t before; /* the code point before, 0 at the start */
    unsigned digits; /* the line so far is this many digits */
};

/* Whether cp needs a backslash; `rest` is what follows it. Moves the line on. */
bool text_line_escapes(struct text_line *line, uint32_t cp, const char *rest, const char *end);

#endif
