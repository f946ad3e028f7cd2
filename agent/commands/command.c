/*
 * The two tables of the program as a whole. They stand apart from main so that help, completion and
 * the reference are made from the very tables that the program reads.
 */
#include "commands/command.h"

/* clang-format off */
const struct command *const commands[] = {
    &command_run,     &command_once,      &command_backfill, &command_plan,
    &command_status,  &command_rows,      &command_explain,  &command_retry,
    &command_release, &command_reconcile, &command_check,    &command_introspect,
    &command_migrate, NULL,
};

const struct command_exit command_exits[] = {
    {0, "converged, or stopped by a signal with all that was done recorded: rows may be left"},
    {65, "finished, some rows refused, held or deferred"},
    {64, "usage: the command line is wrong"},
    {69, "Qudra or the database out of reach"},
    {75, "another agent holds the account"},
    {77, "key refused"},
    {78, "configuration, a mapping or a right is wrong"},
    {70, "anything else"},
    {0, NULL},
};
/* clang-format on */
