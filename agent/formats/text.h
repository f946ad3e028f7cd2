/*
 * text: pure work on UTF-8 text, in the arena that is given.
 *
 * A string is a pointer and a length; results are NUL-terminated as well. No function here fails on
 * input that is valid UTF-8; callers check that once, with text_utf8_valid(), where text enters.
 * Lengths for people are characters (Unicode code points), never bytes.
 */
#ifndef QS_FORMATS_TEXT_H
#define QS_FORMATS_TEXT_H

#include <stdint.h>

#include "base/mem.h"

struct text {
    const char *data; /* NULL: missing, which is not the same as empty */
    size_t len;       /* bytes */
};

#define TEXT_NONE ((struct text){.data = NULL, .len = 0})
struct text text_of(const char *s); /* NULL gives TEXT_NONE */

/* Length of the valid prefix; == len when all is valid. Rejects surrogates, over-long forms and
 * what lies beyond U+10FFFF (RFC 3629). */
size_t text_utf8_valid(const char *data, size_t len);
size_t text_characters(struct text t); /* code points */

/* Drops white space of any kind (and NBSP, zero-width marks, BOM) at both ends. */
struct text text_trim(struct text t); /* a part of t: allocates nothing */
/* Each run of white space becomes one blank; ends trimmed. */
struct text text_collapse(struct arena *a, struct text t);
/* What typing and copying leave behind, mended: NFC; presentation forms of Arabic to letters (NFKC
 * on those blocks only); NBSP to blank; CRLF and CR to LF; zero-width characters, bidi controls,
 * BOM, private-use and control characters (but LF and TAB) dropped. Returns t itself when clean. */
struct text text_clean(struct arena *a, struct text t);
/* U+FFFD, or three or more '?' in a row where letters should be: the text was damaged before us. */
bool text_is_damaged(struct text t);

/* At most `max` characters, cut at the best place not before half of it: a paragraph's end, a
 * line's, a sentence's, a blank; never inside a code point or a combining sequence. */
struct text text_truncate(struct arena *a, struct text t, size_t max);
/* The same for Markdown: never inside a link, an emphasis or a code span either; what the cut
 * leaves open is closed, and the whole still fits `max`. */
struct text text_truncate_markdown(struct arena *a, struct text t, size_t max);

/* Arabic-Indic and Persian digits to ASCII, Arabic decimal and thousands marks to '.' and ','. */
struct text text_digits(struct arena *a, struct text t);
/* Characters that Markdown would take for marks, escaped: for plain text that goes to Markdown. Its
 * lines stay lines (two blanks before the end of one), blanks at their start are dropped. */
struct text text_escape_markdown(struct arena *a, struct text t);
/* Folded for comparing names: NFKC, case folded, Arabic letters in one form (hamza and alef forms,
 * ta marbuta to ha, alef maqsura to ya), tatweel, diacritics, macrons, apostrophes and hyphens
 * dropped, digits to ASCII, blanks collapsed. */
struct text text_fold(struct arena *a, struct text t);
/* More Arabic than Latin letters. */
bool text_is_mostly_arabic(struct text t);

/* A whole number as programs write it: digits of ASCII, a '-' before them, nothing else. False for
 * what is none, or does not fit. */
bool text_whole(struct text t, int64_t *out) MUST_CHECK;

/* A whole number in riyals from "15000", "4000.0", "15,000", "15 000", "١٥٬٠٠٠", half away from
 * zero. `text_number_range` reads "7000-20000", "من 7000 إلى 20000", "7,000 – 20,000"; a single
 * number gives low == high. A range the wrong way round, prose around numbers, or units other than
 * SAR/ريال/SR are refused: a salary is never guessed. */
bool text_number(struct text t, int64_t *out) MUST_CHECK;
bool text_number_range(struct text t, int64_t *low, int64_t *high) MUST_CHECK;

/* Items of a list that was stored as text: JSON ["a", "b"] or Python ['a', "b\n"]. Returns the
 * number of items, put into *items (in the arena); SIZE_MAX when t is no such list. */
size_t text_list_items(struct arena *a, struct text t, struct text **items);

#endif
