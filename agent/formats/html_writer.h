/*
 * html_writer: puts blocks and words down as Markdown, or as plain text, one word after the other.
 *
 * It knows nothing of HTML. Marks are written only when a word needs them, so that emphasis around
 * nothing leaves nothing, neighbours join, and blanks stay outside of the marks.
 */
#ifndef QS_FORMATS_HTML_WRITER_H
#define QS_FORMATS_HTML_WRITER_H

#include "formats/text_markdown.h"

enum html_break {
    HTML_BREAK_NONE,
    HTML_BREAK_LINE,      /* a new line, as between the items of a list */
    HTML_BREAK_HARD,      /* a new line that Markdown keeps */
    HTML_BREAK_PARAGRAPH, /* an empty line */
};
enum html_gap { HTML_GAP_NONE, HTML_GAP_BLANK, HTML_GAP_CELL };

enum { HTML_LEVELS = 32, HTML_LEVEL_BYTES = 16 };

/* What lines begin with inside a list item, a quote or a heading. */
struct html_level {
    char first[HTML_LEVEL_BYTES];
    char rest[HTML_LEVEL_BYTES];
    bool begun; /* `first` is written */
};

struct html_style {
    unsigned bold; /* how often it was asked for */
    unsigned italic;
    const char *link; /* NULL: none */
};

struct html_writer {
    struct buf out;
    bool markdown;
    struct html_level levels[HTML_LEVELS];
    size_t n_levels;   /* may pass HTML_LEVELS: the deepest are written without marks */
    unsigned one_line; /* > 0: breaks become blanks (headings, table cells) */
    enum html_break pending;
    enum html_gap gap;
    struct html_style wanted; /* set by the caller */
    struct html_style current;
    size_t italic_at; /* where the open italic mark stands */
    uint32_t last;    /* last code point of the line, 0 at its start */
    struct text_line line;
};

void html_writer_init(struct html_writer *w, bool markdown);

void html_writer_push(struct html_writer *w, const char *first, const char *rest);
void html_writer_pop(struct html_writer *w);
/* Inside the deepest level nothing has been written yet. */
bool html_writer_at_level_start(const struct html_writer *w);

void html_writer_break(struct html_writer *w, enum html_break kind);
void html_writer_cell(struct html_writer *w); /* a cell of a table's row begins */
void html_writer_text(struct html_writer *w, const char *s);
void html_writer_code(struct html_writer *w, const char *s);
void html_writer_preformatted(struct html_writer *w, const char *s);
void html_writer_rule(struct html_writer *w);
/* Closes what is open and gives the text back. */
struct text html_writer_finish(struct html_writer *w, struct arena *a);

#endif
