/*
 * One quick pass decides whether anything could need mending; only then does the slow one run: a
 * filter over the code points, then NFC by libunistring. NFKC is applied to Arabic presentation
 * forms alone, because elsewhere it changes what people meant (m² would become m2).
 */
#include "formats/text.h"

#include <stdlib.h>
#include <string.h>
#include <unictype.h>
#include <uninorm.h>

#include "base/lanes.h"
#include "formats/text_utf8.h"

static bool is_presentation_form(uint32_t cp)
{
    return (cp >= 0xFB50 && cp <= 0xFDFF) || (cp >= 0xFE70 && cp <= 0xFEFC);
}

static bool is_private_or_no_character(uint32_t cp)
{
    return (cp >= 0xE000 && cp <= 0xF8FF) || cp >= 0xF0000 || (cp >= 0xFDD0 && cp <= 0xFDEF) ||
           (cp & 0xFFFE) == 0xFFFE;
}

static bool is_control(uint32_t cp)
{
    return cp < 0x20 || (cp >= 0x7F && cp < 0xA0);
}

/* Letters and signs that are in NFC whatever stands beside them, so far as this program meets them
 * often; everything else takes the slow path. A single Arabic vowel mark is stable behind a letter,
 * two in a row may be in the wrong order, and hamza or madda above (U+0653-0655) may compose. */
static bool is_plain(uint32_t cp, bool *mark)
{
    bool after_mark = *mark;
    *mark = (cp >= 0x064B && cp <= 0x0652) || cp == 0x0670;
    if (*mark)
        return !after_mark;
    if (cp < 0x80)
        return cp == '\n' || cp == '\t';
    if (cp >= 0x0600 && cp <= 0x06D5)
        return cp != 0x061C && !(cp >= 0x0610 && cp <= 0x061A) && !(cp >= 0x0653 && cp <= 0x065F);
    return (cp >= 0xA1 && cp <= 0x2FF && cp != 0xAD) || (cp >= 0x06EE && cp <= 0x06FF) ||
           (cp >= 0x2010 && cp <= 0x2027) || (cp >= 0x2030 && cp <= 0x205E) ||
           (cp >= 0x20A0 && cp <= 0x20C0);
}

static lanes are_ascii(lanes v)
{
    return lanes_between(v, 0x20, 0x7E) | lanes_are(v, '\n');
}

/* Bytes at s, in steps of sixteen, that are printable ASCII, line ends, or Arabic letters and signs
 * of two bytes (U+0600-060F, U+0620-064A, U+0660-066A): plain whatever stands beside them. Each
 * lane looks at the byte behind it too: a second byte stands behind a first one and nowhere else.
 */
static size_t plain_run(const char *s, size_t len)
{
    size_t at = 0;
    for (; at + sizeof(lanes) < len; at += sizeof(lanes)) {
        lanes v = lanes_at(s + at), ascii = are_ascii(v);
        if (lanes_all(ascii))
            continue;
        lanes next = lanes_at(s + at + 1), d8 = lanes_are(v, 0xD8), d9 = lanes_are(v, 0xD9);
        lanes first = d8 | d9, before_second = lanes_go_on(next);
        lanes odd_d8 = lanes_are(next & lanes_fill(0xF0), 0x90);
        lanes odd_d9 = ~lanes_below(next & lanes_fill(0xDF), 0x8B);
        lanes odd = (d8 & odd_d8) | (d9 & odd_d9) | (first ^ before_second);
        if (!lanes_all((ascii | first | lanes_go_on(v)) & ~odd))
            break;
    }
    bool few = len - at >= LANES_FEW && len - at <= LANES;
    if (few && lanes_all(are_ascii(lanes_of_few(s + at, len - at))))
        return len;
    return at > 0 && ((unsigned char)s[at] & 0xC0) == 0x80 ? at - 1 : at;
}

static bool is_clean(struct text t)
{
    bool mark = false;
    for (const char *p = t.data, *end = t.data + t.len; p < end;) {
        size_t run = plain_run(p, (size_t)(end - p));
        p += run;
        mark = mark && run == 0;
        /* What the run stopped at is among these. */
        for (const char *stop = p + sizeof(lanes); p < end && p < stop;)
            if (*p >= ' ' && *p < 0x7F) {
                mark = false;
                p++;
            } else if (!is_plain(text_utf8_next(&p), &mark))
                return false;
    }
    return true;
}

/* The free-standing forms of vowel marks decompose to a blank (or tatweel) and the mark: only the
 * mark belongs to the text. */
static void add_presentation_form(struct buf *b, uint32_t cp)
{
    uint32_t out[32];
    size_t n = ARRAY_LEN(out);
    if (!u32_normalize(UNINORM_NFKC, &cp, 1, out, &n)) {
        text_utf8_add(b, cp);
        return;
    }
    bool vowel_mark = cp >= 0xFE70 && cp <= 0xFE7F;
    for (size_t i = vowel_mark && n > 1; i < n; i++)
        text_utf8_add(b, out[i]);
}

static void add_mended(struct buf *b, uint32_t cp, uint32_t before)
{
    if (cp == '\n' && before == '\r')
        return; /* the CR has become the LF already */
    if (cp == '\r' || cp == '\v' || cp == '\f' || cp == 0x85 || cp == 0x2028 || cp == 0x2029)
        buf_addch(b, '\n');
    else if (cp == '\t' || cp == '\n')
        buf_addch(b, (char)cp);
    else if (text_is_space(cp))
        buf_addch(b, ' ');
    else if (is_presentation_form(cp) && !is_private_or_no_character(cp))
        add_presentation_form(b, cp);
    else if (!is_control(cp) && !text_is_invisible(cp) && !is_private_or_no_character(cp))
        text_utf8_add(b, cp);
}

struct text text_clean(struct arena *a, struct text t)
{
    if (!t.data || is_clean(t))
        return t;
    struct buf filtered = BUF_INIT(SIZE_MAX);
    uint32_t before = 0;
    for (const char *p = t.data, *end = t.data + t.len; p < end;) {
        uint32_t cp = text_utf8_next(&p);
        add_mended(&filtered, cp, before);
        before = cp;
    }
    size_t len = 0;
    uint8_t *nfc =
        u8_normalize(UNINORM_NFC, (const uint8_t *)buf_str(&filtered), filtered.len, NULL, &len);
    if (!nfc && filtered.len > 0)
        BUG("out of memory");
    if (len != t.len || memcmp(nfc, t.data, len) != 0)
        t = (struct text){.data = arena_strndup(a, nfc ? (const char *)nfc : "", len), .len = len};
    free(nfc);
    buf_release(&filtered);
    return t;
}
