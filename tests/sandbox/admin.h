/*
 * admin: what tests and people may see and do behind Qudra's back, under /_sandbox/, without a key.
 */
#ifndef SANDBOX_ADMIN_H
#define SANDBOX_ADMIN_H

#include "partner.h"

#define ADMIN_PREFIX "/_sandbox/"

void admin_handle(struct sandbox *s, const struct request *q, struct answer *a);

/* The body of GET /_sandbox/stats. */
void admin_write_stats(struct sandbox *s, struct json_writer *w);
/* The body of GET /_sandbox/log: the newest `max` requests, oldest first. */
void admin_write_log(struct sandbox *s, struct json_writer *w, uint64_t max);

/* ---- the whole store, piece by piece, so that a million jobs need no memory ------------------ */

struct listing;

/* `format` "lines": one job a line, nothing round them. Account NULL: all. */
struct listing *listing_new(struct sandbox *s, const char *account, const char *format);
/* Bytes written into `out`, or -1 at the end. Takes the lock for each piece. */
long listing_read(struct listing *l, char *out, size_t max);
void listing_free(struct listing *l);

#endif
