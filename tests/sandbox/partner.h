/*
 * partner: the Partner API itself: who may, how often, and what each endpoint does.
 *
 * partner.c admits and routes, partner_jobs.c has the endpoints of one job, partner_bulk.c and
 * partner_list.c the two of many. None of them knows HTTP beyond `struct request` and `answer`.
 */
#ifndef SANDBOX_PARTNER_H
#define SANDBOX_PARTNER_H

#include "answer.h"

/* Header and query values are NULL when the request has none. */
struct request {
    const char *method;
    const char *path;
    const char *authorization;
    const char *content_type;
    const char *idempotency_key;
    const char *limit;
    const char *cursor;
    const char *page;
    const char *account; /* admin */
    const char *format;  /* admin */
    const char *body;
    size_t body_len;
    bool body_too_large;
};

/* One request while it is handled, under the lock. */
struct call {
    struct sandbox *s;
    const struct request *q;
    struct answer *a;
    struct arena *arena;
    const struct json *body; /* NULL: none, or not JSON */
    struct key *key;
    const struct fault *fault; /* NULL: none */
    enum kind kind;
    uint32_t items;
    int64_t now_ms;
};

void partner_handle(struct sandbox *s, const struct request *q, struct answer *a);

/* True when the request's fault is of the kind. */
bool call_has(const struct call *c, enum fault_kind kind);
void call_error(struct call *c, int status, const char *code);

/* Creates one job of the call's account and counts what is to be counted. */
uint32_t partner_create(struct call *c, struct content *content);

void partner_post_job(struct call *c);
void partner_get_job(struct call *c, const char *id);
void partner_change_job(struct call *c, const char *id, bool put);
void partner_delete_job(struct call *c, const char *id);
void partner_post_bulk(struct call *c);
void partner_list_jobs(struct call *c);

#endif
