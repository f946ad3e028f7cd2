/*
 * output: what all commands that report share: the terminal's width and colours, text made safe for
 * it, times and counts as people read them, and the frame of --json.
 *
 * Everything is written into a buf first and to stdout in one go, so that --watch never shows half
 * a screen. Text from databases and from Qudra may hold anything: no control character of it
 * reaches the terminal.
 */
#ifndef QS_COMMANDS_OUTPUT_H
#define QS_COMMANDS_OUTPUT_H

#include "formats/json.h"
#include "formats/text.h"
#include "rules/zone.h"

enum style { STYLE_PLAIN, STYLE_BOLD, STYLE_DIM, STYLE_GOOD, STYLE_WARN, STYLE_BAD };

struct output {
    bool terminal; /* stdout is one */
    bool colour;   /* on a terminal, unless NO_COLOR is set */
    size_t width;  /* columns; 0: no limit, lines stay whole for grep */
    size_t height; /* lines; 0: no limit */
};

/* Of stdout. COLUMNS and LINES, when set, count for more than what the terminal says. */
void output_init(struct output *o);
/* Writes the buf to stdout. */
void output_flush(const struct buf *text);

/* ---- text ------------------------------------------------------------------------------------ */

/* One line that is safe to show: white space of any kind as a blank, other control characters,
 * marks of direction and bytes that are no UTF-8 as '?'. NULL gives "". */
const char *output_clean(struct arena *a, const char *text);
/* The text, or its beginning and how long it is; NULL for TEXT_NONE. */
const char *output_excerpt(struct arena *a, struct text t);
/* Display columns of clean text: wide characters take two, marks none. */
size_t output_columns(const char *clean, size_t bytes);
/* Bytes of the longest beginning that takes at most `columns`, ending before a blank where there is
 * one; at least one character. *next: where the following line begins. */
size_t output_line(const char *clean, size_t columns, const char **next);

/* Clean text in a style. Arabic is isolated on a terminal, so that it cannot reorder its line. */
void output_styled(const struct output *o, struct buf *out, enum style style, const char *clean,
                   size_t bytes);
/* The same for any text, wrapped to the terminal's width; further lines begin at `indent`, where
 * the first one is taken to begin too. Ends with a line end. */
void output_wrapped(const struct output *o, struct buf *out, enum style style, const char *text,
                    size_t indent);
void output_title(const struct output *o, struct buf *out, const char *title); /* of a section */

/* ---- values ---------------------------------------------------------------------------------- */

const char *output_count(struct arena *a, int64_t n); /* 12,345 */
/* "3 min ago", "in 12 s". NULL for NULL or what is no time. */
const char *output_ago(struct arena *a, const char *rfc3339, int64_t wall_ms);
/* "2026-01-31 12:30:05 (3 min ago)", on the zone's walls; NULL for NULL. */
const char *output_when(struct arena *a, const char *rfc3339, const struct zone *zone,
                        int64_t wall_ms);

/* ---- JSON ------------------------------------------------------------------------------------ */

void output_member_str(struct json_writer *w, const char *key, const char *value); /* NULL: null */
void output_member_int(struct json_writer *w, const char *key, int64_t value);
void output_member_bool(struct json_writer *w, const char *key, bool value);
/* -1 (nothing known) is null. */
void output_member_ms(struct json_writer *w, const char *key, int64_t value);

#endif
