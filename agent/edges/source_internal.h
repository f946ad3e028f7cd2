/*
 * source_internal: what the files of the room source share. No other room includes it.
 */
#ifndef QS_EDGES_SOURCE_INTERNAL_H
#define QS_EDGES_SOURCE_INTERNAL_H

#include "edges/source.h"

/* A walk over pages, by key or by time and key. */
struct walk {
    bool open;    /* a page is to come */
    bool sent;    /* and has been asked for */
    bool changed; /* by time and key */
    bool keys;    /* without the fields */
    bool first;   /* nothing has been delivered */
    size_t limit; /* rows asked for */
    size_t after; /* row of the result in hand that the next page begins after */
};

struct source {
    struct pg *pg;
    const struct mapping *mapping;
    const char *time_zone;
    struct arena arena; /* what lives as long as the source */
    struct mapping_types types;
    const char *sql[MAPPING_QUERIES]; /* NULL: not for this mapping */
    struct walk walk;
    char *since;              /* of the walk */
    struct pg_result *result; /* the page in hand */
    struct arena page;
};

/* Takes the result over as the page in hand, in the place of the one before. */
void source_hold(struct source *s, struct pg_result *r, struct source_page *page);
void source_drop(struct source *s); /* the page in hand */
/* A mistake that partner SQL makes only on some rows (a division, a cast) is one of the mapping
 * too. */
bool source_fail(struct err *e);

#endif
