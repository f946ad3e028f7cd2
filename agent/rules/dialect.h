/*
 * dialect: where Qudra's resource lives and how its undocumented parts are spelled.
 *
 * Everything in Part B of the Partner API has its default here, in one table (dialect.c), and
 * `qudra.endpoints` of agent.yaml overrides it. Documented facts (Part A) cannot be overridden
 * except for the base URL.
 */
#ifndef QS_RULES_DIALECT_H
#define QS_RULES_DIALECT_H

#include <stdbool.h>

enum paging { PAGING_CURSOR, PAGING_PAGE };

struct dialect {
    const char *base_url;      /* "" : by the key's prefix */
    const char *create_path;   /* A: /v1/partner/jobs, below the base URL that ends in /v1 */
    const char *list_path;     /* A */
    const char *bulk_path;     /* B */
    const char *bulk_wrapper;  /* B: "jobs" */
    const char *update_path;   /* B: "/partner/jobs/{id}" */
    const char *update_method; /* B: PATCH or PUT */
    const char *delete_path;   /* B */
    const char *read_path;     /* B */
    int paging;                /* B: enum paging */
    const char *quota_code;    /* B: a code that contains this means the quota is used up */
};
extern const struct dialect dialect_defaults;

/* Part A, "Environments and keys". */
struct environment {
    const char *name;   /* production, sandbox */
    const char *prefix; /* qk_live_, qk_test_ */
    const char *base_url;
};
extern const struct environment environments[2];

/* https, or http to a loopback address only (promise: the key never travels in clear). */
bool dialect_url_allowed(const char *url);

#endif
