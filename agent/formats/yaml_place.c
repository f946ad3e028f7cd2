/*
 * Decoding a scalar folds lines, strips indents and resolves escapes, but never adds, drops or
 * reorders a character that is not blank. So the n-th character of a text that is not blank is the
 * n-th in the file: walking both side by side finds it for every style of scalar without repeating
 * YAML's rules. Only a blank's own place is approximate, and no error stands on a blank.
 *
 * It is done when a problem is told and not before: most texts have none.
 */
#include <string.h>

#include "base/utf8.h"
#include "formats/yaml_origin.h"

size_t yaml_break(const char *s, size_t len)
{
    if (!len)
        return 0;
    if (s[0] == '\r')
        return len > 1 && s[1] == '\n' ? 2 : 1;
    if (s[0] == '\n')
        return 1;
    if (len > 1 && !memcmp(s, "\xc2\x85", 2))
        return 2;
    if (len > 2 && (!memcmp(s, "\xe2\x80\xa8", 3) || !memcmp(s, "\xe2\x80\xa9", 3)))
        return 3;
    return 0;
}

/* Bytes of the character at s; a broken byte counts as one. */
static size_t character(const char *s, size_t len)
{
    size_t n = utf8_next(s, len, NULL);

    return n ? n : len > 0;
}

/* The line of that number, without its end, in the arena of `p`. */
static const char *source_line(const struct yaml_doc *doc, int line, struct problems *p)
{
    size_t start = 0, end;

    for (int i = 1; i < line && start < doc->len; i++) {
        size_t n;

        while (start < doc->len && !yaml_break(doc->source + start, doc->len - start))
            start++;
        n = yaml_break(doc->source + start, doc->len - start);
        start += n;
    }
    for (end = start; end < doc->len && !yaml_break(doc->source + end, doc->len - end);)
        end++;
    return arena_strndup(p->arena, doc->source + start, end - start);
}

void yaml_place_byte(const struct yaml_doc *doc, size_t byte, int *line, int *column)
{
    *line = 1;
    *column = 1;
    for (size_t at = 0; at < byte;) {
        size_t n = yaml_break(doc->source + at, doc->len - at);

        if (n) {
            (*line)++;
            *column = 1;
        } else {
            n = character(doc->source + at, doc->len - at);
            (*column)++;
        }
        at += n;
    }
}

/* ---- walking text and file side by side -------------------------------------------------------
 */

/* Bytes of the blank (or line break) at s, 0 when something else stands there. */
static size_t blank(const char *s, size_t len)
{
    return len && (*s == ' ' || *s == '\t') ? 1 : yaml_break(s, len);
}

/* Bytes of the escape sequence at s, which begins with a backslash. */
static size_t escape(const char *s, size_t len)
{
    size_t n;

    if (len < 2)
        return len;
    n = yaml_break(s + 1, len - 1);
    if (n)
        return 1 + n;
    switch (s[1]) {
    case 'x':
        n = 4;
        break;
    case 'u':
        n = 6;
        break;
    case 'U':
        n = 10;
        break;
    default:
        n = 1 + character(s + 1, len - 1);
    }
    return n < len ? n : len;
}

/* Does the escape of n bytes stand for a blank, or (before a line's end) for nothing? */
static bool escapes_blank(const char *s, size_t n)
{
    unsigned long point = 0;

    if (yaml_break(s + 1, n - 1) || strchr("tnrNLP \t", s[1]))
        return true;
    if (!strchr("xuU", s[1]))
        return false;
    for (size_t i = 2; i < n; i++)
        point = point * 16 + (unsigned long)(s[i] <= '9' ? s[i] - '0' : (s[i] | 0x20) - 'a' + 10);
    return point == ' ' || point == '\t' || point == '\n' || point == '\r' || point == 0x85 ||
           point == 0x2028 || point == 0x2029;
}

static size_t skip_blanks(const struct yaml_doc *doc, size_t at, char quote)
{
    while (at < doc->len) {
        const char *s = doc->source + at;
        size_t n = blank(s, doc->len - at);

        if (!n && quote == '"' && *s == '\\') {
            n = escape(s, doc->len - at);
            if (n < 2 || !escapes_blank(s, n))
                return at;
        }
        if (!n)
            return at;
        at += n;
    }
    return at;
}

