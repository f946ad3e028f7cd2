/*
 * source: the partner's tables, read page by page and key by key, with SELECT alone.
 *
 * A page is as many rows as fit about one MiB, so memory does not grow with the table or the width
 * of a row. The next page is asked for while the caller works on this one. No transaction outlives
 * a statement. Rows borrow the page and live until the next call on the same source.
 */
#ifndef QS_EDGES_SOURCE_H
#define QS_EDGES_SOURCE_H

#include "edges/pg.h"
#include "rules/mapping.h"

struct source;

/* Reads the catalogue's types and compiles the mapping's statements. Errors in partner SQL come as
 * ERR_CONFIG; `problems`, when not NULL, gets them at their place in the YAML file. */
bool source_open(struct source **out, struct pg *pg, const struct mapping *m, const char *time_zone,
                 struct problems *problems, struct err *e) MUST_CHECK;
void source_free(struct source *s);
const struct mapping_types *source_types(const struct source *s);

/* Rows that stand in the source; those with equal keys stand side by side. */
struct source_page {
    struct row *rows;
    const char **keys; /* mapping_key_text of each */
    size_t n;
    bool last; /* no page follows */
};

/* A scan of all rows by key. Rows with equal keys are never split over two pages. */
bool source_scan_start(struct source *s, struct err *e) MUST_CHECK;
/* The same without the fields: its rows cannot be mapped, only told apart. */
bool source_keys_start(struct source *s, struct err *e) MUST_CHECK;
bool source_scan_next(struct source *s, struct source_page *page, struct err *e) MUST_CHECK;
/* Takes in what has come of the next page, so that its server need not wait for us: called now and
 * then while this page is worked on, and with `whole`, until all of it is here, while somebody else
 * works for the caller (the state's server). The page is still given by source_scan_next. */
void source_read_ahead(struct source *s, bool whole);
void source_scan_stop(struct source *s); /* before its end: gives up what was asked for */
/* How many rows have no key (a NULL in it). */
bool source_null_keys(struct source *s, int64_t *count, struct err *e) MUST_CHECK;

/* The rows of these keys that the source has (in `where`; removed ones come with their flag),
 * sorted by key. A key that does not split into the mapping's parts is in no source. Not during a
 * scan of the same source: its connection is busy with the next page. */
bool source_rows(struct source *s, const char *const *keys, size_t n, struct source_page *page,
                 struct err *e) MUST_CHECK;
/* present[i]: keys[i] is in the source and not removed. */
bool source_present(struct source *s, const char *const *keys, size_t n, bool *present,
                    struct err *e) MUST_CHECK;

/* Rows changed at or after `since` (RFC 3339 or "-infinity"), page by page. */
bool source_changed_start(struct source *s, const char *since, struct err *e) MUST_CHECK;
bool source_changed_next(struct source *s, struct source_page *page, struct err *e) MUST_CHECK;

/* The time (of the source's clock, RFC 3339 with microseconds) before which no transaction that
 * still runs can have begun, less `overlap_ms` for what cannot be seen; on a standby, of what has
 * been replayed. "-infinity" on a standby that has replayed no transaction since it started:
 * nothing can be told yet. See design.md, "Finding changes". */
bool source_horizon(struct source *s, int64_t overlap_ms, struct arena *a, const char **horizon,
                    struct err *e) MUST_CHECK;
/* Names the database that is read, so that a switched source is noticed:
 * "<database name>/<oid>@<system identifier where readable>". */
bool source_identity(struct source *s, struct arena *a, const char **identity,
                     struct err *e) MUST_CHECK;
/* A database that was renamed is the same; where the cluster may not be asked for on one of the two
 * occasions, name and oid decide. */
bool source_is_same(const char *one, const char *other);

/* source.write_back, in its own short statement on a connection that may write. */
struct source_note {
    const char *key, *job_id, *qudra_url, *status;
};
bool source_write_back(struct pg *writer, const struct source *s, const struct source_note *notes,
                       size_t n, struct err *e) MUST_CHECK;

#endif
