/*
 * Marks nest in one order: link, bold, italic. A change of an outer one closes the inner ones
 * first, and the next word opens them again. Italic is written as _ because *a***b** could be read
 * in several ways; only inside a word, where _ does not work, is it *.
 */
#include "formats/html_writer.h"

#include <string.h>

#include "formats/text_utf8.h"

void html_writer_init(struct html_writer *w, bool markdown)
{
    *w = (struct html_writer){.out = BUF_INIT(SIZE_MAX), .markdown = markdown};
}

void html_writer_push(struct html_writer *w, const char *first, const char *rest)
{
    if (w->n_levels < HTML_LEVELS) {
        struct html_level *level = &w->levels[w->n_levels];
        *level = (struct html_level){.begun = false};
        memcpy(level->first, first, strnlen(first, HTML_LEVEL_BYTES - 1));
        memcpy(level->rest, rest, strnlen(rest, HTML_LEVEL_BYTES - 1));
    }
    w->n_levels++;
}

void html_writer_pop(struct html_writer *w)
{
    w->n_levels--;
}

bool html_writer_at_level_start(const struct html_writer *w)
{
    return w->n_levels > 0 && w->n_levels <= HTML_LEVELS && !w->levels[w->n_levels - 1].begun;
}

void html_writer_break(struct html_writer *w, enum html_break kind)
{
    if (w->one_line > 0)
        w->gap = w->gap == HTML_GAP_NONE ? HTML_GAP_BLANK : w->gap;
    else if (kind > w->pending)
        w->pending = kind;
}

void html_writer_cell(struct html_writer *w)
{
    if (w->last != 0 && w->pending == HTML_BREAK_NONE)
        w->gap = HTML_GAP_CELL;
}

/* ---- marks --------------------------------------------------------------------------------- */

static void put_mark(struct html_writer *w, const char *mark)
{
    buf_addstr(&w->out, mark);
    w->last = (unsigned char)mark[strlen(mark) - 1];
    w->line = (struct text_line){.before = w->last};
}

static void close_italic(struct html_writer *w, bool word_follows)
{
    if (word_follows && w->gap == HTML_GAP_NONE)
        w->out.data[w->italic_at] = '*';
    put_mark(w, w->out.data[w->italic_at] == '*' ? "*" : "_");
    w->current.italic = 0;
}

static void close_link(struct html_writer *w)
{
    buf_addstr(&w->out, "](");
    buf_addstr(&w->out, w->current.link);
    put_mark(w, ")");
    w->current.link = NULL;
}

/* Closes what the next character, `next`, must not be in; 0 is a break. A mark between a full stop
 * and a letter would not be read as one (CommonMark 6.2): there a blank is put in. */
static void close_marks(struct html_writer *w, const struct html_style *want, uint32_t next)
{
    const struct html_style *now = &w->current;
    bool link_changes = now->link != want->link;
    bool bold_changes = !now->bold != !want->bold;
    bool italic = now->italic && (!want->italic || bold_changes || link_changes);
    bool bold = now->bold && (!want->bold || link_changes);
    bool mark_follows = (want->bold && (!now->bold || bold)) ||
                        (want->italic && (!now->italic || italic)) || (want->link && link_changes);
    bool word_follows = !mark_follows && next != 0 && text_is_word(next);
    if ((bold || italic) && word_follows && w->gap == HTML_GAP_NONE && !text_is_word(w->last))
        w->gap = HTML_GAP_BLANK;
    if (italic)
        close_italic(w, word_follows);
    if (bold) {
        put_mark(w, "**");
        w->current.bold = 0;
    }
    if (now->link && link_changes)
        close_link(w);
}

static void put_gap(struct html_writer *w)
{
    if (w->last == 0 || w->gap == HTML_GAP_NONE) {
        w->gap = HTML_GAP_NONE;
        return;
    }
    put_mark(w, w->gap == HTML_GAP_CELL ? " | " : " ");
    w->gap = HTML_GAP_NONE;
}

/* An opening mark between a letter and a bracket, or behind another mark, would not be read as one
 * either, and "![" would be an image. */
static bool needs_blank(const struct html_writer *w, const struct html_style *want, uint32_t next)
{
    bool bold = want->bold && !w->current.bold;
    bool italic = want->italic && !w->current.italic;
    bool link = want->link && !w->current.link;
    if (link && w->last == '!')
        return true;
    if ((bold || italic) && text_is_word(w->last) && !text_is_word(next))
        return true;
    return (bold || italic) && w->last == '*';
}

static void open_marks(struct html_writer *w, const struct html_style *want, uint32_t next)
{
    if (needs_blank(w, want, next))
        put_mark(w, " ");
    if (want->link && !w->current.link) {
        put_mark(w, "[");
        w->current.link = want->link;
    }
    if (want->bold && !w->current.bold) {
        put_mark(w, "**");
        w->current.bold = 1;
    }
    if (want->italic && !w->current.italic) {
        w->italic_at = w->out.len;
        put_mark(w, text_is_word(w->last) ? "*" : "_");
        w->current.italic = 1;
    }
}

/* ---- lines --------------------------------------------------------------------------------- */

static void put_line_start(struct html_writer *w)
{
    for (size_t i = 0; i < w->n_levels && i < HTML_LEVELS; i++) {
        struct html_level *level = &w->levels[i];
        buf_addstr(&w->out, level->begun ? level->rest : level->first);
        level->begun = true;
    }
}

