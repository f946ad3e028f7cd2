/*
 * Most values are plain already: each function first looks for a reason to work and returns its
 * input when there is none, so that a scan over a clean table allocates nothing here.
 */
#include "formats/text.h"

#include <string.h>
#include <unictype.h>

#include "base/utf8.h"
#include "formats/text_utf8.h"

struct text text_of(const char *s)
{
    return s ? (struct text){.data = s, .len = strlen(s)} : TEXT_NONE;
}

size_t text_utf8_valid(const char *data, size_t len)
{
    return utf8_valid(data, len);
}

size_t text_characters(struct text t)
{
    size_t n = t.len, i = 0;
    for (uint64_t w; i + sizeof w <= t.len; i += sizeof w) {
        memcpy(&w, t.data + i, sizeof w);
        n -= (size_t)(((w & ~w << 1) >> 7 & 0x0101010101010101u) * 0x0101010101010101u >> 56);
    }
    for (; i < t.len; i++)
        n -= ((unsigned char)t.data[i] & 0xC0U) == 0x80;
    return n;
}

bool text_is_space(uint32_t cp)
{
    return cp == ' ' || (cp >= 0x09 && cp <= 0x0D) || cp == 0x85 || cp == 0xA0 || cp == 0x1680 ||
           (cp >= 0x2000 && cp <= 0x200A) || cp == 0x2028 || cp == 0x2029 || cp == 0x202F ||
           cp == 0x205F || cp == 0x3000;
}

bool text_is_invisible(uint32_t cp)
{
    return cp == 0xAD || cp == 0x061C || cp == 0x180E || (cp >= 0x200B && cp <= 0x200F) ||
           (cp >= 0x202A && cp <= 0x202E) || (cp >= 0x2060 && cp <= 0x206F) || cp == 0xFEFF ||
           (cp >= 0xFFF9 && cp <= 0xFFFB) || (cp >= 0xE0000 && cp <= 0xE007F);
}

bool text_is_word(uint32_t cp)
{
    if (cp < 0x80)
        return (cp >= '0' && cp <= '9') || ((cp | 0x20) >= 'a' && (cp | 0x20) <= 'z');
    return uc_is_general_category_withtable(cp, UC_CATEGORY_MASK_L | UC_CATEGORY_MASK_N |
                                                    UC_CATEGORY_MASK_M);
}

static bool is_blank(uint32_t cp)
{
    return text_is_space(cp) || text_is_invisible(cp);
}

/* Most texts begin and end with a printable sign of ASCII: no character need be put together. */
static bool is_ink(char c)
{
    return c > ' ' && c < 0x7F;
}

struct text text_trim(struct text t)
{
    if (!t.data)
        return t;
    const char *start = t.data, *end = t.data + t.len;
    for (const char *next = start; start < end && !is_ink(*start); start = next)
        if (!is_blank(text_utf8_next(&next)))
            break;
    while (end > start && !is_ink(end[-1])) {
        const char *last = text_utf8_before(end), *next = last;
        if (!is_blank(text_utf8_next(&next)))
            break;
        end = last;
    }
    return (struct text){.data = start, .len = (size_t)(end - start)};
}

static bool is_collapsed(struct text t)
{
    bool blank = false;
    for (const char *p = t.data, *end = t.data + t.len; p < end;) {
        uint32_t cp = text_utf8_next(&p);
        if (text_is_space(cp) && (cp != ' ' || blank))
            return false;
        blank = cp == ' ';
    }
    return true;
}

struct text text_collapse(struct arena *a, struct text t)
{
    t = text_trim(t);
    if (!t.data || is_collapsed(t))
        return t;
    char *out = arena_alloc(a, t.len + 1); /* collapsing only ever shortens */
    size_t n = 0;
    for (const char *p = t.data, *end = t.data + t.len; p < end;) {
        uint32_t cp = text_utf8_next(&p);
        if (!text_is_space(cp))
            n += utf8_put(out + n, cp);
        else if (out[n - 1] != ' ') /* n > 0: t is trimmed */
            out[n++] = ' ';
    }
    out[n] = '\0';
    return (struct text){.data = out, .len = n};
}

/* "Apply now???" is impatience; "??? engineer", "(????)" and "Caf???bar" are lost letters. */
static bool marks_stand_for_letters(const char *start, const char *run, const char *after,
                                    const char *end)
{
    if (run == start || strchr(" \t\n\"'([{", run[-1]))
        return true;
    const char *next = after;
    return after < end && text_is_word(text_utf8_next(&next));
}

bool text_is_damaged(struct text t)
{
    const char *end = t.data ? t.data + t.len : NULL;
    for (const char *p = t.data; p < end;) {
        const char *run = p;
        uint32_t cp = text_utf8_next(&p);
        if (cp == 0xFFFD)
            return true;
        if (cp != '?')
            continue;
        while (p < end && *p == '?')
            p++;
        if (p - run >= 3 && marks_stand_for_letters(t.data, run, p, end))
            return true;
    }
    return false;
}

static bool is_arabic_letter(uint32_t cp)
{
    return (cp >= 0x0620 && cp <= 0x064A) || (cp >= 0x066E && cp <= 0x06D3) ||
           (cp >= 0x0750 && cp <= 0x077F) || (cp >= 0xFB50 && cp <= 0xFDFC) ||
           (cp >= 0xFE70 && cp <= 0xFEFC);
}

static bool is_latin_letter(uint32_t cp)
{
    return (cp < 0x80 && (cp | 0x20) >= 'a' && (cp | 0x20) <= 'z') ||
           (cp >= 0xC0 && cp <= 0x24F && cp != 0xD7 && cp != 0xF7);
}

bool text_is_mostly_arabic(struct text t)
{
    size_t arabic = 0;
    size_t latin = 0;
    for (const char *p = t.data, *end = t.data ? t.data + t.len : NULL; p < end;) {
        uint32_t cp = text_utf8_next(&p);
        arabic += is_arabic_letter(cp);
        latin += is_latin_letter(cp);
    }
    return arabic > latin;
}

static uint32_t ascii_digit_or_mark(uint32_t cp)
{
    int value = text_digit_value(cp);
    if (value >= 0)
        return '0' + (uint32_t)value;
    return cp == 0x066B ? '.' : cp == 0x066C ? ',' : cp;
}

/* Nineteen digits are less than 2^64. */
bool text_whole(struct text t, int64_t *out)
{
    size_t sign = t.len > 0 && t.data[0] == '-', digits = t.len - sign;
    uint64_t n = 0;
    if (digits == 0 || digits > 19)
        return false;
    for (size_t i = sign; i < t.len; i++) {
        unsigned digit = (unsigned)t.data[i] - '0';
        if (digit > 9)
            return false;
        n = n * 10 + digit;
    }
    *out = (int64_t)(sign ? -n : n);
    return n <= (uint64_t)INT64_MAX + sign;
}

struct text text_digits(struct arena *a, struct text t)
{
    const char *end = t.data ? t.data + t.len : NULL;
    const char *p = t.data;
    while (p < end) {
        const char *at = p;
        uint32_t cp = text_utf8_next(&p);
        if (ascii_digit_or_mark(cp) != cp) {
            p = at;
            break;
        }
    }
    if (p == end)
        return t;
    char *out = arena_alloc(a, t.len + 1); /* each replacement is shorter */
    size_t n = (size_t)(p - t.data);
    memcpy(out, t.data, n);
    while (p < end)
        n += utf8_put(out + n, ascii_digit_or_mark(text_utf8_next(&p)));
    out[n] = '\0';
    return (struct text){.data = out, .len = n};
}
