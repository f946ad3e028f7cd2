/*
 * Every search is bounded: atoms by a length, partners by the paragraph, so that hostile text costs
 * no more than its size times a constant (the caller remembers searches that found nothing).
 */
#include "formats/text_spans.h"

#include <string.h>

#include "formats/text_utf8.h"

enum { MAX_ATOM_BYTES = 4096 };

size_t text_span_run(const char *p, const char *end)
{
    const char *q = p;
    while (q < end && *q == *p)
        q++;
    return (size_t)(q - p);
}

static const char *skip_any(const char *p, const char *end, const char *set)
{
    while (p < end && *p && strchr(set, *p))
        p++;
    return p;
}

const char *text_span_paragraph(const char *p, const char *end)
{
    while (p < end) {
        const char *newline = memchr(p, '\n', (size_t)(end - p));
        if (!newline)
            return end;
        p = skip_any(newline + 1, end, " \t>");
        if (p == end || *p == '\n')
            return newline;
    }
    return end;
}

static bool is_ascii_punctuation(char c)
{
    return c > ' ' && c < 0x7F && !text_is_word((unsigned char)c);
}

static const char *code_span_end(const char *p, const char *end)
{
    size_t len = text_span_run(p, end);
    for (const char *q = p + len; q < end;) {
        q = memchr(q, '`', (size_t)(end - q));
        if (!q)
            break;
        size_t found = text_span_run(q, end);
        q += found;
        if (found == len)
            return q;
    }
    return p + len; /* no partner: the whole run is ordinary text */
}

/* The bracket that closes the one at p, nested ones counted, escapes and code spans skipped. */
static const char *bracket_end(const char *p, const char *end, char open, char close)
{
    unsigned depth = 0;
    while (p < end) {
        char c = *p;
        if (c == '\\' && p + 1 < end) {
            p += 2;
        } else if (c == '`') {
            p = code_span_end(p, end);
        } else {
            p++;
            depth += c == open;
            if (c == close && --depth == 0)
                return p;
        }
    }
    return NULL;
}

static const char *link_end(const char *p, const char *end)
{
    const char *text = bracket_end(p, end, '[', ']');
    if (!text || text == end || (*text != '(' && *text != '['))
        return p;
    const char *target = bracket_end(text, end, *text, *text == '(' ? ')' : ']');
    return target ? target : p;
}

static const char *tag_end(const char *p, const char *end)
{
    if (p + 1 >= end || !(p[1] == '/' || p[1] == '!' || text_is_word((unsigned char)p[1])))
        return p;
    const char *close = memchr(p, '>', (size_t)(end - p));
    return close ? close + 1 : p;
}

static const char *entity_end(const char *p, const char *end)
{
    const char *q = p + 1;
    while (q < end && q - p < 32 && (*q == '#' || (*q > 0 && text_is_word((unsigned char)*q))))
        q++;
    return q < end && *q == ';' ? q + 1 : p;
}

const char *text_span_atom(const char *p, const char *end)
{
    if (end - p > MAX_ATOM_BYTES)
        end = p + MAX_ATOM_BYTES;
    switch (*p) {
    case '\\':
        return p + 1 < end && (p[1] == '\n' || is_ascii_punctuation(p[1])) ? p + 2 : p;
    case '&':
        return entity_end(p, end);
    case '`':
        return code_span_end(p, text_span_paragraph(p, end));
    case '[':
        return link_end(p, text_span_paragraph(p, end));
    case '<':
        return tag_end(p, text_span_paragraph(p, end));
    default:
        return p;
    }
}

/* What stands beside a run of marks decides whether it opens or closes (CommonMark 6.2). */
struct sides {
    bool space_before;
    bool word_before;
    bool space_after;
    bool word_after;
};

static struct sides sides_of(const char *start, const char *p, size_t len, const char *end)
{
    struct sides s = {.space_before = true, .space_after = true};
    if (p > start) {
        const char *before = text_utf8_before(p);
        uint32_t cp = text_utf8_next(&before);
        s.space_before = text_is_space(cp);
        s.word_before = text_is_word(cp);
    }
    const char *after = p + len;
    if (after < end) {
        uint32_t cp = text_utf8_next(&after);
        s.space_after = text_is_space(cp);
        s.word_after = text_is_word(cp);
    }
    return s;
}

bool text_span_opens(const char *start, const char *p, size_t len, const char *end)
{
    struct sides s = sides_of(start, p, len, end);
    if (s.space_after || (!s.word_after && s.word_before))
        return false;
    return *p != '_' || !s.word_before;
}

static bool closes(const char *start, const char *p, size_t len, const char *end)
{
    struct sides s = sides_of(start, p, len, end);
    if (s.space_before || (!s.word_before && s.word_after))
        return false;
    return *p != '_' || !s.word_after;
}

const char *text_span_partner(const char *start, const char *p, size_t len, const char *end)
{
    char mark = *p;
    end = text_span_paragraph(p, end);
    for (p += len; p < end;) {
        const char *atom = text_span_atom(p, end);
        if (atom > p) {
            p = atom;
        } else if (*p == mark) {
            size_t run = text_span_run(p, end);
            if (run == len && closes(start, p, run, end))
                return p;
            p += run;
        } else {
            p++;
        }
    }
    return NULL;
}

static const char *item_or_heading(const char *p, const char *end)
{
    const char *q = p;
    if (q < end && strchr("-+*", *q))
        q++;
    else if (q < end && *q == '#')
        q += text_span_run(q, end);
    else
        while (q < end && *q >= '0' && *q <= '9')
            q++;
    if (q > p && q < end && q[-1] >= '0' && q[-1] <= '9') {
        if (*q != '.' && *q != ')')
            return p;
        q++;
    }
    const char *content = skip_any(q, end, " \t");
    return q > p && content > q ? content : p;
}

const char *text_span_line_marks(const char *p, const char *end)
{
    for (;;) {
        const char *q = item_or_heading(skip_any(p, end, " \t>"), end);
        if (q == p)
            return p;
        p = q;
    }
}

const char *text_span_fence(const char *line, const char *end)
{
    const char *p = text_span_line_marks(line, end);
    if (p == end || (*p != '`' && *p != '~'))
        return NULL;
    size_t run = text_span_run(p, end);
    return run >= 3 ? p + run : NULL;
}