/* Bytes that stand for one character that is not blank. */
static size_t token(const struct yaml_doc *doc, size_t at, char quote)
{
    const char *s = doc->source + at;
    size_t len = doc->len - at;

    if (quote == '"' && len && *s == '\\')
        return escape(s, len);
    if (quote == '\'' && len > 1 && s[0] == '\'' && s[1] == '\'')
        return 2;
    return character(s, len);
}

static size_t offset_of(const struct yaml_doc *doc, const struct yaml_origin *o, size_t n)
{
    const char *raw = o->raw;
    size_t len = strlen(raw);
    size_t at = o->start;

    while (len > 0) {
        size_t bytes = character(raw, len);
        bool is_blank = blank(raw, len) > 0;

        if (!is_blank)
            at = skip_blanks(doc, at, o->quote);
        if (n-- == 0)
            break;
        if (!is_blank)
            at += token(doc, at, o->quote);
        else if (doc->len - at >= bytes && !memcmp(doc->source + at, raw, bytes))
            at += bytes;
        raw += bytes;
        len -= bytes;
    }
    return at;
}

void yaml_place_raw(const struct yaml_doc *doc, const struct yaml_origin *o, size_t n, int *line,
                    int *column)
{
    yaml_place_byte(doc, offset_of(doc, o, n), line, column);
}

/* The raw character behind the n-th of the expanded text; inside an expansion, its beginning, and
 * *width its length. */
static size_t raw_position(const struct yaml_origin *o, size_t n, int *width)
{
    size_t raw = n;

    *width = 0;
    for (const struct yaml_expansion *x = o->expansions; x && n >= x->at; x = x->next) {
        if (n < x->at + x->len) {
            *width = (int)x->raw_len;
            return x->raw_at;
        }
        raw = n - (x->at + x->len) + x->raw_at + x->raw_len;
    }
    return raw;
}

void yaml_place_in(const struct yaml_node *at, int position, int *line, int *column)
{
    int width;

    *line = at->line;
    *column = at->column;
    if (at->origin)
        yaml_place_raw(at->doc, at->origin,
                       raw_position(at->origin, position > 1 ? (size_t)position - 1 : 0, &width),
                       line, column);
}

/* ---- problems at a place ----------------------------------------------------------------------
 */

static bool is_word(unsigned char c)
{
    return c == '_' || c >= 0x80 || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
           (c >= 'A' && c <= 'Z');
}

/* Characters of the word that begins at a column of a line; 1 when it is no word. */
static int word_width(const char *line, int column)
{
    size_t len = strlen(line);
    size_t at = 0;
    int width = 0;

    for (int i = 1; i < column && at < len; i++)
        at += character(line + at, len - at);
    for (; at < len && is_word((unsigned char)line[at]); width++)
        at += character(line + at, len - at);
    return width ? width : 1;
}

void yaml_problem_in(struct problems *p, const struct yaml_node *at, int position, const char *hint,
                     const char *message)
{
    struct problem what = {.file = at->doc->file, .message = message, .hint = hint};

    yaml_place_in(at, position, &what.line, &what.column);
    what.source = source_line(at->doc, what.line, p);
    if (at->origin)
        raw_position(at->origin, position > 1 ? (size_t)position - 1 : 0, &what.width);
    if (!what.width)
        what.width = word_width(what.source, what.column);
    problems_add(p, &what);
}

PRINTF_LIKE(2, 0)
static const char *print_message(struct problems *p, const char *fmt, va_list args)
{
    struct buf text = BUF_INIT(64 * 1024);
    const char *message;

    buf_vprintf(&text, fmt, args);
    message = arena_strndup(p->arena, buf_str(&text), text.len);
    buf_release(&text);
    return message;
}

static void add_at(struct problems *p, const struct yaml_node *at, const char *hint,
                   const char *message, bool warning)
{
    problems_add(p, &(struct problem){.file = at->doc->file,
                                      .line = at->line,
                                      .column = at->column,
                                      .width = at->width,
                                      .source = source_line(at->doc, at->line, p),
                                      .message = message,
                                      .hint = hint,
                                      .warning = warning});
}

void yaml_problem(struct problems *p, const struct yaml_node *at, const char *hint, const char *fmt,
                  ...)
{
    va_list args;

    va_start(args, fmt);
    add_at(p, at, hint, print_message(p, fmt, args), false);
    va_end(args);
}

void yaml_warning(struct problems *p, const struct yaml_node *at, const char *hint, const char *fmt,
                  ...)
{
    va_list args;

    va_start(args, fmt);
    add_at(p, at, hint, print_message(p, fmt, args), true);
    va_end(args);
}
