/*
 * An account's key: what its prefix promises, and, with one request that changes nothing, whether
 * Qudra takes it.
 */
#include <string.h>

#include "base/clock.h"
#include "commands/check.h"
#include "edges/qudra.h"
#include "edges/report.h"
#include "engine/account.h"

static const char *environment_of_url(const char *url)
{
    for (size_t i = 0; i < ARRAY_LEN(environments); i++)
        if (strncmp(url, environments[i].base_url, strlen(environments[i].base_url)) == 0)
            return environments[i].name;
    return NULL;
}

/* ---- what the key says of itself ------------------------------------------------------------- */

static void check_base_url(struct check *c, const struct account *a)
{
    const char *found = environment_of_url(a->dialect.base_url);
    struct err e = ERR_INIT;
    if (found == NULL || strcmp(found, a->environment->name) == 0) {
        check_say(c, CHECK_OK, NULL, "the key is for %s, at %s", a->environment->name,
                  a->dialect.base_url);
        return;
    }
    err_set(&e, ERR_CONFIG, "the key is for %s, but base_url is that of %s", a->environment->name,
            found);
    err_hint(&e, "leave base_url out: the key's prefix says it");
    check_fail(c, &e);
}

/* State made in one environment must never meet a key of the other. */
static void check_recorded(struct check *c, struct pg *state, const struct account *a)
{
    struct err e = ERR_INIT;
    struct report_account *known;
    if (state == NULL)
        return;
    if (!report_account(state, a->config->name, c->arena, &known, &e)) {
        check_fail(c, &e);
        return;
    }
    if (known == NULL || known->environment == NULL ||
        strcmp(known->environment, a->environment->name) == 0)
        return;
    err_set(&e, ERR_CONFIG, "its jobs were made in the %s environment, but the key is for %s",
            known->environment, a->environment->name);
    err_hint(&e, "put the right key back, or give this key an account of its own");
    check_fail(c, &e);
}

/* ---- what Qudra says to it ------------------------------------------------------------------- */

static void check_limit(struct check *c, const struct account *a, const struct http_response *r)
{
    struct limiter_headers h;
    const struct plan *plan = plan_find(a->config->plan);
    qudra_headers(r, clock_wall_ms(), &h);
    if (h.limit > 0 && h.limit != plan->requests)
        check_say(c, CHECK_NOTE, "correct qudra.plan, so that `plan` foretells the right time",
                  "Qudra allows %lld requests a minute, the plan \"%s\" says %lld",
                  (long long)h.limit, plan->name, (long long)plan->requests);
}

static void refuse_key(struct check *c, const struct outcome *o, int status)
{
    struct err e = ERR_INIT;
    err_set(&e, ERR_KEY, "Qudra refuses the key: %s (HTTP status %d)",
            o->message != NULL ? o->message : "it gave no reason", status);
    err_hint(&e, "make a new key at Qudra, put it into the key file, and see that its plan is "
                 "active");
    check_fail(c, &e);
}

static void read_answer(struct check *c, const struct account *a, const struct http_response *r)
{
    struct err e = ERR_INIT;
    struct qudra_page page;
    if (r->end != HTTP_ANSWERED) {
        err_set(&e, ERR_AWAY, "%s cannot be reached: %s", a->dialect.base_url, r->failure);
        err_hint(&e, "see that the network lets the agent out, or use --offline");
        check_fail(c, &e);
        return;
    }
    qudra_read_page(&a->dialect, r, c->arena, &page);
    if (page.ok) {
        check_say(c, CHECK_OK, NULL, "Qudra takes the key");
        check_limit(c, a, r);
    } else if (page.error.kind == OUTCOME_STOP) {
        refuse_key(c, &page.error, r->status);
    } else if (page.error.kind == OUTCOME_LIMITED) {
        check_say(c, CHECK_NOTE, NULL,
                  "Qudra takes the key; its requests of this minute are used up");
    } else {
        err_set(&e, ERR_AWAY, "Qudra gave no list of jobs: %s (HTTP status %d)",
                page.error.message != NULL ? page.error.message : "its answer makes no sense",
                r->status);
        check_fail(c, &e);
    }
}

/* The shortest list there is: its path is documented, and it uses up one request of a minute. */
static bool ask(struct check *c, const struct account *a, struct http *http, struct err *e)
{
    const struct http_request request = {
        .method = "GET",
        .url = arena_printf(c->arena, "%s%s?limit=1", a->dialect.base_url, a->dialect.list_path),
        .key = a->key,
        .ca_file = a->config->ca_file,
        .timeout_ms = a->config->timeout_ms,
    };
    struct http_response *r = NULL;
    if (!http_start(http, &request, e))
        return false;
    while (r == NULL) {
        if (!http_wait(http, -1, NULL, 0, e))
            return false;
        r = http_next(http);
    }
    read_answer(c, a, r);
    http_response_free(r);
    return true;
}

static void ask_qudra(struct check *c, const struct account *a)
{
    struct err e = ERR_INIT;
    struct http *http = NULL;
    if (!http_new(&http, &e) || !ask(c, a, http, &e))
        check_fail(c, &e);
    http_free(http);
}

void check_account(struct check *c, struct pg *state, const struct setup_account *known,
                   bool offline)
{
    struct err e = ERR_INIT;
    struct account a;
    check_section(c, arena_printf(c->arena, "account %s", known->config->name));
    if (known->broken != NULL) {
        err_set(&e, ERR_CONFIG, "%s", known->broken);
        check_fail(c, &e);
        return;
    }
    if (account_open(&a, known->config, clock_mono_ms(), &e)) {
        check_base_url(c, &a);
        check_recorded(c, state, &a);
        if (!offline)
            ask_qudra(c, &a);
    } else {
        check_fail(c, &e);
    }
    account_release(&a);
}
