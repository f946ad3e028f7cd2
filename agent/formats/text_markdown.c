/*
 * Escapes no more than needed: a job text full of backslashes would be read back as such by people
 * at Qudra, and each one counts against the length of the field. What is a mark only at the start
 * of a line (lists, headings, quotes, rules) is escaped only there.
 */
#include "formats/text_markdown.h"

#include <string.h>

#include "formats/text_utf8.h"

static bool blank_follows(const char *rest, const char *end)
{
    return rest == end || *rest == ' ' || *rest == '\t' || *rest == '\n';
}

static bool word_follows(const char *rest, const char *end)
{
    return rest < end && text_is_word(text_utf8_next(&rest));
}

/* "&amp;" or "&#1587;", which a reader would turn into a character. */
static bool entity_follows(const char *rest, const char *end)
{
    const char *p = rest;
    while (p < end && p - rest < 32 && (*p == '#' || (text_is_word((unsigned char)*p) && *p > 0)))
        p++;
    return p > rest && p < end && *p == ';';
}

static bool marks_line_start(uint32_t cp, const char *rest, const char *end)
{
    switch (cp) {
    case '#':
    case '>':
    case '=':
        return true;
    case '+':
        return blank_follows(rest, end);
    case '-':
        return blank_follows(rest, end) || *rest == '-';
    default:
        return false;
    }
}

bool text_line_escapes(struct text_line *line, uint32_t cp, const char *rest, const char *end)
{
    struct text_line was = *line;
    bool counts = cp >= '0' && cp <= '9' && (was.before == 0 || was.digits > 0);
    *line = (struct text_line){.before = cp, .digits = counts ? was.digits + 1 : 0};
    switch (cp) {
    case '\\':
    case '`':
    case '*':
    case '[':
    case ']':
    case '<':
    case '~':
        return true;
    case '_':
        return !text_is_word(was.before) || !word_follows(rest, end);
    case '&':
        return entity_follows(rest, end);
    case '.':
    case ')':
        return was.digits > 0 && was.digits < 10 && blank_follows(rest, end);
    default:
        return was.before == 0 && marks_line_start(cp, rest, end);
    }
}

/* A line's end in plain text is meant: two blanks keep it, where Markdown would join the lines. */
static const char *add_line_end(struct buf *b, const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\t'))
        p++;
    bool paragraph = p == end || *p == '\n' || b->len == 0 || b->data[b->len - 1] == '\n';
    buf_addstr(b, paragraph ? "\n" : "  \n");
    return p;
}

struct text text_escape_markdown(struct arena *a, struct text t)
{
    if (!t.data)
        return t;
    struct buf b = BUF_INIT(SIZE_MAX);
    struct text_line line = {0};
    const char *end = t.data + t.len;
    const char *p = t.data;
    while (p < end && (*p == ' ' || *p == '\t'))
        p++; /* four of them would be a block of code, here and at each line's start */
    while (p < end) {
        uint32_t cp = text_utf8_next(&p);
        if (cp == '\n') {
            p = add_line_end(&b, p, end);
            line = (struct text_line){0};
            continue;
        }
        if (text_line_escapes(&line, cp, p, end))
            buf_addch(&b, '\\');
        text_utf8_add(&b, cp);
    }
    return text_take(a, &b);
}
