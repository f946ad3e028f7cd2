/*
 * text_spans: where the inline constructs of Markdown end, for the functions that cut it.
 *
 * A reading of CommonMark's inline rules that is exact for what editors and html_to_markdown write,
 * and that takes an odd construct for ordinary text rather than look further than a paragraph.
 */
#ifndef QS_FORMATS_TEXT_SPANS_H
#define QS_FORMATS_TEXT_SPANS_H

#include "formats/text.h"

/* The end of what must not be cut at p (escape, entity, code span, link, autolink, tag), or p. */
const char *text_span_atom(const char *p, const char *end);
/* The length of the run of one character that p begins with. */
size_t text_span_run(const char *p, const char *end);
/* Whether the run of `len` marks at p may begin an emphasis. */
bool text_span_opens(const char *start, const char *p, size_t len, const char *end);
/* The partner in the same paragraph of the run of `len` marks at p, or NULL. */
const char *text_span_partner(const char *start, const char *p, size_t len, const char *end);
/* The end of the paragraph that p is in. */
const char *text_span_paragraph(const char *p, const char *end);
/* The end of the marks that a line begins with: quotes, then a list item's or a heading's. */
const char *text_span_line_marks(const char *p, const char *end);
/* The end of the fence (three or more ` or ~) behind the line's marks, or NULL. */
const char *text_span_fence(const char *line, const char *end);

#endif
