/*
 * outbox_internal: what the files of the room outbox share. No other room includes it.
 */
#ifndef QS_EDGES_OUTBOX_INTERNAL_H
#define QS_EDGES_OUTBOX_INTERNAL_H

#include "edges/outbox.h"

/* Names what the mapping reads of its table: the comment of a function made for it begins so. */
const char *outbox_form(const struct mapping *m, struct arena *a);

#endif
