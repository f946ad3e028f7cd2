/*
 * city_key: the form in which two spellings of one city are equal bytes.
 */
#ifndef QS_FORMATS_CITY_KEY_H
#define QS_FORMATS_CITY_KEY_H

#include "formats/text.h"

enum { CITY_KEY_BYTES = 128 };

/* Words that say what a name is a name of, and are left out. */
enum city_words {
    CITY_WORDS_NONE,
    CITY_WORDS_CITY,   /* city, governorate, مدينة, … */
    CITY_WORDS_REGION, /* region, province, منطقة, … */
};

struct city_key {
    char data[CITY_KEY_BYTES]; /* NUL-terminated */
    size_t len;
    size_t dropped; /* words left out */
    bool ends_in_article;
};

/* False when nothing is left, or too much for a name. */
bool city_key_make(struct arena *a, struct text t, enum city_words drop, struct city_key *out);

/* Edits between two keys (insert, delete, replace, swap of neighbours); SIZE_MAX when they are too
 * far apart to be worth suggesting. */
size_t city_key_distance(const char *a, const char *b);

#endif
