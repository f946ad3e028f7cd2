/*
 * mapping: a mapping file as one SELECT and a small program for each field of the job.
 *
 * The partner's SQL is the expression language; transforms do only what SQL is poor at. The same
 * compiled mapping serves detect, push, plan, check and explain. It composes SQL (the only room
 * that does), with every identifier through one quoting function, and runs none.
 *
 * The SELECT names its source "source" (a table or a query in brackets), so that partner SQL with a
 * sub-select can say source.id. Its columns, in this order, are what struct row holds:
 *     key parts (as text) | removed | priority | due | changed | account | fields…
 * Missing parts are there as constants, so that the positions never move.
 */
#ifndef QS_RULES_MAPPING_H
#define QS_RULES_MAPPING_H

#include "formats/city.h"
#include "formats/yaml.h"
#include "rules/job.h"
#include "rules/op.h"

enum detect_mode { DETECT_WATERMARK, DETECT_TRIGGER, DETECT_SCAN };
enum time_unit { UNIT_SECONDS, UNIT_MILLISECONDS, UNIT_NONE }; /* of a numeric updated_at */

#define MAPPING_MAX_KEY 8

struct field_program; /* source, transforms, map, default: mapping_fields.c */

struct mapping {
    const char *name;
    const char *file;
    const char *account; /* name of the account, or NULL: account_sql names it by row */
    const struct yaml_node *account_sql;

    const struct yaml_node *table; /* exactly one of the two is set */
    const struct yaml_node *query;
    const struct yaml_node *key[MAPPING_MAX_KEY];
    size_t n_key;
    const struct yaml_node *updated_at; /* NULL: none */
    enum time_unit updated_at_unit;
    enum detect_mode detect;
    const struct yaml_node *where, *removed, *priority; /* NULL: none */
    bool priority_desc;
    const struct yaml_node **due;
    size_t n_due;
    enum on_removed on_removed;
    enum on_missing on_missing;
    int64_t remove_after_ms;
    int64_t overlap_ms;    /* -1: sync.overlap */
    const char *time_zone; /* NULL: sync.time_zone; of timestamps without time zone */
    const char *write_back_job_id, *write_back_url, *write_back_status; /* column names or NULL */

    struct field_program *field[JOB_FIELDS]; /* NULL: not mapped */
    const struct city_alias *cities;
    size_t n_cities;
    uint64_t
        fingerprint; /* of everything that decides the payload: changes when the mapping does */
};

/* Loads one mapping. It lives in `a`, its nodes in the arena of `problems`; `cities` (the
 * configuration's) are tried after the mapping's own. NULL when anything is wrong; see problems. */
struct mapping *mapping_load(struct arena *a, const char *file, yaml_lookup lookup,
                             const struct city_alias *cities, size_t n_cities,
                             struct problems *problems);

/* Whether it fills columns of the partner's: source.write_back. */
bool mapping_writes_back(const struct mapping *m);

/* ---- SQL --------------------------------------------------------------------------------------
 */

enum mapping_query {
    MAPPING_DESCRIBE,      /* no rows: the types of its columns. No parameters */
    MAPPING_SCAN,          /* first page by key.   $1 limit */
    MAPPING_SCAN_AFTER,    /* next page by key.    $1 limit, $2… key parts */
    MAPPING_KEYS,          /* as MAPPING_SCAN, without the fields: rows that end at COLUMN_FIELDS */
    MAPPING_KEYS_AFTER,    /* as MAPPING_SCAN_AFTER, likewise */
    MAPPING_BY_KEY,        /* rows of these keys.  $1… one text[] for each key part */
    MAPPING_PRESENT,       /* of these keys, those that are there, in `where` and not removed: key
                              parts only. Parameters as MAPPING_BY_KEY */
    MAPPING_CHANGED,       /* changed at or after a time, first page. $1 timestamptz, $2 limit. Rows
                              outside `where` are in it too, as removed and without fields: a row
                              that leaves the filter is closed at once and not at the next sweep */
    MAPPING_CHANGED_AFTER, /* next page. $1 changed (as text), $2 limit, $3… key parts */
    MAPPING_NULL_KEYS,     /* count of rows whose key has a NULL */
    MAPPING_WRITE_BACK,    /* UPDATE of the partner's columns. text[]s: key parts…, job_id, url,
                              status;    touches only rows that differ. Only where write_back is set */
    MAPPING_WATCHED, /* everything that decides over a row, for the names of its columns: never
                        run. Needs no types */
    MAPPING_QUERIES
};

/* What the catalogue says of the columns of MAPPING_DESCRIBE: names fit for a cast. */
struct mapping_types {
    const char *key[MAPPING_MAX_KEY];
    const char *changed;  /* type of updated_at: "timestamp with time zone", "date", "bigint"… */
    const char *priority; /* NULL: none */
    const char *due;      /* NULL: none */
};

