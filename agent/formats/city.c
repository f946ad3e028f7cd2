/*
 * A city is looked up by its key: the folded spelling without blanks, articles and the differences
 * that are only transliteration (Buraydah, Buraidah, Buraida). The keys of the whole table are made
 * once, at the first call, and sorted: a look-up is one fold and one binary search, and a cut name
 * is a range of the same array. Two cities with one key would be a wrong guess built in, so that is
 * a bug.
 */
#include "formats/city.h"

#include <stdlib.h>
#include <string.h>

#include "formats/city_key.h"
#include "formats/city_table.h"
#include "formats/text_utf8.h"

enum { MAX_SPELLINGS = 4096, MIN_CUT_CHARACTERS = 4 };

struct known {
    const char *key;
    const struct city_entry *entry;
};

struct index {
    struct known *known; /* by key */
    size_t n;
};

static struct index cities;
static struct index regions;
static const char **names; /* sorted */

/* ---- the table, made once ------------------------------------------------------------------ */

static int compare_known(const void *a, const void *b)
{
    return strcmp(((const struct known *)a)->key, ((const struct known *)b)->key);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void add_known(struct index *index, struct arena *a, struct text spelling,
                      const struct city_entry *entry, enum city_words drop)
{
    struct city_key key;
    if (!city_key_make(a, spelling, drop, &key))
        BUG("city table: \"%.*s\" has no key", (int)spelling.len, spelling.data);
    if (index->n == MAX_SPELLINGS)
        BUG("city table: more than %d spellings", MAX_SPELLINGS);
    index->known[index->n++] = (struct known){.key = mem_strdup(key.data), .entry = entry};
}

static void add_entry(struct index *index, struct arena *a, const struct city_entry *entry,
                      enum city_words drop)
{
    for (const char *p = entry->spellings; *p;) {
        size_t len = strcspn(p, "|");
        add_known(index, a, (struct text){.data = p, .len = len}, entry, drop);
        p += len + (p[len] == '|');
    }
}

static void sort_index(struct index *index)
{
    qsort(index->known, index->n, sizeof(*index->known), compare_known);
    for (size_t i = 1; i < index->n; i++)
        if (strcmp(index->known[i].key, index->known[i - 1].key) == 0 &&
            index->known[i].entry != index->known[i - 1].entry)
            BUG("city table: \"%s\" is %s and %s", index->known[i].key, index->known[i].entry->name,
                index->known[i - 1].entry->name);
}

static void build(void)
{
    if (names)
        return;
    struct arena a;
    arena_init(&a, 0);
    names = mem_alloc(city_table_len * sizeof(*names));
    cities.known = mem_alloc(MAX_SPELLINGS * sizeof(*cities.known));
    regions.known = mem_alloc(MAX_SPELLINGS * sizeof(*regions.known));
    for (size_t i = 0; i < city_table_len; i++) {
        names[i] = city_table[i].name;
        add_known(&cities, &a, text_of(names[i]), &city_table[i], CITY_WORDS_NONE);
        add_entry(&cities, &a, &city_table[i], CITY_WORDS_NONE);
    }
    for (size_t i = 0; i < city_region_table_len; i++)
        add_entry(&regions, &a, &city_region_table[i], CITY_WORDS_REGION);
    sort_index(&cities);
    sort_index(&regions);
    qsort(names, city_table_len, sizeof(*names), compare_names);
    arena_release(&a);
}

size_t city_count(void)
{
    return city_table_len;
}

const char *city_name(size_t i)
{
    build();
    return i < city_table_len ? names[i] : NULL;
}

/* ---- looking up ---------------------------------------------------------------------------- */

/* The first entry whose key is not less than `key`. */
static size_t lower_bound(const struct index *index, const char *key)
{
    size_t low = 0;
    size_t high = index->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(index->known[middle].key, key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static const char *find_key(const struct index *index, const char *key)
{
    size_t i = lower_bound(index, key);
    return i < index->n && strcmp(index->known[i].key, key) == 0 ? index->known[i].entry->name
                                                                 : NULL;
}

/* The city of all keys that begin so, if that is one city; those that end there as well only when
 * the name may. */
static const char *find_prefix(const char *prefix, size_t len, bool goes_on)
{
    const char *found = NULL;
    for (size_t i = lower_bound(&cities, prefix); i < cities.n; i++) {
        if (strncmp(cities.known[i].key, prefix, len) != 0)
            break;
        if (goes_on && cities.known[i].key[len] == '\0')
            continue;
        if (found && found != cities.known[i].entry->name)
            return NULL;
        found = cities.known[i].entry->name;
    }
    return found;
}

/* What one question is asked with. */
struct query {
    struct arena *arena;
    const struct city_alias *aliases;
    size_t n_aliases;
};

static const char *find_alias(const struct query *q, const char *key)
{
    const char *found = NULL;
    struct arena scratch; /* of its own: the caller's would grow by the aliases of every row */
    arena_init(&scratch, 0);
    for (size_t i = 0; i < q->n_aliases && !found; i++) {
        struct city_key alias;
        struct text spelling = text_of(q->aliases[i].spelling);
        if (city_key_make(&scratch, spelling, CITY_WORDS_NONE, &alias) &&
            strcmp(alias.data, key) == 0)
            found = q->aliases[i].city;
    }
    arena_release(&scratch);
    return found;
}

static const char *find_by_key(const struct query *q, const char *key)
{
    const char *found = q->n_aliases > 0 ? find_alias(q, key) : NULL;
    return found ? found : find_key(&cities, key);
}

/* As it stands, then without "city of", "governorate" and their like. */
static const char *find_whole(const struct query *q, struct text t)
{
    struct city_key key;
    if (!city_key_make(q->arena, t, CITY_WORDS_NONE, &key))
        return NULL;
    const char *found = find_by_key(q, key.data);
    if (!found && city_key_make(q->arena, t, CITY_WORDS_CITY, &key) && key.dropped > 0)
        found = find_by_key(q, key.data);
    return found;
}

/* The end of the part that begins at p; *next is behind the separator. */
static const char *part_end(const char *p, const char *end, const char **next)
{
    const char *start = p;
    while (p < end) {
        const char *at = p;
        uint32_t cp = text_utf8_next(&p);
        bool separates = cp == ',' || cp == ';' || cp == '|' || cp == '/' || cp == '\\' ||
                         cp == '(' || cp == ')' || cp == '\n' || cp == 0x060C || cp == 0x061B ||
                         cp == 0x2013 || cp == 0x2014 || cp == 0x2022 || cp == 0xB7;
        bool dash = cp == '-' && at > start && at[-1] == ' ' && p < end && *p == ' ';
        if (separates || dash) {
            *next = p;
            return at;
        }
    }
    *next = end;
    return end;
}

static bool drop_ellipsis(struct text *t)
{
    static const char *const marks[] = {"...", "…", ".."};
    for (size_t i = 0; i < ARRAY_LEN(marks); i++) {
        size_t len = strlen(marks[i]);
        if (t->len >= len && memcmp(t->data + t->len - len, marks[i], len) == 0) {
            t->len -= len;
            *t = text_trim(*t);
            return true;
        }
    }
    return false;
}

/* A name that was cut: as a whole only if it may have ended there, then as a prefix. */
static const char *find_cut(const struct query *q, struct text t)
{
    struct city_key key;
    if (!city_key_make(q->arena, t, CITY_WORDS_NONE, &key))
        return NULL;
    const char *found = key.ends_in_article ? NULL : find_whole(q, t);
    size_t characters = text_characters((struct text){.data = key.data, .len = key.len});
    if (!found && characters >= MIN_CUT_CHARACTERS)
        found = find_prefix(key.data, key.len, key.ends_in_article);
    return found;
}

static const char *find_city(const struct query *q, struct text t)
{
    t = text_trim(t);
    return drop_ellipsis(&t) ? find_cut(q, t) : find_whole(q, t);
}

static const char *find_region(const struct query *q, struct text t)
{
    struct city_key key;
    return city_key_make(q->arena, t, CITY_WORDS_REGION, &key) ? find_key(&regions, key.data)
                                                               : NULL;
}

/* The whole, then its parts one by one. */
static const char *find_in_parts(const struct query *q, struct text t,
                                 const char *(*find)(const struct query *q, struct text t))
{
    const char *end = t.data + t.len, *next, *found = find(q, t);
    for (const char *p = t.data; p < end && !found; p = next) {
        const char *stop = part_end(p, end, &next);
        if (stop == end && p == t.data)
            break; /* one part: the whole */
        found = find(q, (struct text){.data = p, .len = (size_t)(stop - p)});
    }
    return found;
}

const char *city_find(struct arena *a, struct text t, const struct city_alias *aliases,
                      size_t n_aliases, bool region_ok)
{
    build();
    t = text_trim(t);
    if (!t.data || t.len == 0)
        return NULL;
    const struct query q = {.arena = a, .aliases = aliases, .n_aliases = n_aliases};
    const char *found = find_in_parts(&q, t, find_city);
    return found || !region_ok ? found : find_in_parts(&q, t, find_region);
}

/* ---- the nearest --------------------------------------------------------------------------- */

struct near {
    size_t distance;
    const char *name;
};

/* Keeps the list short and sorted; a city counts once, with its nearest spelling. */
static size_t insert_near(struct near *list, size_t n, size_t max, struct near candidate)
{
    for (size_t i = 0; i < n; i++) {
        if (list[i].name != candidate.name)
            continue;
        if (list[i].distance <= candidate.distance)
            return n;
        memmove(list + i, list + i + 1, (--n - i) * sizeof(*list));
        break;
    }
    size_t at = n;
    while (at > 0 && list[at - 1].distance > candidate.distance)
        at--;
    if (at == max)
        return n;
    size_t kept = n < max ? n : max - 1;
    memmove(list + at + 1, list + at, (kept - at) * sizeof(*list));
    list[at] = candidate;
    return kept + 1;
}

size_t city_nearest(struct arena *a, struct text t, const char **nearest, size_t max)
{
    build();
    struct city_key key;
    if (max == 0 || !t.data || !city_key_make(a, t, CITY_WORDS_CITY, &key))
        return 0;
    struct near *list = arena_alloc(a, max * sizeof(*list));
    size_t n = 0;
    for (size_t i = 0; i < cities.n; i++) {
        size_t distance = city_key_distance(key.data, cities.known[i].key);
        if (distance != SIZE_MAX)
            n = insert_near(
                list, n, max,
                (struct near){.distance = distance, .name = cities.known[i].entry->name});
    }
    for (size_t i = 0; i < n; i++)
        nearest[i] = list[i].name;
    return n;
}
