/*
 * One reader for both notations: they differ in the quotes, in a few escapes and in what they call
 * nothing, and no list is valid in both with two meanings. Whatever is not wholly a flat list is no
 * list at all: half a list would be half a text.
 */
#include "formats/text.h"

#include <string.h>

#include "formats/text_utf8.h"

struct list {
    const char *p;
    const char *end;
    struct arena *arena;
};

static void skip_spaces(struct list *l)
{
    while (l->p < l->end && strchr(" \t\r\n", *l->p) && *l->p)
        l->p++;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool read_hex(struct list *l, size_t n, uint32_t *cp)
{
    *cp = 0;
    if ((size_t)(l->end - l->p) < n)
        return false;
    for (; n > 0; n--) {
        int digit = hex_value(*l->p++);
        if (digit < 0)
            return false;
        *cp = *cp << 4 | (uint32_t)digit;
    }
    return true;
}

/* \uD83D\uDE00 is one character; half of such a pair is none. */
static uint32_t join_surrogates(struct list *l, uint32_t first)
{
    if (first < 0xD800 || first > 0xDFFF)
        return first <= 0x10FFFF ? first : 0xFFFD;
    struct list ahead = *l;
    uint32_t second;
    if (first < 0xDC00 && l->end - l->p >= 6 && l->p[0] == '\\' && l->p[1] == 'u') {
        ahead.p += 2;
        if (read_hex(&ahead, 4, &second) && second >= 0xDC00 && second <= 0xDFFF) {
            l->p = ahead.p;
            return 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
        }
    }
    return 0xFFFD;
}

static bool add_code_point(struct list *l, char kind, struct buf *b)
{
    uint32_t cp;
    if (!read_hex(l, kind == 'x' ? 2 : kind == 'u' ? 4 : 8, &cp))
        return false;
    cp = join_surrogates(l, cp);
    if (cp != 0) /* NUL is nothing that a text could hold */
        text_utf8_add(b, cp);
    return true;
}

static bool add_escape(struct list *l, struct buf *b)
{
    static const char names[] = "nrtbfav0";
    static const char values[] = "\n\r\t\b\f\a\v";
    if (l->p == l->end)
        return false;
    char c = *l->p++;
    if (c == 'x' || c == 'u' || c == 'U')
        return add_code_point(l, c, b);
    const char *name = c ? strchr(names, c) : NULL;
    if (name && c != '0')
        buf_addch(b, values[name - names]);
    else if (strchr("\\'\"/", c) && c)
        buf_addch(b, c);
    else if (c != '0' && c != '\n') { /* as Python does: an unknown escape stands for itself */
        buf_addch(b, '\\');
        l->p--;
        text_utf8_add(b, text_utf8_next(&l->p));
    }
    return true;
}

static bool read_quoted(struct list *l, struct text *item)
{
    struct buf b = BUF_INIT(SIZE_MAX);
    char quote = *l->p++;
    bool whole = true;
    while (whole && l->p < l->end && *l->p != quote) {
        char c = *l->p++;
        if (c == '\\')
            whole = add_escape(l, &b);
        else
            buf_addch(&b, c);
    }
    *item = text_take(l->arena, &b);
    if (!whole || l->p == l->end)
        return false;
    l->p++;
    return true;
}

static bool equals(struct text t, const char *word)
{
    return t.len == strlen(word) && memcmp(t.data, word, t.len) == 0;
}

/* A number, true, None: a word without quotes, as it stands. */
static bool read_bare(struct list *l, struct text *item)
{
    const char *start = l->p;
    while (l->p < l->end &&
           (*l->p == '.' || *l->p == '-' || *l->p == '+' || text_is_word((unsigned char)*l->p)) &&
           (unsigned char)*l->p < 0x80)
        l->p++;
    size_t len = (size_t)(l->p - start);
    *item = (struct text){.data = arena_strndup(l->arena, start, len), .len = len};
    if (equals(*item, "null") || equals(*item, "None"))
        *item = TEXT_NONE;
    return len > 0;
}

static bool read_item(struct list *l, struct text *item)
{
    skip_spaces(l);
    if (l->end - l->p >= 2 && *l->p == 'u' && (l->p[1] == '\'' || l->p[1] == '"'))
        l->p++; /* Python 2 */
    if (l->p == l->end)
        return false;
    bool done = *l->p == '\'' || *l->p == '"' ? read_quoted(l, item) : read_bare(l, item);
    skip_spaces(l);
    return done && l->p < l->end && (*l->p == ',' || *l->p == ']');
}

static size_t count_at_most(struct text t)
{
    size_t n = 1;
    for (size_t i = 0; i < t.len; i++)
        n += t.data[i] == ',';
    return n;
}

size_t text_list_items(struct arena *a, struct text t, struct text **items)
{
    t = text_trim(t);
    if (!t.data || t.len < 2 || t.data[0] != '[' || t.data[t.len - 1] != ']')
        return SIZE_MAX;
    struct list l = {.p = t.data + 1, .end = t.data + t.len, .arena = a};
    *items = arena_alloc(a, count_at_most(t) * sizeof(**items));
    size_t n = 0;
    skip_spaces(&l);
    while (l.p < l.end && *l.p != ']') {
        if (!read_item(&l, &(*items)[n]))
            return SIZE_MAX;
        n++;
        if (*l.p == ',')
            l.p++;
        skip_spaces(&l);
    }
    return l.p == l.end - 1 ? n : SIZE_MAX;
}
