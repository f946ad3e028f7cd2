/*
 * command: one command of the program as a const table: what it is called, what it takes, what
 * runs.
 *
 * Help, completion, the hints for mistyped names and the docs' reference are all made from these
 * tables. Results go to stdout, talk goes to stderr.
 */
#ifndef QS_COMMANDS_COMMAND_H
#define QS_COMMANDS_COMMAND_H

#include "base/err.h"

struct command_option {
    const char *name;  /* "--state" */
    const char *value; /* placeholder "STATE"; NULL: a switch */
    const char *help;
};

struct invocation; /* a command line, read */

struct command {
    const char *name;
    const char *arguments; /* "MAPPING KEY", or "" */
    int min_arguments, max_arguments;
    const char *summary;                  /* one line, for the list */
    const char *details;                  /* what `help COMMAND` adds */
    const struct command_option *options; /* ends with a NULL name; NULL: none */
    /* Returns the exit status; on failure fills e and returns anything. */
    int (*run)(const struct invocation *in, struct err *e);
};

/* In the order in which help shows them; ends with NULL. */
extern const struct command *const commands[];

/* What the exit statuses of the program mean, as help shows them; ends with a NULL meaning. */
struct command_exit {
    int status;
    const char *meaning;
};
extern const struct command_exit command_exits[];

extern const struct command command_run, command_once, command_backfill, command_plan,
    command_status, command_rows, command_explain, command_retry, command_release,
    command_reconcile, command_check, command_introspect, command_migrate;

/* ---- reading a command line
 * ----------------------------------------------------------------------- */

/* Options of every command; the same shape as a command's own. */
extern const struct command_option command_common_options[];

/* Reads argv (after the program's name). Returns NULL and ERR_USAGE with the nearest known name
 * when something is wrong. The result borrows argv and lives in `a`. */
struct invocation *invocation_read(struct arena *a, int argc, char **argv, struct err *e);
const struct command *invocation_command(const struct invocation *in); /* NULL: help or version */
bool invocation_has(const struct invocation *in, const char *option);
const char *invocation_value(const struct invocation *in, const char *option); /* the last; NULL */
size_t invocation_values(const struct invocation *in, const char *option, const char **out,
                         size_t max);
const char *invocation_argument(const struct invocation *in, size_t i); /* NULL beyond the end */
size_t invocation_arguments(const struct invocation *in);

/* help.c */
void help_program(void);
void help_command(const struct command *c);

#endif
