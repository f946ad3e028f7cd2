/*
 * html: what a rich-text editor stored, as Markdown or plain text. The only room with libxml2.
 *
 * Reads anything a browser would read. Kept: p, br, div, h1-h6, ul/ol/li nested, b/strong, i/em, a
 * (http, https, mailto, tel), code, pre, blockquote, hr, tables as lines of text. Dropped with
 * their content: script, style, head, comments, images, forms, frames, svg. Event handlers and
 * styles never get through. HTML that was escaped twice (it begins with &lt; and a tag name) is
 * unescaped first. Text keeps its order, right-to-left text too: nothing is reordered and no marks
 * are put in.
 */
#ifndef QS_FORMATS_HTML_H
#define QS_FORMATS_HTML_H

#include "formats/text.h"

/* Input without any tag or entity passes through as plain text (special characters escaped).
 * Depth and size are bounded: beyond 200 levels, or 4 MiB of input, the rest is taken as text. */
struct text html_to_markdown(struct arena *a, struct text html);
struct text html_to_text(struct arena *a, struct text html);
bool html_looks_like_html(struct text t);

/* Prepares libxml2 for the process, and gives its memory back at the end. */
void html_init(void);
void html_release(void);

#endif
