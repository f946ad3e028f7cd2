/*
 * Only differences that never tell two cities apart are levelled: the article, the hyphen, doubled
 * letters, a final h behind a, and the usual spellings of one sound (ai ei ey ay, oo ou u, ee i).
 * Everything wider (o and u, e and i) is listed in the table, because there it does tell some
 * apart.
 */
#include "formats/city_key.h"

#include <string.h>

#include "formats/text_utf8.h"

enum { MAX_POINTS = CITY_KEY_BYTES };

static bool is_one_of(const char *word, size_t len, const char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strlen(list[i]) == len && memcmp(list[i], word, len) == 0)
            return true;
    return false;
}

/* "a" is what a cut leaves of one. */
static bool is_article(const char *word, size_t len)
{
    static const char *const articles[] = {"al", "a",  "ad", "ar",  "as",  "at",  "an",
                                           "az", "el", "ul", "adh", "ath", "ash", "ال"};
    return is_one_of(word, len, articles, ARRAY_LEN(articles));
}

static bool is_dropped(const char *word, size_t len, enum city_words drop)
{
    static const char *const of_city[] = {"city",  "of",     "town",  "governorate", "municipality",
                                          "مدينه", "محافظه", "بلديه", "مركز"};
    static const char *const of_region[] = {"region", "province", "emirate", "of",
                                            "منطقه",  "اماره",    "المنطقه"};
    switch (drop) {
    case CITY_WORDS_NONE:
        return false;
    case CITY_WORDS_CITY:
        return is_one_of(word, len, of_city, ARRAY_LEN(of_city));
    case CITY_WORDS_REGION:
        return is_one_of(word, len, of_region, ARRAY_LEN(of_region));
    }
    return false;
}

/* Hyphens part words here; folding alone would join them and hide the article of "Al-Khobar". */
static struct text hyphens_to_blanks(struct arena *a, struct text t)
{
    if (!memchr(t.data, '-', t.len) && !memchr(t.data, '\xE2', t.len))
        return t;
    char *out = arena_strndup(a, t.data, t.len);
    for (size_t i = 0; i < t.len; i++) {
        unsigned char last = i + 2 < t.len ? (unsigned char)out[i + 2] : 0;
        if (out[i] == '-')
            out[i] = ' ';
        else if (out[i] == '\xE2' && out[i + 1] == '\x80' && last >= 0x90 && last <= 0x95)
            memset(out + i, ' ', 3); /* U+2010 to U+2015 */
    }
    return (struct text){.data = out, .len = t.len};
}

/* "alkhobar" and "الخبر" begin with the article too. */
static size_t glued_article(const char *word, size_t len)
{
    static const char arabic[] = "ال";
    size_t arabic_len = sizeof(arabic) - 1;
    if (len >= arabic_len + 4 && memcmp(word, arabic, arabic_len) == 0)
        return arabic_len;
    return len >= 5 && memcmp(word, "al", 2) == 0 ? 2 : 0;
}

/* The usual spelling of the sound that two letters at p make, or NULL. */
static const char *one_sound(const char *p, const char *end)
{
    static const char *const sounds[][2] = {{"ai", "ay"}, {"ei", "ay"}, {"ey", "ay"},
                                            {"oo", "u"},  {"ou", "u"},  {"ee", "i"}};
    for (size_t i = 0; i < ARRAY_LEN(sounds) && p + 1 < end; i++)
        if (memcmp(p, sounds[i][0], 2) == 0)
            return sounds[i][1];
    return NULL;
}

static bool add_letter(struct city_key *key, size_t word_start, char c)
{
    bool ascii = (unsigned char)c < 0x80;
    if (ascii && key->len > word_start && key->data[key->len - 1] == c)
        return true;
    if (key->len + 1 >= CITY_KEY_BYTES)
        return false;
    key->data[key->len++] = c;
    return true;
}

static bool add_word(struct city_key *key, const char *p, const char *end)
{
    size_t start = key->len;
    p += glued_article(p, (size_t)(end - p));
    while (p < end) {
        const char *sound = one_sound(p, end);
        const char letter[] = {*p, '\0'};
        for (const char *q = sound ? sound : letter; *q; q++)
            if (!add_letter(key, start, *q))
                return false;
        p += sound ? 2 : 1;
    }
    if (key->len - start > 2 && memcmp(key->data + key->len - 2, "ah", 2) == 0)
        key->len--;
    return true;
}

static bool parts_words(char c)
{
    return (unsigned char)c < 0x80 && !text_is_word((unsigned char)c);
}

bool city_key_make(struct arena *a, struct text t, enum city_words drop, struct city_key *out)
{
    out->len = 0;
    out->dropped = 0;
    out->ends_in_article = false;
    if (!t.data || t.len > 2 * (size_t)CITY_KEY_BYTES)
        return false;
    struct text folded = text_fold(a, hyphens_to_blanks(a, t));
    const char *end = folded.data + folded.len;
    for (const char *p = folded.data; p < end;) {
        const char *stop = p;
        while (stop < end && !parts_words(*stop))
            stop++;
        size_t len = (size_t)(stop - p);
        if (len > 0) {
            out->ends_in_article = is_article(p, len);
            if (is_dropped(p, len, drop))
                out->dropped++;
            else if (!out->ends_in_article && !add_word(out, p, stop))
                return false;
        }
        p = stop + (stop < end);
    }
    out->data[out->len] = '\0';
    return out->len > 0;
}

/* ---- distance ------------------------------------------------------------------------------ */

static size_t read_points(const char *s, uint32_t *points)
{
    size_t n = 0;
    while (*s && n < MAX_POINTS)
        points[n++] = text_utf8_next(&s);
    return n;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

size_t city_key_distance(const char *a, const char *b)
{
    uint32_t x[MAX_POINTS];
    uint32_t y[MAX_POINTS];
    size_t row[3][MAX_POINTS + 1]; /* i % 3: the row before last is needed for swaps */
    size_t n = read_points(a, x);
    size_t m = read_points(b, y);
    size_t allowed = (n > m ? n : m) / 3;
    if ((n > m ? n - m : m - n) > allowed)
        return SIZE_MAX;
    for (size_t j = 0; j <= m; j++)
        row[0][j] = j;
    for (size_t i = 1; i <= n; i++) {
        size_t *now = row[i % 3];
        const size_t *before = row[(i + 2) % 3];
        now[0] = i;
        for (size_t j = 1; j <= m; j++) {
            now[j] =
                least(least(now[j - 1], before[j]) + 1, before[j - 1] + (x[i - 1] != y[j - 1]));
            if (i > 1 && j > 1 && x[i - 1] == y[j - 2] && x[i - 2] == y[j - 1])
                now[j] = least(now[j], row[(i + 1) % 3][j - 2] + 1);
        }
    }
    return row[n % 3][m] <= allowed ? row[n % 3][m] : SIZE_MAX;
}
