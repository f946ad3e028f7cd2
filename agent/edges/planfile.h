/*
 * planfile: the file of `plan --out`, written and read: which rows a plan would send something for,
 * what, and what each was decided against, so that `backfill --plan` can tell what changed since.
 *
 * JSON lines: a head (when, which accounts, which mappings, which source), the operations, mapping
 * by mapping, and an end with their number, each mapping's figures and a digest of all lines before
 * it. Neither side holds more of it in memory than a page of lines.
 *
 * It judges no row: that is engine/follow's work.
 */
#ifndef QS_EDGES_PLANFILE_H
#define QS_EDGES_PLANFILE_H

#include "rules/op.h"

#define PLANFILE_HASH 16 /* bytes of struct job_hash.all */

struct planfile_account {
    const char *name, *environment;
};

struct planfile_mapping {
    const char *name, *fingerprint;
    int64_t rows;     /* looked at; 0: the source was empty */
    int64_t mirrored; /* jobs that Qudra held for it: with its removals, what the guard judges */
    int64_t op[OP_NONE];
};

struct planfile_head {
    const char *made_at;               /* RFC 3339 */
    const char *source;                /* source_identity */
    struct planfile_account *accounts; /* of agent.yaml; rows may be of a table's besides */
    size_t n_accounts;
    struct planfile_mapping *mappings;
    size_t n_mappings;
};

/* One operation. */
struct planfile_line {
    const char *mapping, *account, *key;
    enum op_kind op;
    const char *from_mapping, *from_key; /* a create that takes over the job of this row; or NULL */
    bool has_hash, has_against;
    uint8_t hash[PLANFILE_HASH];    /* of the payload; none for a removal */
    uint8_t against[PLANFILE_HASH]; /* of what Qudra had confirmed, of `from`; none: nothing */
};

/* ---- writing --------------------------------------------------------------------------------- */

struct planfile_writer;
/* The figures of the head's mappings are not yet known: they are read at planfile_finish. */
bool planfile_create(struct planfile_writer **out, const char *file,
                     const struct planfile_head *head, struct err *e) MUST_CHECK;
/* Lines of one mapping come one after the other. What cannot be written is told by the end. */
void planfile_put(struct planfile_writer *w, const struct planfile_line *line);
bool planfile_finish(struct planfile_writer *w, struct err *e) MUST_CHECK;
void planfile_writer_free(struct planfile_writer *w); /* NULL is allowed; unfinished: a torn file */

/* ---- reading --------------------------------------------------------------------------------- */

struct planfile;
/* Reads the whole file once: what is torn, changed or of another version is refused here
 * (ERR_CONFIG), before anybody acts on any of it. */
bool planfile_open(struct planfile **out, const char *file, struct err *e) MUST_CHECK;
void planfile_free(struct planfile *p); /* NULL is allowed */
const struct planfile_head *planfile_head(const struct planfile *p);
const struct planfile_mapping *planfile_mapping(const struct planfile *p, const char *name);

/* The next lines of a mapping, at most `max`, into memory of `a`; *n = 0: there are no more. After
 * those of one mapping those of another may be read, from their beginning. */
bool planfile_next(struct planfile *p, const char *mapping, size_t max, struct arena *a,
                   struct planfile_line *lines, size_t *n, struct err *e) MUST_CHECK;

#endif
