/*
 * Folding runs on every row for cities and enumerations, so ASCII and the basic Arabic block go
 * through a switch in one pass; only other scripts are handed to libunistring: NFKD and case
 * folding turn a letter with a macron into the letter and a mark, which the same pass then drops.
 */
#include "formats/text.h"

#include <stdlib.h>
#include <string.h>
#include <unicase.h>
#include <uninorm.h>

#include "formats/text_utf8.h"

#define DROP 0U

static uint32_t fold_ascii(uint32_t cp)
{
    if (cp >= 'A' && cp <= 'Z')
        return cp + ('a' - 'A');
    if (cp == '\'' || cp == '`' || cp == '-')
        return DROP;
    return cp < 0x20 || cp == 0x7F ? ' ' : cp;
}

static uint32_t fold_arabic(uint32_t cp)
{
    int digit = text_digit_value(cp);
    if (digit >= 0)
        return '0' + (uint32_t)digit;
    if ((cp >= 0x0610 && cp <= 0x061C) || (cp >= 0x064B && cp <= 0x065F) ||
        (cp >= 0x06D6 && cp <= 0x06DC) ||
        (cp >= 0x06DF && cp <= 0x06E8 && cp != 0x06E5 && cp != 0x06E6) ||
        (cp >= 0x06EA && cp <= 0x06ED))
        return DROP;
    switch (cp) {
    case 0x0621: /* hamza on its own is the one most often left out */
    case 0x0640: /* tatweel */
    case 0x0670: /* small alef above */
        return DROP;
    case 0x0622:
    case 0x0623:
    case 0x0625:
    case 0x0671:
        return 0x0627; /* alef */
    case 0x0624:
        return 0x0648; /* waw */
    case 0x0626:
    case 0x0649:
    case 0x06CC:
        return 0x064A; /* ya */
    case 0x0629:
    case 0x06BE:
    case 0x06C0:
    case 0x06C1:
    case 0x06C2:
    case 0x06C3:
    case 0x06D5:
        return 0x0647; /* ha */
    case 0x06A9:
        return 0x0643; /* kaf */
    default:
        return cp;
    }
}

static bool is_dash_or_apostrophe(uint32_t cp)
{
    return (cp >= 0x2010 && cp <= 0x2015) || cp == 0x2212 || cp == 0x2018 || cp == 0x2019 ||
           cp == 0x201B || cp == 0x2032 || cp == 0xB4 || (cp >= 0x02B9 && cp <= 0x02C1) ||
           cp == 0x02BB;
}

static bool is_simple(uint32_t cp)
{
    return cp < 0x80 || (cp >= 0x0600 && cp <= 0x06FF) || is_dash_or_apostrophe(cp) || cp == 0xA0;
}

static uint32_t fold_one(uint32_t cp)
{
    if (cp < 0x80)
        return fold_ascii(cp);
    if (cp >= 0x0600 && cp <= 0x06FF)
        return fold_arabic(cp);
    if (is_dash_or_apostrophe(cp) || text_is_invisible(cp) || (cp >= 0x0300 && cp <= 0x036F))
        return DROP;
    return text_is_space(cp) ? ' ' : cp;
}

/* Folds code point by code point; what it writes is never longer than what it reads. */
static struct text fold_simple(struct arena *a, struct text t)
{
    char *out = arena_alloc(a, t.len + 1);
    size_t n = 0;
    for (const char *p = t.data, *end = t.data + t.len; p < end;) {
        uint32_t cp = fold_one(text_utf8_next(&p));
        if (cp == DROP || (cp == ' ' && (n == 0 || out[n - 1] == ' ')))
            continue;
        n += utf8_put(out + n, cp);
    }
    if (n > 0 && out[n - 1] == ' ')
        n--;
    out[n] = '\0';
    return (struct text){.data = out, .len = n};
}

/* An acute accent alone decomposes to a blank and a mark: apostrophes are dropped before that. */
static struct text drop_apostrophes(struct arena *a, struct text t)
{
    char *out = arena_alloc(a, t.len + 1);
    size_t n = 0;
    for (const char *p = t.data, *end = t.data + t.len; p < end;) {
        uint32_t cp = text_utf8_next(&p);
        if (!is_dash_or_apostrophe(cp))
            n += utf8_put(out + n, cp);
    }
    return (struct text){.data = out, .len = n};
}

static struct text fold_any(struct arena *a, struct text t)
{
    t = drop_apostrophes(a, t);
    size_t len = 0;
    uint8_t *folded = u8_casefold((const uint8_t *)t.data, t.len, NULL, UNINORM_NFKD, NULL, &len);
    if (!folded && t.len > 0)
        BUG("out of memory");
    struct text plain = fold_simple(a, (struct text){.data = (const char *)folded, .len = len});
    free(folded);
    /* Other scripts are put together again, so that equal names have equal bytes. */
    uint8_t *composed =
        u8_normalize(UNINORM_NFC, (const uint8_t *)plain.data, plain.len, NULL, &len);
    if (!composed && plain.len > 0)
        BUG("out of memory");
    plain = (struct text){.data = arena_strndup(a, composed ? (const char *)composed : "", len),
                          .len = len};
    free(composed);
    return plain;
}

struct text text_fold(struct arena *a, struct text t)
{
    if (!t.data)
        return t;
    for (const char *p = t.data, *end = t.data + t.len; p < end;)
        if (!is_simple(text_utf8_next(&p)))
            return fold_any(a, t);
    return fold_simple(a, t);
}
