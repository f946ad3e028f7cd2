/*
 * http_internal: what the files of the room http share, and nobody else.
 */
#ifndef QS_EDGES_HTTP_INTERNAL_H
#define QS_EDGES_HTTP_INTERNAL_H

#include "edges/http.h"

/* What http_response points into. */
struct answer {
    struct http_response response; /* first: a pointer to it is a pointer to the answer */
    struct buf headers;            /* "name\0value\0", names in lower case */
    struct buf body;
    struct answer **spare; /* where it goes when it has been read */
    struct answer *next;
};

/* One that has been read, its memory ready to be filled again, or a new one. */
struct answer *http_answer_take(struct answer **spare, void *tag);
/* A line as it came, its end included. A status line begins anew (after 100 Continue). */
void http_answer_add_header(struct answer *a, const char *line, size_t len);
/* False: there is too much of it. */
bool http_answer_add_body(struct answer *a, const char *data, size_t len);
void http_answers_free(struct answer **spare);

#endif
