/*
 * options: everything that can be set about a sandbox, through one table.
 *
 * The table serves the command line, `--help` and POST /_sandbox/options; it also says what is
 * documented by Qudra (Part A) and what stands in for the undocumented (Part B).
 */
#ifndef SANDBOX_OPTIONS_H
#define SANDBOX_OPTIONS_H

#include <stdint.h>
#include <stdio.h>

#include "base/err.h"

#define OPTIONS_UNLIMITED INT64_MAX
#define OPTIONS_BY_PLAN   (-1)

/* The order of each enum is that of the option's choices in options.c. */
enum shape { SHAPE_RESULTS, SHAPE_DATA, SHAPE_JOBS, SHAPE_ITEMS, SHAPE_TOP };
enum wrap { WRAP_NONE, WRAP_DATA, WRAP_JOB };
enum cursor_place { CURSOR_TOP, CURSOR_PAGINATION, CURSOR_META };
enum paging { PAGING_CURSOR, PAGING_PAGE };
enum update_method { UPDATE_PATCH, UPDATE_PUT, UPDATE_BOTH };
enum put_meaning { PUT_REPLACE, PUT_MERGE };
enum bad_item { BAD_ITEM_ALONE, BAD_ITEM_400, BAD_ITEM_422 };
enum bulk_quota { BULK_QUOTA_ALONE, BULK_QUOTA_WHOLE };
enum bulk_status { BULK_STATUS_AUTO, BULK_STATUS_200, BULK_STATUS_201, BULK_STATUS_207 };
enum idempotency { IDEMPOTENCY_IGNORED, IDEMPOTENCY_HONOURED };
enum retry_after { RETRY_AFTER_SECONDS, RETRY_AFTER_DATE };
enum normalise {
    NORMALISE_TRIM = 1,
    NORMALISE_FOLD = 2,
    NORMALISE_NFC = 4,
    NORMALISE_MARKDOWN = 8,
    NORMALISE_HTML = 16,
    NORMALISE_DEFAULTS = 32,
};

/* Numbers, choices and flags are all int64_t, so that one table can set them. */
struct options {
    /* the program */
    const char *listen;
    const char *port_file;
    const char *tls_cert;
    const char *tls_key;
    const char *faults_file;
    const char *keys_file;
    const char *cities_file;
    const char **keys; /* "KEY:PLAN[:ACCOUNT]", in the order given */
    size_t n_keys;
    int64_t threads;
    int64_t seed;
    int64_t log_size;
    int64_t help;
    /* part A, and how strictly */
    int64_t window_s;
    int64_t limit;
    int64_t no_limit;
    int64_t quota;
    int64_t embedding_ms;
    int64_t embedding_fail_every;
    int64_t body_limit;
    int64_t latency_ms;
    int64_t jitter_ms;
    int64_t clock_offset_ms;
    /* part B */
    int64_t retry_after;
    int64_t validation_status;
    int64_t quota_status;
    const char *quota_code;
    int64_t update_method;
    int64_t put_meaning;
    int64_t update_answer;
    int64_t delete_answer;
    int64_t gone_status;
    int64_t wrap;
    const char *bulk_path;
    const char *bulk_key;
    int64_t bulk_shape;
    int64_t bulk_no_index;
    int64_t bulk_shuffle;
    int64_t bulk_inline;
    int64_t bulk_status;
    int64_t bulk_bad_item;
    int64_t bulk_quota;
    int64_t list_name;
    int64_t cursor_place;
    int64_t paging;
    int64_t repeat_page;
    int64_t list_delay_ms;
    int64_t normalise; /* a set of enum normalise */
    int64_t idempotency;
};

void options_init(struct options *o);
/* Texts are borrowed from argv for good. */
bool options_read(struct options *o, int argc, char **argv, struct err *e) MUST_CHECK;
/* Sets one option while the sandbox runs; `text` is copied. Refuses what is fixed at start. */
bool options_change(struct options *o, const char *name, const char *text,
                    struct err *e) MUST_CHECK;
void options_print_help(FILE *out);

#endif
