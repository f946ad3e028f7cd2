/*
 * Feeds are few: one for each mapping file.
 */
#include "engine/feed.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct feed *feed_find(struct feed *feeds, size_t n, const char *mapping)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(feeds[i].mapping->name, mapping) == 0)
            return &feeds[i];
    return NULL;
}

bool feed_is_followed(const struct feed *f)
{
    return f->mapping->account_sql != NULL && f->mapping->detect == DETECT_WATERMARK;
}

const char *feed_seen_mark(const struct feed *feeds, size_t n, char out[SEEN_MARK_SIZE])
{
    uint64_t h = 0;
    for (size_t i = 0; i < n; i++)
        if (feed_is_followed(&feeds[i]))
            h = h * 31 + feeds[i].mapping->fingerprint;
    snprintf(out, SEEN_MARK_SIZE, "%016" PRIx64 " ", h);
    return out;
}