/* An empty line inside a quote still carries the quote's mark. */
static void put_empty_line(struct html_writer *w)
{
    size_t start = w->out.len;
    for (size_t i = 0; i < w->n_levels && i < HTML_LEVELS && w->levels[i].begun; i++)
        buf_addstr(&w->out, w->levels[i].rest);
    while (w->out.len > start && w->out.data[w->out.len - 1] == ' ')
        buf_truncate(&w->out, w->out.len - 1);
    buf_addch(&w->out, '\n');
}

/* Puts down the break that is pending, if any, and the start of the line after it. */
static void start_line(struct html_writer *w)
{
    static const struct html_style none = {0};
    bool first = w->out.len == 0;
    if (!first && w->pending == HTML_BREAK_NONE)
        return;
    w->gap = HTML_GAP_NONE;
    close_marks(w, &none, 0);
    if (!first) {
        bool hard = w->pending == HTML_BREAK_HARD && w->markdown;
        buf_addstr(&w->out, hard ? "  \n" : "\n");
        if (w->pending == HTML_BREAK_PARAGRAPH)
            put_empty_line(w);
    }
    put_line_start(w);
    w->pending = HTML_BREAK_NONE;
    w->last = 0;
    w->line = (struct text_line){0};
}

/* Makes ready for a character in the wanted style. */
static void prepare(struct html_writer *w, uint32_t next)
{
    start_line(w);
    if (w->markdown)
        close_marks(w, &w->wanted, next);
    put_gap(w);
    if (w->markdown)
        open_marks(w, &w->wanted, next);
}

/* ---- content ------------------------------------------------------------------------------- */

static void put_character(struct html_writer *w, uint32_t cp, const char *rest, const char *end)
{
    prepare(w, cp);
    if (w->markdown && text_line_escapes(&w->line, cp, rest, end))
        buf_addch(&w->out, '\\');
    text_utf8_add(&w->out, cp);
    w->last = cp;
}

void html_writer_text(struct html_writer *w, const char *s)
{
    for (const char *p = s, *end = s + strlen(s); p < end;) {
        uint32_t cp = text_utf8_next(&p);
        if (!text_is_space(cp))
            put_character(w, cp, p, end);
        else if (w->gap == HTML_GAP_NONE)
            w->gap = HTML_GAP_BLANK;
    }
}

static size_t longest_run(const char *s, char c)
{
    size_t longest = 0;
    for (size_t run = 0; *s; s++) {
        run = *s == c ? run + 1 : 0;
        longest = run > longest ? run : longest;
    }
    return longest;
}

static void put_ticks(struct html_writer *w, size_t n)
{
    for (; n > 0; n--)
        buf_addch(&w->out, '`');
}

/* A code span on one line; the marks are longer than any run of the same mark inside. */
void html_writer_code(struct html_writer *w, const char *s)
{
    if (s[strspn(s, " \t\r\n")] == '\0')
        return;
    if (!w->markdown) {
        html_writer_text(w, s);
        return;
    }
    size_t ticks = longest_run(s, '`') + 1;
    prepare(w, '`');
    put_ticks(w, ticks);
    if (ticks > 1)
        buf_addch(&w->out, ' ');
    for (; *s; s++)
        buf_addch(&w->out, strchr("\t\r\n", *s) ? ' ' : *s);
    if (ticks > 1)
        buf_addch(&w->out, ' ');
    put_ticks(w, ticks);
    w->last = '`';
    w->line = (struct text_line){.before = '`'};
}

static void put_fence(struct html_writer *w, size_t ticks)
{
    html_writer_break(w, HTML_BREAK_LINE);
    start_line(w);
    put_ticks(w, w->markdown ? ticks : 0);
}

void html_writer_preformatted(struct html_writer *w, const char *s)
{
    while (*s == '\n' || *s == '\r')
        s++;
    size_t len = strlen(s);
    while (len > 0 && strchr(" \t\r\n", s[len - 1]))
        len--;
    if (len == 0)
        return;
    if (w->one_line > 0) { /* in a heading or a cell there is no room for a block */
        html_writer_code(w, s);
        return;
    }
    size_t ticks = longest_run(s, '`') + 1;
    ticks = ticks < 3 ? 3 : ticks;
    html_writer_break(w, HTML_BREAK_PARAGRAPH);
    if (w->markdown)
        put_fence(w, ticks);
    for (const char *end = s + len; s < end;) {
        const char *stop = memchr(s, '\n', (size_t)(end - s));
        stop = stop ? stop : end;
        html_writer_break(w, HTML_BREAK_LINE);
        start_line(w);
        buf_add(&w->out, s, (size_t)(stop - s));
        s = stop + (stop < end);
    }
    if (w->markdown)
        put_fence(w, ticks);
    html_writer_break(w, HTML_BREAK_PARAGRAPH);
}

void html_writer_rule(struct html_writer *w)
{
    html_writer_break(w, HTML_BREAK_PARAGRAPH);
    if (!w->markdown || w->one_line > 0 || w->out.len == 0)
        return; /* at the very start a rule parts nothing */
    start_line(w);
    put_mark(w, "---");
    html_writer_break(w, HTML_BREAK_PARAGRAPH);
}

struct text html_writer_finish(struct html_writer *w, struct arena *a)
{
    static const struct html_style none = {0};
    w->gap = HTML_GAP_NONE;
    close_marks(w, &none, 0);
    return text_take(a, &w->out);
}
