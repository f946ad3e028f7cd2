/*
 * qudra: the Partner API's dialect: an operation to a request, an answer to outcomes per row.
 *
 * Pure: sends nothing, waits for nothing. Part A is documented (docs.qudrah.io); Part B is assumed
 * and marked so in the code: answers are read tolerantly there, and whatever cannot be matched to
 * its row with certainty is uncertain, never guessed.
 */
#ifndef QS_EDGES_QUDRA_H
#define QS_EDGES_QUDRA_H

#include "edges/http.h"
#include "rules/dialect.h"
#include "rules/limiter.h"
#include "rules/op.h"

/* Method, URL and body of one request; strings in the arena. */
struct qudra_request {
    const char *method;
    const char *url;
    char *body; /* NULL: none; for http_start(), which frees it */
    size_t body_len;
};

/* d->base_url is set by the caller when it is "". */
void qudra_create(const struct dialect *d, const struct job *job, struct arena *a,
                  struct qudra_request *out);
void qudra_bulk_create(const struct dialect *d, const struct job *const *jobs, size_t n,
                       struct arena *a, struct qudra_request *out);
void qudra_update(const struct dialect *d, const char *job_id, const struct job *job,
                  unsigned fields, struct arena *a, struct qudra_request *out);
/* An update replaces the job, so that all of it has to be sent (Part B: PUT). */
bool qudra_replaces(const struct dialect *d);
/* An update of the status to closed. `held` is the job as Qudra has it, read where that has to be
 * sent again (qudra_replaces); otherwise nothing of it is looked at. */
void qudra_close(const struct dialect *d, const char *job_id, const struct job *held,
                 struct arena *a, struct qudra_request *out);
void qudra_delete(const struct dialect *d, const char *job_id, struct arena *a,
                  struct qudra_request *out);
void qudra_read(const struct dialect *d, const char *job_id, struct arena *a,
                struct qudra_request *out);
/* cursor NULL: the first page; page counts from 1 for PAGING_PAGE. */
void qudra_list(const struct dialect *d, const char *cursor, int page, struct arena *a,
                struct qudra_request *out);

/* What one answer means for each of the n rows that the request was about, in request order. A
 * create of one row, or an update, close or delete, has n = 1.
 *
 * An answer can be read once, here or by qudra_read_page: its body is changed. The ids of jobs,
 * what was `answered` and a page's cursor stand in it and go with it; all else is in the arena. */
void qudra_outcomes(const struct dialect *d, enum op_kind op, bool bulk, size_t n,
                    const struct http_response *r, struct arena *a, struct outcome *out);

/* A page of the list. *next NULL: no more. ok false: the answer was no list (outcome says why). */
struct qudra_page {
    bool ok;
    struct outcome error;    /* kind and texts when not ok */
    struct outcome *jobs;    /* kind DONE; job_id, url, statuses, created_at, answered */
    const char **updated_at; /* of each; NULL where absent */
    size_t n;
    const char *next;
    bool cut; /* full, without a word on what follows: nothing is proved by what is not in the list
               */
};
#define QUDRA_PAGE_LIMIT 100 /* jobs asked for */
void qudra_read_page(const struct dialect *d, const struct http_response *r, struct arena *a,
                     struct qudra_page *out);

/* X-RateLimit-*, Retry-After, Date: tolerant of what is missing or makes no sense. */
void qudra_headers(const struct http_response *r, int64_t wall_ms, struct limiter_headers *out);
/* Of a 429: the window has room, and nothing says when to try again, so that no pause of the
 * limiter's keeps it from being repeated at once. */
bool qudra_is_unpaced(const struct http_response *r);

#endif
