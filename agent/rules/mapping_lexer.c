/*
 * mapping_lexer: just enough of PostgreSQL's lexical rules (its manual, 4.1) to know where a
 * string, a name or a comment ends. It does not defend against the partner, who may write any
 * SELECT: it keeps a slip, such as a bracket too many, from changing the meaning of the SQL around
 * it. standard_conforming_strings is taken as on, its default since 9.1.
 */
#include "rules/mapping_internal.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define MAX_DEPTH 128

static bool starts_name(char c)
{
    return isalpha((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80;
}

static bool continues_name(char c)
{
    return starts_name(c) || isdigit((unsigned char)c) || c == '$';
}

static size_t plain_length(const char *text)
{
    size_t n = 0;

    if (starts_name(text[0]))
        while (text[n] && continues_name(text[n]))
            n++;
    return n;
}

bool mapping_is_plain_name(const char *text)
{
    size_t n = plain_length(text);

    return n > 0 && text[n] == '\0';
}

/* Reads "…" with "" inside; returns the bytes it takes, or 0 when it does not end or is empty. */
static size_t read_quoted(struct arena *a, const char *text, const char **out)
{
    char *name = arena_alloc(a, strlen(text) + 1);
    size_t n = 0;
    const char *p = text + 1;

    for (; *p; p++) {
        if (*p == '"' && *++p != '"') {
            *out = name;
            return n ? (size_t)(p - text) : 0;
        }
        name[n++] = *p;
    }
    return 0;
}

size_t mapping_split_name(struct arena *a, const char *text, const char *parts[MAPPING_MAX_PARTS])
{
    for (size_t n = 0; n < MAPPING_MAX_PARTS;) {
        size_t used;

        if (*text == '"') {
            used = read_quoted(a, text, &parts[n]);
        } else {
            used = plain_length(text);
            parts[n] = arena_strndup(a, text, used);
        }
        if (used == 0)
            return 0;
        n++;
        text += used;
        if (*text == '\0')
            return n;
        if (*text++ != '.')
            return 0;
    }
    return 0;
}

static void quote(struct buf *out, const char *text, char mark)
{
    buf_addch(out, mark);
    for (; *text; text++) {
        if (*text == mark)
            buf_addch(out, mark);
        buf_addch(out, *text);
    }
    buf_addch(out, mark);
}

void mapping_quote_name(struct buf *out, const char *name)
{
    quote(out, name, '"');
}

void mapping_quote_literal(struct buf *out, const char *text)
{
    quote(out, text, '\'');
}

/* ---- where strings and comments end: each returns the byte behind, or NULL ------------------ */

static const char *skip_string(const char *p, bool escapes)
{
    char mark = *p++;

    for (; *p; p++) {
        if (escapes && *p == '\\' && p[1])
            p++;
        else if (*p == mark && p[1] == mark)
            p++;
        else if (*p == mark)
            return p + 1;
    }
    return NULL;
}

static const char *skip_comment(const char *p)
{
    int depth = 0;

    for (; *p; p++) {
        if (p[0] == '/' && p[1] == '*') {
            depth++;
            p++;
        } else if (p[0] == '*' && p[1] == '/') {
            p++;
            if (--depth == 0)
                return p + 1;
        }
    }
    return NULL;
}

/* $tag$ … $tag$. Sets *is_quote to false when the '$' begins none. */
static const char *skip_dollar(const char *p, bool *is_quote)
{
    size_t tag = 1;

    if (starts_name(p[1]))
        while (p[tag] && p[tag] != '$' && continues_name(p[tag]))
            tag++;
    *is_quote = p[tag] == '$';
    if (!*is_quote)
        return p + 1;
    tag++;
    for (const char *end = p + tag; *end; end++)
        if (strncmp(end, p, tag) == 0)
            return end + tag;
    return NULL;
}

/* ---- the check ------------------------------------------------------------------------------ */

struct scan {
    const char *text;
    const char *p;
    const char *open[MAX_DEPTH];
    size_t depth;
    struct sql_fault *fault;
};

static bool found_fault(struct scan *s, const char *at, const char *message, const char *hint)
{
    int position = 1;

    for (const char *c = s->text; c < at; c++)
        position += ((unsigned char)*c & 0xC0) != 0x80;
    *s->fault = (struct sql_fault){.position = position, .message = message, .hint = hint};
    return false;
}

static bool scan_bracket(struct scan *s)
{
    char c = *s->p;

    if (c == '(' || c == '[') {
        if (s->depth == MAX_DEPTH)
            return found_fault(s, s->p, "brackets are nested too deep", "use a view instead");
        s->open[s->depth++] = s->p++;
        return true;
    }
    if (s->depth == 0)
        return found_fault(s, s->p, "closing bracket without an opening one",
                           "take it out, or open it before");
    if ((c == ')') != (*s->open[s->depth - 1] == '('))
        return found_fault(s, s->p, "closing bracket of the wrong kind",
                           "close \"(\" by \")\" and \"[\" by \"]\"");
    s->depth--;
    s->p++;
    return true;
}

static bool scan_quoted(struct scan *s, const char *end, const char *message)
{
    if (!end)
        return found_fault(s, s->p, message, "end it in this value");
    s->p = end;
    return true;
}

static bool scan_dollar(struct scan *s)
{
    bool is_quote;
    const char *end = skip_dollar(s->p, &is_quote);

    if (isdigit((unsigned char)s->p[1]))
        return found_fault(s, s->p, "a parameter has no value here",
                           "write the value itself; ${NAME} takes one from the environment");
    return scan_quoted(s, end, "dollar-quoted string without an end");
}

static bool scan_word(struct scan *s)
{
    size_t n = plain_length(s->p);
    bool escapes = n == 1 && (*s->p == 'e' || *s->p == 'E') && s->p[1] == '\'';

    s->p += n;
    if (!escapes)
        return true;
    return scan_quoted(s, skip_string(s->p, true), "string without an end");
}

static bool scan_next(struct scan *s)
{
    const char *p = s->p;

    if (starts_name(*p))
        return scan_word(s);
    if (*p == '\'')
        return scan_quoted(s, skip_string(p, false), "string without an end");
    if (*p == '"')
        return scan_quoted(s, skip_string(p, false), "quoted name without an end");
    if (*p == '$')
        return scan_dollar(s);
    if (p[0] == '/' && p[1] == '*')
        return scan_quoted(s, skip_comment(p), "comment without an end");
    if (strchr("()[]", *p))
        return scan_bracket(s);
    if (*p == ';')
        return found_fault(s, p, "\";\" ends a statement, and this is a part of one",
                           "leave the \";\" out");
    s->p += p[0] == '-' && p[1] == '-' ? strcspn(p, "\n") : 1;
    return true;
}

bool mapping_check_sql(const char *text, struct sql_fault *fault)
{
    struct scan s = {.text = text, .p = text, .fault = fault};

    while (*s.p)
        if (!scan_next(&s))
            return false;
    if (s.depth > 0)
        return found_fault(&s, s.open[s.depth - 1], "opening bracket without a closing one",
                           "close it in this value");
    return true;
}

size_t mapping_priority_length(const char *text, bool *desc)
{
    static const char *const words[] = {"ASC", "DESC"};
    size_t len = strlen(text);

    *desc = false;
    while (len > 0 && isspace((unsigned char)text[len - 1]))
        len--;
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        size_t n = strlen(words[i]);

        if (len > n && strncasecmp(text + len - n, words[i], n) == 0 &&
            !continues_name(text[len - n - 1])) {
            *desc = i == 1;
            return len - n;
        }
    }
    return len;
}
