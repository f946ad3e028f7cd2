/*
 * passes: what once and backfill tell at their end, and of each row that a plan left alone.
 */
#ifndef QS_COMMANDS_PASSES_H
#define QS_COMMANDS_PASSES_H

#include "commands/progress.h"
#include "formats/json.h"

/* Rows are written as they are met, so that no plan is too long to be told of. */
struct passes_report {
    struct progress progress;
    bool json;
    struct buf out; /* of the JSON object that is being written */
    struct json_writer writer;
};

void passes_begin(struct passes_report *r); /* r->json is set */
/* For struct follow_options.left; context is the report. */
void passes_tell_left(void *context, const struct follow_left *row);
void passes_end(struct passes_report *r, const struct loop_view *v, bool planned, bool stopped);

#endif
