/*
 * listing: a walk over Qudra's list of an account's jobs, newest first, a page at a time.
 *
 * Settling, refreshing and reconciling all look through it. Each page is one request inside the
 * account's budget. A server that repeats a page is noticed and not followed (Part B).
 */
#ifndef QS_ENGINE_LISTING_H
#define QS_ENGINE_LISTING_H

#include "engine/sender.h"

struct listing {
    struct errand errand; /* first */
    struct sender *sender;
    struct arena arena; /* cursor and the first id of the page before */
    /* Called with each page as it comes; false ends the walk early. Touches no database: it is
     * called from inside the delivery of answers. */
    bool (*page)(void *context, const struct qudra_page *p);
    void *context;

    const char *cursor, *first_id;
    int number;          /* of the next page, from 1 */
    bool active;         /* begun and not yet ended */
    bool flying;         /* a page is on its way */
    bool failed;         /* ended before its end: an error, a repeated page, another key */
    int64_t begun_ms;    /* monotonic; the first page may come much later */
    int64_t server_ms;   /* Qudra's clock when it began, by the first page's Date; 0: no page yet */
    int64_t requests;    /* over all walks */
    unsigned key_number; /* that the walk began with: two keys may see two accounts */
};

void listing_init(struct listing *l, struct account *a, struct sender *s,
                  bool (*page)(void *context, const struct qudra_page *p), void *context);
void listing_release(struct listing *l);

void listing_begin(struct listing *l);
/* Asks for the next page when one is due and a request may leave. */
bool listing_turn(struct listing *l, int64_t now_ms, struct err *e) MUST_CHECK;

#endif
