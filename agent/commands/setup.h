/*
 * setup: what most commands begin with: the configuration, the mappings, the connections.
 */
#ifndef QS_COMMANDS_SETUP_H
#define QS_COMMANDS_SETUP_H

#include "commands/command.h"
#include "edges/pg.h"
#include "rules/config.h"
#include "rules/mapping.h"

struct setup {
    struct arena arena;
    struct config *config;
    struct mapping **mappings; /* those chosen by --mapping and --account, or all */
    size_t n_mappings;
    const char *const *accounts; /* those named by --account */
    size_t n_accounts;           /* 0: all */
};

/* Loads agent.yaml and every mapping. Everything that is wrong in any of the files is printed to
 * stderr at once; e then says so in one line (ERR_CONFIG). Sets up the log by the configuration. */
bool setup_load(struct setup *s, const struct invocation *in, struct err *e) MUST_CHECK;
void setup_release(struct setup *s);

struct mapping *setup_mapping(const struct setup *s, const char *name, struct err *e);

/* The state's database, its schema checked; for commands that read or write the state alone. */
bool setup_connect_state(const struct setup *s, struct pg **out, struct err *e) MUST_CHECK;
/* The source's, read only. */
bool setup_connect_source(const struct setup *s, struct pg **out, struct err *e) MUST_CHECK;

#endif
