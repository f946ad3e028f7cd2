/*
 * html_scan: what can be known about HTML by looking at its bytes, before it is parsed.
 */
#ifndef QS_FORMATS_HTML_SCAN_H
#define QS_FORMATS_HTML_SCAN_H

#include "formats/text.h"

bool html_scan_has_tag(struct text t);    /* a tag of HTML, not just '<' */
bool html_scan_has_entity(struct text t); /* a character reference that HTML knows */

/* Text that begins with an escaped tag ("&lt;p&gt;") without its escapes; other text as it is. */
struct text html_scan_unescape_once(struct arena *a, struct text t);
struct text html_scan_decode_entities(struct arena *a, struct text t);

/* How many bytes may be parsed: less than all when it is too long or nests too deep. */
size_t html_scan_parsable(struct text t);

#endif
