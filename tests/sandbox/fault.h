/*
 * fault: the script of what goes wrong: rules that pick requests, and what they do to them.
 *
 * A rule counts the requests that it matches and fires on the nth, on every nth, by chance, or on
 * each; `times` bounds it. The first rule that fires has the request.
 */
#ifndef SANDBOX_FAULT_H
#define SANDBOX_FAULT_H

#include "accounts.h"
#include "formats/json.h"

enum fault_kind {
    FAULT_NONE,
    /* instead of handling the request */
    FAULT_429,
    FAULT_500,
    FAULT_502_HTML,
    FAULT_503,
    FAULT_GONE_404,
    FAULT_TIMEOUT,
    FAULT_RESET_BEFORE,
    FAULT_REVOKE_KEY,
    /* handled, but with this twist */
    FAULT_PLAN_CHANGE,
    FAULT_WRONG_COUNT,
    FAULT_NO_INDEX,
    FAULT_SHUFFLE,
    FAULT_MIXED_207,
    FAULT_BULK_REFUSED,
    FAULT_REPEAT_PAGE,
    FAULT_HALF_APPLIED,
    /* handled, and then the answer suffers */
    FAULT_TIMEOUT_AFTER,
    FAULT_RESET_AFTER,
    FAULT_5XX_AFTER,
    FAULT_502_HTML_AFTER,
    FAULT_HALF_BODY,
    FAULT_GARBAGE_JSON,
    FAULT_DROP_HEADERS,
    FAULT_LIE_REMAINING,
    FAULT_SLOW,
    FAULT_KINDS,
};

struct fault {
    enum fault_kind kind;
    /* which requests */
    char *method;  /* NULL: any */
    char *path;    /* with "*" and "?" as in the shell; NULL: any */
    char *account; /* NULL: any */
    int64_t nth;   /* 0: not by number */
    int64_t every; /* 0: not by period */
    double chance; /* negative: not by chance */
    int64_t times; /* how often yet; negative: for ever */
    /* how */
    int64_t ms;     /* of slow and of time-outs; 0: the default */
    int64_t value;  /* of lie_remaining, and Retry-After of 429 and 503; negative: the default */
    enum plan plan; /* of plan_change */
    /* what happened */
    int64_t seen;
    int64_t fired;
};

struct faults {
    struct fault *rules;
    size_t n;
    int64_t fired[FAULT_KINDS];
};

struct sandbox;

/* Adds one rule, a list of rules, or {"rules": [...]}; nothing is added when one is wrong. */
bool faults_add(struct faults *f, const struct json *rules, struct err *e) MUST_CHECK;
bool faults_load(struct faults *f, const char *path, struct err *e) MUST_CHECK;
void faults_clear(struct faults *f); /* rules and counts */
/* The fault of this request, or NULL; valid until rules are added or cleared. */
const struct fault *faults_pick(struct sandbox *s, const char *method, const char *path,
                                const char *account);
void faults_write(const struct faults *f, struct json_writer *w);
const char *fault_name(enum fault_kind kind);

#endif
