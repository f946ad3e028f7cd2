/*
 * config_read: one value of agent.yaml into its place, by the type of its option. Private to
 * config.
 */
#ifndef QS_RULES_CONFIG_READ_H
#define QS_RULES_CONFIG_READ_H

#include "rules/config.h"

struct config_read {
    struct config *config;
    struct problems *problems;
    const char *dir; /* of the file, absolute: relative paths begin here */
    bool without_mappings;
};

/* Puts what `n` says to `o->offset` of `base` (struct config, or an account's); a problem at the
 * node when it does not fit. */
void config_read_value(struct config_read *r, const struct option *o, const struct yaml_node *n,
                       void *base);

#endif
