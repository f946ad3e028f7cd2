/*
 * What a server leaves alone that trims, folds, composes, restyles Markdown or strips HTML (Part
 * B): the letters and digits, in order. It is made for every create, so it takes one pass over the
 * bytes and looks at no property of a character: all that is not ASCII counts as a letter, but for
 * the blocks of blanks, punctuation and marks that are named below. Too much is dropped rather than
 * too little: two texts that differ may have equal words, and whoever compares them minds that.
 */
#include <string.h>

#include <xxhash.h>

#include "base/lanes.h"
#include "base/utf8.h"
#include "formats/text_utf8.h"
#include "rules/job.h"

#define ENTITY_MAX 10 /* bytes of "&amp;" and its like that are looked at */
#define AT_ONCE    256

struct words {
    uint64_t hash; /* of what was kept before, seed of what follows */
    char kept[AT_ONCE + 2 * LANES];
    size_t n;
};

static bool is_letter(char c)
{
    return (unsigned)((c | 0x20) - 'a') < 26;
}

static bool is_letter_or_digit(char c)
{
    return is_letter(c) || (unsigned)(c - '0') < 10;
}

/* The letters of U+0600-063F and U+0641-064A, which are nearly all of Arabic, two bytes each; but
 * not U+061C, which nobody sees. */
static bool is_arabic(const char *s, size_t len)
{
    unsigned char first = (unsigned char)s[0], second = len > 1 ? (unsigned char)s[1] : 0;
    return (first == 0xD8 && (second & 0xC0) == 0x80 && second != 0x9C) ||
           (first == 0xD9 && (unsigned)(second - 0x81) < 10);
}

/* Of sixteen bytes, the first of which begins a character: which are kept. False: some want a
 * closer look. */
static bool sort_out(const char *s, lanes *kept)
{
    lanes v = lanes_at(s), next = lanes_at(s + 1);
    lanes ascii = lanes_between(v, 0, 0x7F) & ~(lanes_are(v, '<') | lanes_are(v, '&'));
    lanes latin = lanes_between(v | lanes_fill(0x20), 'a', 'z') | lanes_between(v, '0', '9');
    lanes first = (lanes_are(v, 0xD8) & lanes_between(next, 0x80, 0xBF) & ~lanes_are(next, 0x9C)) |
                  (lanes_are(v, 0xD9) & lanes_between(next, 0x81, 0x8A));
    lanes second = lanes_moved_on(first);
    *kept = latin | first | second;
    return lanes_all(ascii | first | second);
}

/* Always as many bytes at once, wherever the markup stood between them. */
static void hash_some(struct words *w)
{
    if (w->n < AT_ONCE)
        return;
    w->hash = XXH3_64bits_withSeed(w->kept, AT_ONCE, w->hash);
    w->n -= AT_ONCE;
    memcpy(w->kept, w->kept + AT_ONCE, 2 * LANES);
}

/* A byte is written whether it is kept or not, and the next one over it: there is no branch to
 * guess wrong. */
static char *keep_half(char *to, const char *s, uint64_t kept)
{
#pragma GCC unroll 8
    for (size_t k = 0; k < LANES / 2; k++, kept >>= 8) {
        *to = s[k];
        to += kept & 1;
    }
    return to;
}

static void keep(struct words *w, const char *s, lanes kept)
{
    uint64_t half[2];
    memcpy(half, &kept, sizeof half);
    char *to = keep_half(w->kept + w->n, s, half[0]);
    w->n = (size_t)(keep_half(to, s + LANES / 2, half[1]) - w->kept);
}

/* What needs no closer look, sixteen bytes at a time; how many bytes that was. */
static size_t take_plain(struct words *w, const char *s, size_t len)
{
    size_t i = 0;
    lanes kept;
    while (i + LANES < len && sort_out(s + i, &kept)) {
        keep(w, s + i, kept);
        i += LANES;
        if (is_arabic(s + i - 1, len - i + 1))
            w->kept[w->n++] = s[i++]; /* its other half */
        hash_some(w);
    }
    return i;
}

/* "<p>", "</b>", "<!-- -->" and "&amp;": how long what looks like one is; 0 when it is none. */
static size_t markup_length(const char *s, size_t len)
{
    if (len < 3)
        return 0;
    if (s[0] == '<') {
        bool opens = s[1] == '/' || s[1] == '!' || is_letter(s[1]);
        const char *end = opens ? memchr(s, '>', len) : NULL;
        return end != NULL ? (size_t)(end - s) + 1 : 0;
    }
    size_t i = s[1] == '#' ? 2 : 1;
    while (i < len && i < ENTITY_MAX && is_letter_or_digit(s[i]))
        i++;
    return i < len && i > 1 && s[i] == ';' ? i + 1 : 0;
}

static bool is_no_letter(uint32_t point)
{
    return (point >= 0x80 && point <= 0xBF)        /* « » · and their like */
           || (point >= 0x300 && point <= 0x36F)   /* combining marks */
           || (point >= 0x64B && point <= 0x65F)   /* Arabic vowels */
           || (point >= 0x2000 && point <= 0x206F) /* dashes, quotes */
           || point == 0x640 || point == 0x670 || text_is_space(point) || text_is_invisible(point);
}

/* One character, or markup; how many bytes it has. */
static size_t take_one(struct words *w, const char *s, size_t len)
{
    uint32_t point;
    size_t markup = s[0] == '<' || s[0] == '&' ? markup_length(s, len) : 0;
    if (markup > 0)
        return markup;
    size_t step = utf8_next(s, len, &point);
    if (step == 0)
        return 1;
    bool is_kept =
        point < 0x80 ? is_letter_or_digit(s[0]) : is_arabic(s, len) || !is_no_letter(point);
    if (!is_kept)
        return step;
    memcpy(w->kept + w->n, s, step);
    w->n += step;
    hash_some(w);
    return step;
}

static uint64_t words_of(struct text t)
{
    struct words w;
    w.hash = w.n = 0;
    for (size_t i = 0, end; i < t.len;) {
        i += take_plain(&w, t.data + i, t.len - i);
        for (end = i + LANES; i < t.len && i < end;)
            i += take_one(&w, t.data + i, t.len - i);
    }
    w.hash = XXH3_64bits_withSeed(w.kept, w.n, w.hash);
    return w.hash != 0 ? w.hash : 1;
}

void job_words(const struct job *job, struct job_words *out)
{
    out->title = words_of(job->field[JOB_TITLE]);
    out->description = words_of(job->field[JOB_DESCRIPTION]);
}
