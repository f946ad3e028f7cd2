/*
 * rows_left: what a pass says at its end of the rows that it could not mirror. It is what the mail
 * of cron and the journal of the timer show.
 */
#ifndef QS_COMMANDS_ROWS_LEFT_H
#define QS_COMMANDS_ROWS_LEFT_H

#include "commands/setup.h"

/* Writes a line to stderr for each state that keeps rows of the chosen mappings and accounts from
 * Qudra (refused, held, uncertain, deferred), with the command that tells more; nothing when all
 * are settled. *status is 0 then, else EXIT_ROWS_LEFT. */
bool rows_left_tell(struct setup *s, int *status, struct err *e) MUST_CHECK;

#endif
