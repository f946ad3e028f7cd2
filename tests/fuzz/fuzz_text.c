/* Values of a partner's columns as text: cleaned, folded, cut, read as numbers, lists and cities.
 */
#include "fuzz.h"

#include "formats/city.h"
#include "rules/job.h"

static bool is_utf8(struct text t)
{
    return t.data == NULL || text_utf8_valid(t.data, t.len) == t.len;
}

static bool same(struct text a, struct text b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static void clean_and_fold(struct arena *a, struct text t)
{
    struct text clean = text_clean(a, t), folded = text_fold(a, t), line = text_collapse(a, t);
    HOLDS(is_utf8(clean) && is_utf8(folded) && is_utf8(line) && is_utf8(text_digits(a, t)));
    HOLDS(is_utf8(text_trim(t)) && is_utf8(text_escape_markdown(a, t)));
    HOLDS(same(text_clean(a, clean), clean));
    HOLDS(same(text_collapse(a, line), line));
    HOLDS(same(text_trim(text_trim(t)), text_trim(t)));
}

static void cut(struct arena *a, struct text t)
{
    for (size_t max = 1; max < 200; max = 3 * max + 1) {
        struct text plain = text_truncate(a, t, max), markdown = text_truncate_markdown(a, t, max);
        HOLDS(is_utf8(plain) && text_characters(plain) <= max);
        HOLDS(is_utf8(markdown) && text_characters(markdown) <= max);
    }
    HOLDS(same(text_truncate(a, t, t.len + 1), t));
}

/* A salary is never guessed: a range the wrong way round, or below nothing, is none. */
static void read_numbers(struct text t)
{
    int64_t number, low, high;
    bool single = text_number(t, &number), range = text_number_range(t, &low, &high);
    if (single)
        HOLDS(range && low == number && high == number);
    else if (range)
        HOLDS(low >= 0 && low <= high);
}

static void read_list(struct arena *a, struct text t)
{
    struct text *items;
    size_t n = text_list_items(a, t, &items);
    for (size_t i = 0; n != SIZE_MAX && i < n; i++)
        HOLDS(is_utf8(items[i]));
}

static void find_city(struct arena *a, struct text t)
{
    const char *near[3], *city = city_find(a, t, NULL, 0, true);
    if (city != NULL)
        HOLDS(city_find(a, text_of(city), NULL, 0, false) == city);
    HOLDS(city_nearest(a, t, near, 3) <= 3);
}

/* The words of a text are those of what a server makes of it that trims and folds. */
static void take_words(struct arena *a, struct text t)
{
    struct job sent = {.field[JOB_TITLE] = t};
    struct job held = {.field[JOB_TITLE] = text_trim(t)};
    struct job_words before, after;
    job_words(&sent, &before);
    job_words(&held, &after);
    HOLDS(before.title == after.title && before.title != 0);
    held.field[JOB_TITLE] = text_collapse(a, t);
    job_words(&held, &after);
    HOLDS(memchr(t.data, '<', t.len) != NULL || memchr(t.data, '&', t.len) != NULL ||
          text_is_damaged(t) || before.title == after.title);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (text_utf8_valid((const char *)data, size) < size)
        return 0; /* is refused before it comes here */
    char *bytes = fuzz_text(data, size);
    const struct text t = {.data = bytes, .len = size};
    struct arena a;
    arena_init(&a, 0);
    clean_and_fold(&a, t);
    cut(&a, t);
    read_numbers(t);
    read_list(&a, t);
    find_city(&a, t);
    take_words(&a, t);
    arena_release(&a);
    free(bytes);
    return 0;
}
