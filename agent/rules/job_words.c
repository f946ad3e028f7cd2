/*
 * What a server leaves alone that trims, folds, composes, restyles Markdown or strips HTML (Part
 * B): the letters and digits, in order. They are made for every create, so they take one pass over
 * the bytes and look at no property of a character: all that is not ASCII counts as a letter, but
 * for the blocks of blanks, punctuation and marks that are named below. Too much is dropped rather
 * than too little: two texts that differ may have equal words, and whoever compares them minds
 * that.
 *
 * What is kept is not copied together to be hashed. Each byte goes into a few sums, alone and times
 * its place among those that are kept, and the sums are hashed: what stood in between leaves no
 * trace, and sixteen bytes are added at once.
 */
#include <string.h>

#include <xxhash.h>

#include "base/lanes.h"
#include "base/utf8.h"
#include "formats/text_utf8.h"
#include "rules/job.h"

#define ENTITY_MAX 10 /* bytes of "&amp;" and its like that are looked at */

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "even bytes are the lower halves");

typedef uint16_t wide __attribute__((vector_size(LANES)));
typedef uint64_t halves __attribute__((vector_size(LANES)));

/* Each sum is that of its lanes. */
struct words {
    wide n; /* bytes kept so far: the same in all lanes */
    wide bytes, placed, squares;
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

/* Of sixteen bytes, the first of which begins a character: which are kept, and how many are done
 * with that, for a character that goes on behind them is left for the next sixteen. 0: some want a
 * closer look. */
static size_t sort_out(const char *s, lanes *kept)
{
    lanes v = lanes_at(s), next = lanes_at(s + 1), markup = lanes_are(v, '<') | lanes_are(v, '&');
    *kept = lanes_between(v | lanes_fill(0x20), 'a', 'z') | lanes_between(v, '0', '9');
    if (lanes_bits(v | markup) == 0) /* ASCII */
        return LANES;
    lanes d8 = lanes_are(v, 0xD8), d9 = lanes_are(v, 0xD9), first = d8 | d9;
    lanes odd = (d8 & lanes_are(next, 0x9C)) | (d9 & ~lanes_between(next, 0x81, 0x8A));
    lanes arabic = first | lanes_go_on(v), ascii = lanes_between(v, 0, 0x7F) & ~markup;
    if (!lanes_all((ascii | arabic) & ~(first ^ lanes_go_on(next)) & ~odd))
        return 0;
    size_t n = (unsigned char)s[LANES - 1] < 0xC0 ? LANES : LANES - 1;
    *kept = (*kept | arabic) & lanes_first(n);
    return n;
}

static void add_byte(struct words *w, char c)
{
    w->n += 1;
    uint16_t byte = (unsigned char)c, placed = (uint16_t)(byte * w->n[0]);
    w->bytes[0] += byte;
    w->placed[0] += placed;
    w->squares[0] += (uint16_t)(placed * byte);
}

/* The same for those of sixteen bytes that are kept. */
static void add_bytes(struct words *w, lanes v, lanes kept)
{
    halves places = (halves)(kept & lanes_fill(1));
    places += places << 8;
    places += places << 16;
    places += places << 32; /* of each byte, among those of its half */
    wide even_place = (wide)places & 0xFF, odd_place = (wide)places >> 8;
    wide in_first = __builtin_shufflevector(odd_place, odd_place, 3, 3, 3, 3, 3, 3, 3, 3);
    wide in_second = __builtin_shufflevector(odd_place, odd_place, 7, 7, 7, 7, 7, 7, 7, 7);
    wide before = w->n + (in_first & (wide)(halves){0, UINT64_MAX});
    wide even = (wide)(v & kept) & 0xFF, odd = (wide)(v & kept) >> 8;
    wide even_placed = even * (even_place + before), odd_placed = odd * (odd_place + before);
    w->n += in_first + in_second;
    w->bytes += even + odd;
    w->placed += even_placed + odd_placed;
    w->squares += even_placed * even + odd_placed * odd;
}

/* The last bytes of a text, with nothing behind them for as far as sort_out looks. */
static const char *alone(const char *s, size_t len, char room[2 * LANES])
{
    memset(room, 0, 2 * LANES);
    return memcpy(room, s, len);
}

/* What needs no closer look, sixteen bytes at a time; how many bytes that was. */
static size_t take_plain(struct words *w, const char *s, size_t len)
{
    char room[2 * LANES];
    size_t i = 0, n;
    lanes kept;
    while (i < len) {
        const char *at = len - i > LANES ? s + i : alone(s + i, len - i, room);
        n = sort_out(at, &kept);
        if (n == 0)
            return i;
        add_bytes(w, lanes_at(at), kept);
        i += n;
    }
    return len;
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
    for (size_t i = 0; i < step; i++)
        add_byte(w, s[i]);
    return step;
}

static uint16_t sum_of(wide v)
{
    uint16_t sum = 0;
    for (size_t i = 0; i < LANES / sizeof sum; i++)
        sum = (uint16_t)(sum + v[i]);
    return sum;
}

static uint64_t words_of(struct text t)
{
    struct words w = {0};
    for (size_t i = 0, end; i < t.len;) {
        i += take_plain(&w, t.data + i, t.len - i);
        for (end = i + LANES; i < t.len && i < end;)
            i += take_one(&w, t.data + i, t.len - i);
    }
    const uint16_t sums[] = {w.n[0], sum_of(w.bytes), sum_of(w.placed), sum_of(w.squares)};
    uint64_t hash = XXH3_64bits(sums, sizeof sums);
    return hash != 0 ? hash : 1;
}

void job_words(const struct job *job, struct job_words *out)
{
    out->title = words_of(job->field[JOB_TITLE]);
    out->description = words_of(job->field[JOB_DESCRIPTION]);
}
