/*
 * answer: what goes back: a status, headers, a body, and how it is delivered.
 *
 * Writers of the bodies that every endpoint shares: errors in two languages, and the job.
 */
#ifndef SANDBOX_ANSWER_H
#define SANDBOX_ANSWER_H

#include "sandbox.h"
#include "window.h"

enum delivery {
    DELIVER_WHOLE,
    DELIVER_HALF,  /* half the body, then the connection is closed */
    DELIVER_RESET, /* no byte; the connection is reset */
    DELIVER_NEVER, /* no byte; the connection is held for delay_ms, then closed */
};

struct answer {
    int status;
    struct buf body;
    bool html;
    bool has_rate;
    struct rate rate;
    int64_t retry_after_s; /* negative: no header */
    const char *allow;     /* methods, with 405 */
    enum delivery delivery;
    int64_t delay_ms;
    bool stream; /* the body is the whole store, written piece by piece (admin) */
    int64_t date_ms;
    bool retry_as_date;
};

void answer_init(struct answer *a);
void answer_release(struct answer *a);

/* The error of a code known to answer.c, in both languages, with a new request id. */
void answer_error(struct sandbox *s, struct answer *a, int status, const char *code);
/* A validation error with its details. */
void answer_refusals(struct sandbox *s, struct answer *a, int status, const struct refusals *r);
/* The {code, message, …} object alone: for an item of a bulk. */
void answer_write_error(struct sandbox *s, struct json_writer *w, const char *code,
                        const struct refusals *r);

void answer_write_job(struct sandbox *s, struct json_writer *w, uint32_t place, int64_t now_ms);
/* The members alone, without the braces. */
void answer_write_job_members(struct sandbox *s, struct json_writer *w, uint32_t place,
                              int64_t now_ms);
/* A whole body: the job, wrapped as the options say. */
void answer_job(struct sandbox *s, struct answer *a, int status, uint32_t place, int64_t now_ms);

#endif
