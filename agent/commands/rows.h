/*
 * rows: what `rows` shares with `explain` and `status`: how a recorded row is read and shown.
 */
#ifndef QS_COMMANDS_ROWS_H
#define QS_COMMANDS_ROWS_H

#include "commands/command.h"
#include "commands/output.h"
#include "edges/report.h"

/* --lang: en (the default) or ar. */
bool rows_read_language(const struct invocation *in, bool *arabic, struct err *e) MUST_CHECK;
enum style rows_state_style(const char *state);
/* The error code of a row that the agent cannot settle: several jobs at Qudra may be its own. */
bool rows_is_ambiguous(const char *code);
void rows_write_json(struct json_writer *w, const struct report_row *r);

#endif
