/*
 * Feeds are few: one for each mapping file.
 */
#include "engine/feed.h"

#include <string.h>

struct feed *feed_find(struct feed *feeds, size_t n, const char *mapping)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(feeds[i].mapping->name, mapping) == 0)
            return &feeds[i];
    return NULL;
}
