/*
 * accounts: Qudra's customers: plan, quota and jobs of each, and the API keys that open them.
 *
 * A rate window belongs to a key, a quota and the jobs to an account, as Qudra documents it. Keys
 * and accounts are never freed before the end: a revoked key must still be known, to be refused.
 */
#ifndef SANDBOX_ACCOUNTS_H
#define SANDBOX_ACCOUNTS_H

#include <stdint.h>

#include "base/err.h"

enum plan { PLAN_FREE, PLAN_GROWTH, PLAN_SCALE };

struct window {
    int64_t start_ms;
    int64_t allowed;
    int64_t used;    /* let through */
    int64_t refused; /* answered 429 for being over the limit */
};

struct account {
    char *name;
    uint32_t index;
    enum plan plan;
    int64_t limit; /* of its own, or OPTIONS_BY_PLAN */
    int64_t quota; /* of its own, or OPTIONS_BY_PLAN */
    int64_t quota_month;
    int64_t quota_used;
    uint32_t *jobs; /* places in the store, oldest first */
    size_t n_jobs;
};

struct key {
    char *text;
    struct account *account;
    bool revoked;
    struct window window; /* the present one */
    struct window *past;  /* oldest first */
    size_t n_past;
};

struct accounts {
    struct account **all;
    size_t n;
    struct key **keys; /* in the order they were added */
    size_t n_keys;
    struct key **slots; /* by hash of the key's text */
    size_t n_slots;
};

bool plan_read(const char *text, enum plan *out) MUST_CHECK;
const char *plan_name(enum plan plan);

struct key *accounts_key(const struct accounts *a, const char *text); /* NULL: unknown */
struct account *accounts_find(const struct accounts *a, const char *name);
/* Adds or renews a key; the account is made when it is new, and gets the plan. */
struct key *accounts_add(struct accounts *a, const char *key, const char *account, enum plan plan);
/* Reads "KEY:PLAN[:ACCOUNT]"; without a name the account is called as the key. */
bool accounts_add_text(struct accounts *a, const char *text, struct err *e) MUST_CHECK;
bool accounts_add_file(struct accounts *a, const char *path, struct err *e) MUST_CHECK;
/* Forgets windows, quotas and jobs, keeps the keys. */
void accounts_reset(struct accounts *a);
void accounts_release(struct accounts *a);
void account_add_job(struct account *a, uint32_t place);

#endif
