/*
 * reconcile: what the command says, as text or as JSON, made up account by account.
 */
#ifndef QS_COMMANDS_RECONCILE_H
#define QS_COMMANDS_RECONCILE_H

#include "engine/reconcile.h"
#include "formats/json.h"

struct reconcile_report {
    bool json, adopt, fix; /* set by the caller */
    struct buf out;
    struct json_writer w;
    struct buf shown[RECONCILE_KINDS]; /* the first findings of each kind, as text */
    int64_t told[RECONCILE_KINDS];     /* of this account */
};

void reconcile_report_init(struct reconcile_report *r);
void reconcile_report_release(struct reconcile_report *r);

void reconcile_report_begin(struct reconcile_report *r, const char *account);
/* For struct reconcile_options.found; context is the report. */
void reconcile_report_found(void *context, const struct reconcile_finding *f);
/* `error`: why it was not compared to the end, which makes its counts say nothing; NULL: it was. */
void reconcile_report_end(struct reconcile_report *r, const char *account,
                          const struct reconcile_counts *c, const char *error);
/* To stdout, when all accounts are done. */
bool reconcile_report_flush(struct reconcile_report *r, struct err *e) MUST_CHECK;

#endif
