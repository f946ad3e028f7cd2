/*
 * "a < b and c > d" is no HTML, and "<Company> GmbH" is none either: only '<' with the name of an
 * element of HTML counts, as libxml2's own tables have it, and only entities that those tables
 * know.
 */
#include "formats/html_scan.h"

#include <libxml/HTMLparser.h>
#include <string.h>

#include "formats/text_utf8.h"

enum { MAX_BYTES = 4 * 1024 * 1024, MAX_DEPTH = 200, MAX_NAME = 12 };

/* ---- tags ---------------------------------------------------------------------------------- */

struct tag {
    char name[MAX_NAME + 1]; /* lower case */
    bool closes;
    const char *end; /* behind the name */
};

static bool is_letter(char c)
{
    return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

/* Reads the tag whose '<' (or escaped '<') ends at p. */
static bool read_tag(const char *p, const char *end, struct tag *tag)
{
    size_t n = 0;
    tag->closes = p < end && *p == '/';
    p += tag->closes;
    while (p < end && n < MAX_NAME && (is_letter(*p) || (n > 0 && *p >= '0' && *p <= '9')))
        tag->name[n++] = (char)(is_letter(*p) ? *p | 0x20 : *p), p++;
    tag->name[n] = '\0';
    tag->end = p;
    return n > 0;
}

static bool is_known(const struct tag *tag)
{
    static const char *const newer[] = {"section", "article", "header", "footer", "main",
                                        "nav",     "aside",   "figure", "svg",    "video"};
    for (size_t i = 0; i < ARRAY_LEN(newer); i++)
        if (strcmp(tag->name, newer[i]) == 0)
            return true;
    return htmlTagLookup((const xmlChar *)tag->name) != NULL;
}

static bool ends_name(const char *p, const char *end)
{
    return p < end && strchr(" \t\r\n/>", *p) && *p;
}

bool html_scan_has_tag(struct text t)
{
    const char *end = t.data + t.len;
    const char *p = t.data;
    while ((p = memchr(p, '<', (size_t)(end - p)))) {
        struct tag tag;
        p++;
        if (end - p >= 3 && memcmp(p, "!--", 3) == 0)
            return true;
        if (read_tag(p, end, &tag) && ends_name(tag.end, end) && is_known(&tag) &&
            memchr(tag.end, '>', (size_t)(end - tag.end)))
            return true;
    }
    return false;
}

/* ---- entities ------------------------------------------------------------------------------ */

static uint32_t read_number(const char *p, const char *end)
{
    bool hex = p < end && (*p | 0x20) == 'x';
    uint32_t value = 0;
    for (p += hex; p < end; p++) {
        int digit = *p >= '0' && *p <= '9'                            ? *p - '0'
                    : hex && (*p | 0x20) >= 'a' && (*p | 0x20) <= 'f' ? (*p | 0x20) - 'a' + 10
                                                                      : -1;
        if (digit < 0 || value > 0x10FFFF)
            return 0;
        value = value * (hex ? 16 : 10) + (uint32_t)digit;
    }
    bool valid = value < 0xD800 || (value > 0xDFFF && value <= 0x10FFFF);
    return valid ? value : 0;
}

/* The character that the reference at p ("&amp;") stands for, 0 for none; *after is behind it. */
static uint32_t read_entity(const char *p, const char *end, const char **after)
{
    char name[MAX_NAME + 1];
    const char *start = p + 1;
    size_t room = (size_t)(end - start) < MAX_NAME ? (size_t)(end - start) : MAX_NAME;
    const char *stop = memchr(start, ';', room);
    if (!stop || stop == start)
        return 0;
    *after = stop + 1;
    if (*start == '#')
        return read_number(start + 1, stop);
    memcpy(name, start, (size_t)(stop - start));
    name[stop - start] = '\0';
    if (strcmp(name, "apos") == 0)
        return '\'';
    const htmlEntityDesc *known = htmlEntityLookup((const xmlChar *)name);
    return known ? known->value : 0;
}

bool html_scan_has_entity(struct text t)
{
    const char *end = t.data + t.len;
    const char *p = t.data;
    const char *after;
    for (; (p = memchr(p, '&', (size_t)(end - p))); p++)
        if (read_entity(p, end, &after))
            return true;
    return false;
}

struct text html_scan_decode_entities(struct arena *a, struct text t)
{
    if (!t.data || !html_scan_has_entity(t))
        return t;
    struct buf b = BUF_INIT(SIZE_MAX);
    const char *end = t.data + t.len;
    for (const char *p = t.data; p < end;) {
        const char *after;
        uint32_t cp = *p == '&' ? read_entity(p, end, &after) : 0;
        if (cp) {
            text_utf8_add(&b, cp);
            p = after;
        } else {
            buf_addch(&b, *p++);
        }
    }
    return text_take(a, &b);
}

struct text html_scan_unescape_once(struct arena *a, struct text t)
{
    static const char escaped[] = "&lt;";
    struct text body = text_trim(t);
    struct tag tag;
    size_t len = sizeof(escaped) - 1;
    if (!body.data || body.len < len || memcmp(body.data, escaped, len) != 0)
        return t;
    if (!read_tag(body.data + len, body.data + body.len, &tag) || !is_known(&tag))
        return t;
    return html_scan_decode_entities(a, t);
}

/* ---- bounds -------------------------------------------------------------------------------- */

/* These close themselves, or each other: they do not nest however often they are opened. */
static bool nests(const struct tag *tag)
{
    static const char *const flat[] = {"p",  "li",     "td",    "th",    "tr",    "dt",
                                       "dd", "option", "thead", "tbody", "tfoot", "colgroup"};
    for (size_t i = 0; i < ARRAY_LEN(flat); i++)
        if (strcmp(tag->name, flat[i]) == 0)
            return false;
    const htmlElemDesc *known = htmlTagLookup((const xmlChar *)tag->name);
    return !known || !known->empty;
}

/* The end of a comment, or of a script or style sheet, whose content holds no tags; or p. */
static const char *skip_opaque(const char *p, const char *end, const struct tag *tag)
{
    const char *stop = NULL;
    if (end - p >= 3 && memcmp(p, "!--", 3) == 0)
        stop = memmem(p + 3, (size_t)(end - p) - 3, "-->", 3);
    else if (strcmp(tag->name, "script") == 0 && !tag->closes)
        stop = memmem(p, (size_t)(end - p), "</script", 8);
    else if (strcmp(tag->name, "style") == 0 && !tag->closes)
        stop = memmem(p, (size_t)(end - p), "</style", 7);
    else
        return p;
    return stop ? stop : end;
}

size_t html_scan_parsable(struct text t)
{
    size_t len = t.len;
    if (len > MAX_BYTES)
        for (len = MAX_BYTES; ((unsigned char)t.data[len] & 0xC0U) == 0x80;)
            len--;
    unsigned depth = 0;
    const char *end = t.data + len;
    const char *p = t.data;
    while (p < end && (p = memchr(p, '<', (size_t)(end - p)))) {
        struct tag tag;
        const char *open = p++;
        bool named = read_tag(p, end, &tag);
        p = skip_opaque(p, end, &tag);
        if (!named || !nests(&tag))
            continue;
        if (tag.closes)
            depth -= depth > 0;
        else if (++depth > MAX_DEPTH)
            return (size_t)(open - t.data);
    }
    return len;
}
