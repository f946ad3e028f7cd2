/*
 * The value is first written into a small buffer in one plain spelling (ASCII digits, '.', ',', one
 * kind of dash, folded words); a value that does not fit is prose. What is then read is a grammar
 * that must match to the end:
 *
 *     single := [unit] number [unit]
 *     range  := [from] single separator single
 *
 * "15.000" is refused: it is fifteen thousand to one reader and fifteen to another.
 */
#include "formats/text.h"

#include <string.h>

#include "formats/text_utf8.h"

enum { MAX_BYTES = 128 };

struct reader {
    const char *p; /* NUL-terminated */
};

static bool is_dash(uint32_t cp)
{
    return cp == '-' || (cp >= 0x2010 && cp <= 0x2015) || cp == 0x2212;
}

/* The plain spelling of one code point; 0 drops it. */
static uint32_t plain(uint32_t cp)
{
    int digit = text_digit_value(cp);
    if (digit >= 0)
        return '0' + (uint32_t)digit;
    if (cp == 0x066B)
        return '.';
    if (cp == 0x066C || cp == 0x060C)
        return ',';
    if (is_dash(cp))
        return '-';
    if (text_is_space(cp))
        return ' ';
    if (cp == 0x0640 || text_is_invisible(cp) || (cp >= 0x064B && cp <= 0x0652))
        return 0;
    if (cp == 0x0622 || cp == 0x0623 || cp == 0x0625)
        return 0x0627;
    if (cp == 0x0649)
        return 0x064A;
    return cp >= 'A' && cp <= 'Z' ? cp + ('a' - 'A') : cp;
}

static bool write_plain(struct text t, char *out)
{
    t = text_trim(t);
    if (!t.data || t.len == 0)
        return false;
    size_t n = 0;
    for (const char *p = t.data, *end = t.data + t.len; p < end;) {
        uint32_t cp = plain(text_utf8_next(&p));
        if (n + 4 >= MAX_BYTES)
            return false;
        if (cp)
            n += utf8_put(out + n, cp);
    }
    out[n] = '\0';
    return true;
}

static void skip_blanks(struct reader *r)
{
    while (*r->p == ' ')
        r->p++;
}

/* Longer spellings stand before those they begin with. */
static const char *const units[] = {
    "saudi riyals", "saudi riyal",  "riyals",     "riyal",  "sar",   "s.r.", "s.r",
    "sr",           "ريالا سعوديا", "ريال سعودي", "ريالات", "ريالا", "ريال", "ر.س.",
    "ر.س",          "ر. س",         "رس",         "﷼",      "⃁",
};
static const char *const from_words[] = {"from ", "between ", "من ", "بين ", "ما بين ", "مابين "};
static const char *const to_words[] = {"-", "~", "to ", "and ", "الي ", "لغاية ", "حتي ", "و "};

static bool skip_one_of(struct reader *r, const char *const *words, size_t n)
{
    skip_blanks(r);
    for (size_t i = 0; i < n; i++) {
        size_t len = strlen(words[i]);
        if (strncmp(r->p, words[i], len) == 0) {
            r->p += len;
            return true;
        }
    }
    return false;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static size_t count_digits(const char *p)
{
    size_t n = 0;
    while (is_digit(p[n]))
        n++;
    return n;
}

static bool add_digits(int64_t *value, const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (__builtin_mul_overflow(*value, 10, value) ||
            __builtin_add_overflow(*value, p[i] - '0', value))
            return false;
    return true;
}

/* Digits, in groups of three if a thousands mark stands between them: one kind of mark for all. */
static bool read_whole(struct reader *r, int64_t *value, size_t *n_digits)
{
    size_t n = count_digits(r->p);
    *n_digits = n;
    if (n == 0 || !add_digits(value, r->p, n))
        return false;
    r->p += n;
    char mark = *r->p;
    if ((mark != ',' && mark != ' ') || n > 3)
        return true;
    while (*r->p == mark && count_digits(r->p + 1) == 3) {
        if (!add_digits(value, r->p + 1, 3))
            return false;
        r->p += 4;
        *n_digits += 3;
    }
    return true;
}

static bool read_number(struct reader *r, int64_t *out)
{
    int64_t value = 0;
    size_t whole_digits;
    skip_blanks(r);
    bool negative = *r->p == '-';
    r->p += negative || *r->p == '+';
    if (!read_whole(r, &value, &whole_digits))
        return false;
    if (*r->p == '.' && is_digit(r->p[1])) {
        size_t n = count_digits(r->p + 1);
        if (n == 3 && whole_digits <= 3)
            return false;
        if (r->p[1] >= '5' && __builtin_add_overflow(value, 1, &value))
            return false;
        r->p += 1 + n;
    }
    *out = negative ? -value : value;
    return true;
}

static bool read_single(struct reader *r, int64_t *out)
{
    bool unit = skip_one_of(r, units, ARRAY_LEN(units));
    if (!read_number(r, out))
        return false;
    if (!unit)
        skip_one_of(r, units, ARRAY_LEN(units));
    skip_blanks(r);
    return true;
}

bool text_number(struct text t, int64_t *out)
{
    char spelled[MAX_BYTES];
    struct reader r = {.p = spelled};
    int64_t value;
    if (!write_plain(t, spelled) || !read_single(&r, &value) || *r.p != '\0')
        return false;
    *out = value;
    return true;
}

bool text_number_range(struct text t, int64_t *low, int64_t *high)
{
    char spelled[MAX_BYTES];
    struct reader r = {.p = spelled};
    int64_t from;
    int64_t to;
    if (!write_plain(t, spelled))
        return false;
    bool two = skip_one_of(&r, from_words, ARRAY_LEN(from_words));
    if (!read_single(&r, &from))
        return false;
    to = from;
    if (two || *r.p != '\0')
        if (!skip_one_of(&r, to_words, ARRAY_LEN(to_words)) || !read_single(&r, &to) || from < 0 ||
            to < from)
            return false;
    if (*r.p != '\0')
        return false;
    *low = from;
    *high = to;
    return true;
}
