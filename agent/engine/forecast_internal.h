/*
 * What the files of the forecast share. Not for other rooms.
 */
#ifndef QS_ENGINE_FORECAST_INTERNAL_H
#define QS_ENGINE_FORECAST_INTERNAL_H

#include "engine/forecast.h"

/* What the guard weighs of one account, in the mapping in hand. */
struct forecast_guard {
    const char *account;
    int64_t mirrored, removing;
    bool holds;
};

/* Whether rows of the account are part of the forecast. */
bool forecast_counts(const struct forecast *p, const char *account);

/* forecast.c: a detection to its end, and the end of its sink. */
bool forecast_pass(struct feed *f, const struct detect_options *o, int64_t *rows,
                   struct err *e) MUST_CHECK;
bool forecast_end(void *context, const struct feed *f, const struct detect_end *end,
                  struct detect_counts *counts, struct err *e) MUST_CHECK;

/* forecast_gone.c */
struct forecast_gone *forecast_keep_gone(struct forecast *p, const struct feed *f, const char *key,
                                         const struct recorded *r);
/* The job of which gone row a new row of this account and content would take over, as engine/detect
 * does at the end of that row's pass; NULL: none. It is free no more. */
const struct forecast_gone *forecast_take(struct forecast *p, const struct sighting *s,
                                          const struct recorded *r);
/* A row that is there counts for the guard with what it has at Qudra. */
void forecast_weigh(struct forecast *p, const struct recorded *r);
/* Tells the removals of a mapping, all rows of which have been told. */
void forecast_tell_gone(struct forecast *p, const struct feed *f, const struct remove_limit *limit,
                        bool source_empty);

#endif
