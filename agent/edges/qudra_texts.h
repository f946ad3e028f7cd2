/*
 * qudra_texts: what we say ourselves of an answer that does not speak for itself, in both
 * languages. A part of edges/qudra.
 */
#ifndef QS_EDGES_QUDRA_TEXTS_H
#define QS_EDGES_QUDRA_TEXTS_H

#include "rules/op.h"

enum qudra_text {
    QUDRA_UNREACHABLE,
    QUDRA_TIMEOUT,
    QUDRA_CONNECTION_LOST,
    QUDRA_TORN_BODY,
    QUDRA_UNMATCHED,
    QUDRA_NO_ID,
    QUDRA_CONTRADICTION,
    QUDRA_NO_REASON,
    QUDRA_HTTP_STATUS, /* + the status */
    QUDRA_TEXTS
};

/* Fills code, message and message_ar. */
void qudra_texts_say(struct outcome *o, enum qudra_text text, int status, struct arena *a);

#endif
