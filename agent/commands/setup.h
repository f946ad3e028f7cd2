/*
 * setup: what most commands begin with: the configuration, the mappings, the connections.
 */
#ifndef QS_COMMANDS_SETUP_H
#define QS_COMMANDS_SETUP_H

#include "commands/command.h"
#include "edges/pg.h"
#include "rules/config.h"
#include "rules/mapping.h"

/* An account that agent.yaml or the database names. */
struct setup_account {
    const struct config_account *config;
    const char *broken; /* what is wrong with its row of the database; NULL: nothing */
    bool chosen;        /* by --account, or because none was named */
};

struct setup {
    struct arena arena;
    struct config *config;
    struct mapping **mappings; /* those chosen by --mapping and --account, or all */
    size_t n_mappings;
    const char *const *accounts; /* those named by --account */
    size_t n_accounts;           /* 0: all */
    struct setup_account *known; /* by name; those of the database once they were read */
    size_t n_known;
};

/* Loads agent.yaml and every mapping. Everything that is wrong in any of the files is printed to
 * stderr at once; e then says so in one line (ERR_CONFIG). Where the log is in JSON already (at a
 * reload), e has the first mistake instead. Sets up the log by the configuration. */
bool setup_load(struct setup *s, const struct invocation *in, struct err *e) MUST_CHECK;
/* The same without a look at the mappings: there may be none yet, or an empty file that the shell
 * has made for what is about to be written. */
bool setup_load_without_mappings(struct setup *s, const struct invocation *in,
                                 struct err *e) MUST_CHECK;
void setup_release(struct setup *s);

struct mapping *setup_mapping(const struct setup *s, const char *name, struct err *e);

/* The state's database, its schema checked, and the accounts that stand in it read. */
bool setup_connect_state(struct setup *s, struct pg **out, struct err *e) MUST_CHECK;
/* The source's, read only. */
bool setup_connect_source(const struct setup *s, struct pg **out, struct err *e) MUST_CHECK;

/* setup_accounts.c */
void setup_begin_accounts(struct setup *s); /* those of agent.yaml; part of setup_load */
/* Those of the database too; ERR_USAGE when --account names one that neither has. */
bool setup_read_accounts(struct setup *s, struct pg *state, struct err *e) MUST_CHECK;
const struct setup_account *setup_account(const struct setup *s, const char *name); /* or NULL */
bool setup_is_chosen(const struct setup *s, const char *account);

#endif
