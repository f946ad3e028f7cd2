/*
 * Each way is a pass over the bytes into fresh memory that is never longer than its input, save
 * NFC, which libunistring does. Only ASCII is looked at, so UTF-8 passes through whole.
 */
#include "normal.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <uninorm.h>

#include "options.h"

static struct piece trim(struct piece p)
{
    while (p.len > 0 && isspace((unsigned char)p.data[0])) {
        p.data++;
        p.len--;
    }
    while (p.len > 0 && isspace((unsigned char)p.data[p.len - 1]))
        p.len--;
    return p;
}

/* Runs of white space become one blank, or one line's end where the run has one. */
static struct piece fold(struct piece p, struct arena *a)
{
    char *out = arena_alloc(a, p.len + 1);
    size_t n = 0;
    for (size_t i = 0; i < p.len;) {
        if (!isspace((unsigned char)p.data[i])) {
            out[n++] = p.data[i++];
            continue;
        }
        bool line = false;
        for (; i < p.len && isspace((unsigned char)p.data[i]); i++)
            line = line || p.data[i] == '\n';
        out[n++] = line ? '\n' : ' ';
    }
    return (struct piece){.data = out, .len = n};
}

static struct piece compose(struct piece p, struct arena *a)
{
    size_t len = 0;
    uint8_t *composed = u8_normalize(UNINORM_NFC, (const uint8_t *)p.data, p.len, NULL, &len);
    if (composed == NULL)
        return p;
    char *out = arena_strndup(a, (const char *)composed, len);
    free(composed);
    return (struct piece){.data = out, .len = len};
}

/* Another author's taste in Markdown: "* item" becomes "- item", "__bold__" "**bold**". */
static struct piece restyle(struct piece p, struct arena *a)
{
    char *out = arena_copy(a, p.data, p.len);
    for (size_t i = 0; i + 1 < p.len; i++) {
        bool begins = i == 0 || out[i - 1] == '\n';
        if (begins && (out[i] == '*' || out[i] == '+') && out[i + 1] == ' ')
            out[i] = '-';
        else if (out[i] == '_' && out[i + 1] == '_')
            out[i] = out[i + 1] = '*';
    }
    return (struct piece){.data = out, .len = p.len};
}

/* Drops what looks like a tag. */
static struct piece strip_tags(struct piece p, struct arena *a)
{
    char *out = arena_alloc(a, p.len + 1);
    size_t n = 0;
    for (size_t i = 0; i < p.len; i++) {
        bool opens = p.data[i] == '<' && i + 1 < p.len &&
                     (isalpha((unsigned char)p.data[i + 1]) || strchr("/!", p.data[i + 1]) != NULL);
        const char *end = opens ? memchr(p.data + i, '>', p.len - i) : NULL;
        if (end != NULL)
            i = (size_t)(end - p.data);
        else
            out[n++] = p.data[i];
    }
    return (struct piece){.data = out, .len = n};
}

static void apply_to(struct piece *p, int64_t ways, struct arena *a)
{
    if (p->len == 0)
        return;
    if ((ways & NORMALISE_HTML) != 0)
        *p = strip_tags(*p, a);
    if ((ways & NORMALISE_MARKDOWN) != 0)
        *p = restyle(*p, a);
    if ((ways & NORMALISE_NFC) != 0)
        *p = compose(*p, a);
    if ((ways & NORMALISE_FOLD) != 0)
        *p = fold(*p, a);
    if ((ways & NORMALISE_TRIM) != 0)
        *p = trim(*p);
}

void normal_apply(struct content *c, int64_t ways, struct arena *a)
{
    for (int i = 0; ways != 0 && i < TEXT_FIELDS; i++)
        apply_to(&c->text[i], ways, a);
}
