/*
 * What a server leaves alone that trims, folds, composes, restyles Markdown or strips HTML (Part
 * B): the letters and digits, in order. It is made for every create, so it takes one pass over the
 * bytes and looks at no property of a character: all that is not ASCII counts as a letter, but for
 * the blocks of blanks, punctuation and marks that are named below. Too much is dropped rather than
 * too little: two texts that differ may have equal words, and whoever compares them minds that.
 */
#include <string.h>

#include <xxhash.h>

#include "base/utf8.h"
#include "formats/text_utf8.h"
#include "rules/job.h"

#define ENTITY_MAX 10 /* bytes of "&amp;" and its like that are looked at */
#define AT_ONCE    256

struct words {
    uint64_t hash; /* of what was kept before, seed of what follows */
    char kept[AT_ONCE];
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

static void keep(struct words *w, const char *s, size_t len)
{
    while (len > 0) {
        size_t room = sizeof w->kept - w->n, part = len < room ? len : room;
        memcpy(w->kept + w->n, s, part);
        w->n += part;
        s += part;
        len -= part;
        if (w->n < sizeof w->kept)
            break;
        w->hash = XXH3_64bits_withSeed(w->kept, w->n, w->hash);
        w->n = 0;
    }
}

/* The letters of U+0600-063F and U+0641-064A, which are nearly all of Arabic, two bytes each. */
static bool is_arabic(const char *s)
{
    unsigned char first = (unsigned char)s[0], second = (unsigned char)s[1];
    return (first == 0xD8 && (second & 0xC0) == 0x80) ||
           (first == 0xD9 && second >= 0x81 && second <= 0x8A);
}

/* Bytes at s that are to be kept and need no closer look: a word, mostly. */
static size_t word_length(const char *s, size_t len)
{
    size_t i = 0;
    for (;;) {
        if (i < len && is_letter_or_digit(s[i]))
            i++;
        else if (i + 1 < len && is_arabic(s + i))
            i += 2;
        else
            return i;
    }
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

/* How many bytes to go on by. */
static size_t take(struct words *w, const char *s, size_t len)
{
    size_t word = word_length(s, len);
    if (word > 0) {
        keep(w, s, word);
        return word;
    }
    if ((unsigned char)s[0] < 0x80) {
        size_t markup = s[0] == '<' || s[0] == '&' ? markup_length(s, len) : 0;
        return markup > 0 ? markup : 1;
    }
    uint32_t point;
    size_t step = utf8_next(s, len, &point);
    if (step == 0)
        return 1;
    if (!is_no_letter(point))
        keep(w, s, step);
    return step;
}

static uint64_t words_of(struct text t)
{
    struct words w;
    w.hash = w.n = 0;
    for (size_t i = 0; i < t.len;)
        i += take(&w, t.data + i, t.len - i);
    uint64_t hash = XXH3_64bits_withSeed(w.kept, w.n, w.hash);
    return hash != 0 ? hash : 1;
}

void job_words(const struct job *job, struct job_words *out)
{
    out->title = words_of(job->field[JOB_TITLE]);
    out->description = words_of(job->field[JOB_DESCRIPTION]);
}