/* Columns of struct row. */
enum { /* after the key parts */
       COLUMN_REMOVED,
       COLUMN_PRIORITY,
       COLUMN_DUE,
       COLUMN_CHANGED,
       COLUMN_ACCOUNT,
       COLUMN_FIELDS
};

/* The text of a query, in `a`. MAPPING_DESCRIBE needs no types. `time_zone` is sync.time_zone. A
 * type that cannot serve (a text priority, an interval as updated_at) is an err that names the
 * mapping file's line. */
const char *mapping_sql(const struct mapping *m, enum mapping_query q,
                        const struct mapping_types *types, const char *time_zone, struct arena *a,
                        struct err *e);
/* Turns PostgreSQL's error position in that text into a problem at the right place of the YAML
 * file, with the server's own message; a position outside partner SQL blames the nearest part. */
void mapping_blame(const struct mapping *m, enum mapping_query q, const struct mapping_types *types,
                   const char *time_zone, const struct err *e, struct problems *p);

/* The CREATE INDEX that would serve MAPPING_CHANGED, or any query by key; NULL when no index of one
 * table could: the mapping reads a query, or updated_at is an expression. */
const char *mapping_index(const struct mapping *m, enum mapping_query q, struct arena *a);

/* ---- triggers (detect: trigger) ---------------------------------------------------------------
 */

/* What the catalogue says of the table. */
struct mapping_watch {
    bool fixed_key;       /* no setting of a session changes the text of the key */
    bool whole_row;       /* partner SQL takes the row as a whole: any column may matter */
    const char **columns; /* that the mapping reads, those of a fixed length first */
    size_t n_columns, n_short;
};
const char *mapping_table_name(const struct mapping *m, struct arena *a);         /* quoted */
const char *mapping_key_name(const struct mapping *m, size_t i, struct arena *a); /* as it is */
/* Names the mapping's trigger function and, with another beginning, its triggers. */
const char *mapping_watch_name(const struct mapping *m, const char *prefix, struct arena *a);
/* The advisory lock that an agent holds while it sleeps, and each writer with others, to its end.
 */
int64_t mapping_watch_lock(const struct mapping *m);
/* CREATE OR REPLACE of the function that notes changed keys in the outbox: a key of one part as it
 * is, one of several as mapping_key_text makes it. */
const char *mapping_watch_function(const struct mapping *m, const struct mapping_watch *w,
                                   struct arena *a);

/* ---- rows -------------------------------------------------------------------------------------
 */

/* One row of a page. Values borrow the page's memory; data NULL is SQL NULL. */
struct row {
    const struct text *value;
    size_t n;
    bool utf8; /* the server vouches for the encoding: nothing need be checked again */
};

/* Key parts joined to the text that names the row in the state and on the command line: parts
 * joined with ',', with '\' before ',' and '\'; a NULL part is "\N" (so never a real key). Where
 * the key is not valid UTF-8 the bytes of other than ASCII are written "\xNN": such a row is
 * refused. */
/* Begins the key of what a row has left at another account; no row of a source has such a key. */
#define KEY_MOVED "\\M"
const char *mapping_key_text(const struct mapping *m, const struct row *row, struct arena *a);
bool mapping_key_valid(const struct mapping *m, const struct row *row);
/* Splits it again; false (ERR_USAGE) when the number of parts is wrong. */
bool mapping_key_split(const struct mapping *m, const char *key, struct arena *a,
                       struct text parts[MAPPING_MAX_KEY], struct err *e) MUST_CHECK;

/* What explain shows: each step with what went in and what came out. */
struct trace_step {
    int field;          /* enum job_field */
    const char *step;   /* "column title", "transform trim", "map", "default", "rule …" */
    struct text output; /* data NULL: missing */
    const struct refusal *refusal; /* this step refused the row */
    struct text
        unknown; /* the name that ksa_city or map does not know, default or not; data NULL: none */
};
struct trace {
    struct trace_step *steps;
    size_t n, cap;
};

/* What the mapping makes of a row. Everything lives in `a` or borrows the row. `trace` may be NULL.
 * job and refusals are filled in place; out->job and out->refusals point at them. Rows with invalid
 * UTF-8 in a mapped cell are refused, not the pass. */
void mapping_apply(const struct mapping *m, const struct row *row, struct arena *a, struct job *job,
                   struct refusal refusals[JOB_MAX_REFUSALS], struct desired *out,
                   struct trace *trace);

/* Rows the mapping refuses without looking inside; `rule` is "key.null", "key.duplicate" or
 * "key.invalid_utf8". */
void mapping_refuse(const char *rule, int64_t count, struct arena *a, struct refusal *refusal,
                    struct desired *out);

/* ---- one table each: keys of a mapping file, and transforms ------------------------------------
 */

struct transform; /* name, argument, help, function: mapping_transforms.c */
void mapping_write_reference(struct buf *out); /* Markdown, for docs */
void mapping_write_schema(struct buf *out);    /* JSON Schema (draft 7), for editors */

#endif
