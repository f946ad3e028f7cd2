/*
 * Optimal string alignment distance over characters, not bytes: an Arabic name is as near to its
 * misspelling as an English one. Names longer than NAME_MAX_POINTS are compared by their beginning.
 */
#include "base/names.h"

#include <stdint.h>
#include <string.h>

#include "base/utf8.h"

enum { NAME_MAX_POINTS = 64 };

struct points {
    size_t n;
    uint32_t at[NAME_MAX_POINTS];
};

static void points_of(struct points *p, const char *s)
{
    size_t len = strlen(s);

    p->n = 0;
    while (len && p->n < NAME_MAX_POINTS) {
        uint32_t c = (unsigned char)*s;
        size_t bytes = utf8_next(s, len, &c);

        if (!bytes)
            bytes = 1;
        p->at[p->n++] = c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
        s += bytes;
        len -= bytes;
    }
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Three rows are enough: a swap of neighbours looks two rows back. */
static size_t distance(const struct points *a, const struct points *b)
{
    size_t rows[3][NAME_MAX_POINTS + 1] = {{0}};
    size_t *before = rows[0], *last = rows[1], *row = rows[2];

    for (size_t j = 0; j <= b->n; j++)
        last[j] = j;
    for (size_t i = 1; i <= a->n; i++) {
        row[0] = i;
        for (size_t j = 1; j <= b->n; j++) {
            row[j] = last[j - 1] + (a->at[i - 1] != b->at[j - 1]);
            row[j] = least(row[j], least(last[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && a->at[i - 1] == b->at[j - 2] && a->at[i - 2] == b->at[j - 1])
                row[j] = least(row[j], before[j - 2] + 1);
        }
        size_t *spare = before;
        before = last;
        last = row;
        row = spare;
    }
    return last[b->n];
}

/* One mistake in three characters is a slip; more is another word. */
const char *names_nearest(const char *name, const char *const *candidates, size_t n)
{
    struct points given, known;
    const char *best = NULL;
    size_t limit;

    points_of(&given, name);
    if (given.n == 0)
        return NULL;
    limit = least((given.n + 2) / 3, given.n - 1);
    for (size_t i = 0; i < n; i++) {
        size_t d;

        points_of(&known, candidates[i]);
        d = distance(&given, &known);
        if (d < limit || (d == limit && !best)) {
            limit = d;
            best = candidates[i];
        }
    }
    return best;
}

char *names_list(struct arena *a, const char *const *names, size_t n)
{
    struct buf out = BUF_INIT(64 * 1024);
    char *list;

    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            buf_addstr(&out, i + 1 == n ? " or " : ", ");
        buf_addstr(&out, names[i]);
    }
    list = arena_strndup(a, buf_str(&out), out.len);
    buf_release(&out);
    return list;
}
